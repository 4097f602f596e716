package dev.assay.cli;

import dev.assay.adapter.openai.ApiKey;
import dev.assay.adapter.openai.OpenAiEngine;
import dev.assay.adapter.stdio.Limits;
import dev.assay.adapter.stdio.StdioEngine;
import dev.assay.engine.Availability;
import dev.assay.engine.Engine;
import dev.assay.engine.EngineLostException;
import dev.assay.report.Fault;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// The engines of a run, as the user chose them: installed ones and adapters by their ids, commands that speak the
/// stdio protocol, a server; or, if nothing was chosen, all installed ones. Processes that were started end with it.
final class EngineSelection implements AutoCloseable {
    static final String API_KEY = StdioEngine.SECRET;

    private final SortedMap<String, Selected> byId = new TreeMap<>();
    private final List<Fault> faults = new ArrayList<>();
    private final SortedMap<String, String> absent = new TreeMap<>();
    private final List<StdioEngine> started = new ArrayList<>();
    private final boolean everything;

    /// An engine of the run.
    ///
    /// @param arguments those that select it on the command line
    record Selected(Engine engine, List<String> arguments) {
        Selected {
            arguments = List.copyOf(arguments);
        }
    }

    /// @param names ids of installed engines and adapters
    /// @param commands shell commands that start an engine
    /// @param url of a server to verify, if there is one
    /// @throws UsageException if there is no engine of a name
    EngineSelection(
            Surroundings surroundings, List<String> names, List<String> commands, @Nullable URI url, Limits limits) {
        Engines installed = surroundings.engines().get();
        Adapters adapters = surroundings.adapters();
        everything = names.isEmpty() && commands.isEmpty() && url == null;
        SortedSet<String> valid = new TreeSet<>(installed.byId().keySet());
        valid.addAll(adapters.known());
        List<String> ids = names.stream()
                .map(name -> require(name, valid, installed.faults()))
                .distinct()
                .toList();
        if (everything) {
            installed.byId().forEach((id, engine) -> {
                switch (engine.availability()) {
                    case Availability.Available _ -> byId.put(id, new Selected(engine, List.of("--engine", id)));
                    case Availability.Absent(String reason) -> absent.put(id, reason);
                }
            });
            // Whoever names the engines to run need not care for others that are broken.
            faults.addAll(installed.faults());
        }
        for (String id : ids) {
            List<String> arguments = List.of("--engine", id);
            Engine engine = installed.byId().get(id);
            if (engine != null) {
                switch (engine.availability()) {
                    case Availability.Available _ -> byId.put(id, new Selected(engine, arguments));
                    case Availability.Absent(String reason) ->
                        faults.add(new Fault(id, "cannot run here: " + reason, Shell.command("doctor")));
                }
            } else {
                start(arguments, () -> adapters.start(id, limits));
            }
        }
        for (String command : commands) {
            // A shell takes it apart as users expect.
            start(
                    List.of("--engine-command", command),
                    () -> new StdioEngine(List.of("/bin/sh", "-c", command), limits));
        }
        if (url != null) {
            OpenAiEngine server = new OpenAiEngine(url, apiKey(surroundings), limits.start(), limits.call());
            byId.put(server.info().id(), new Selected(server, List.of("--engine-url", url.toString())));
        }
    }

    private static String require(String name, SortedSet<String> valid, List<Fault> faults) {
        try {
            return Names.require("engine", name, valid);
        } catch (UsageException e) {
            // It may be one that is there and cannot be used.
            throw new UsageException(e.getMessage()
                    + faults.stream().map(fault -> "\n" + fault.message()).collect(Collectors.joining()));
        }
    }

    /// The key for the server. The variable is our own: a key that is there for another service goes to no server.
    private static Optional<ApiKey> apiKey(Surroundings surroundings) {
        if (!surroundings.isSet(API_KEY)) {
            return Optional.empty();
        }
        try {
            return Optional.of(new ApiKey(surroundings.environment().getOrDefault(API_KEY, "")));
        } catch (IllegalArgumentException e) {
            throw new UsageException(API_KEY + ": " + e.getMessage());
        }
    }

    private void start(List<String> arguments, Supplier<StdioEngine> starter) {
        String reproduce = Shell.command("verify", arguments.getFirst(), arguments.getLast());
        try {
            StdioEngine engine = starter.get();
            started.add(engine);
            String id = engine.info().id();
            if (byId.putIfAbsent(id, new Selected(engine, arguments)) != null) {
                faults.add(new Fault(id, "two of the engines to verify have this id", reproduce));
            }
        } catch (EngineLostException e) {
            faults.add(new Fault(arguments.getLast(), "does not start: " + e.getMessage(), reproduce));
        }
    }

    /// Engines by id, in alphabetical order.
    SortedMap<String, Selected> byId() {
        return byId;
    }

    /// Engines that should have run and cannot.
    List<Fault> faults() {
        return faults;
    }

    /// Installed engines that nobody chose and that this machine cannot run, with the reasons.
    SortedMap<String, String> absent() {
        return absent;
    }

    /// Ids of the engines that the user chose; none if it was all.
    List<String> chosen() {
        return everything ? List.of() : List.copyOf(byId.keySet());
    }

    @Override
    public void close() {
        started.forEach(StdioEngine::close);
    }
}
