package dev.assay.cli;

import dev.assay.engine.Engine;
import dev.assay.report.Fault;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.SortedMap;
import java.util.TreeMap;

/// The engines of an installation.
///
/// @param byId engines by id, in alphabetical order
/// @param faults those that are there and cannot be used
record Engines(SortedMap<String, Engine> byId, List<Fault> faults) {
    private static final String REPRODUCE = Shell.command("doctor");

    Engines {
        byId = new TreeMap<>(byId);
        faults = List.copyOf(faults);
    }

    /// Every engine that the module path or class path provides. One that cannot be loaded hides no other.
    static Engines ofInstallation() {
        List<Engine> found = new ArrayList<>();
        List<Fault> faults = new ArrayList<>();
        Iterator<ServiceLoader.Provider<Engine>> providers =
                ServiceLoader.load(Engine.class).stream().iterator();
        while (true) {
            try {
                if (!providers.hasNext()) {
                    break;
                }
                found.add(providers.next().get());
            } catch (ServiceConfigurationError e) {
                faults.add(fault(e));
            }
        }
        return of(found, faults);
    }

    /// What its message leaves out is why an engine's constructor failed.
    static Fault fault(ServiceConfigurationError e) {
        String cause = e.getCause() == null ? "" : ": " + e.getCause().getMessage();
        return new Fault("engines", e.getMessage() + cause, REPRODUCE);
    }

    /// These engines; of several with the same id none is used but the first.
    static Engines of(Collection<Engine> engines, List<Fault> faults) {
        SortedMap<String, Engine> byId = new TreeMap<>();
        List<Fault> all = new ArrayList<>(faults);
        for (Engine engine : engines) {
            try {
                String id = engine.info().id();
                Engine other = byId.putIfAbsent(id, engine);
                if (other != null) {
                    String both = other.getClass().getName() + " and "
                            + engine.getClass().getName();
                    all.add(new Fault(id, "two engines have this id: " + both, REPRODUCE));
                }
            } catch (RuntimeException e) {
                all.add(new Fault(engine.getClass().getName(), "does not say who it is: " + e, REPRODUCE));
            }
        }
        return new Engines(byId, all);
    }
}
