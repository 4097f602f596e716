package dev.assay.cli;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.checkpoint.CheckpointException;
import dev.assay.config.ConfigException;
import dev.assay.engine.Availability;
import dev.assay.engine.Engine;
import dev.assay.engine.EngineInfo;
import dev.assay.golden.GoldenException;
import dev.assay.report.Environment;
import dev.assay.report.EnvironmentProbe;
import dev.assay.report.Verdict;
import java.io.PrintWriter;
import java.lang.module.ModuleFinder;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `assay doctor`: whether this installation is sound, or a checkpoint.
@Command(
        name = "doctor",
        description = "Looks for what could be wrong with this installation, or with a checkpoint.",
        optionListHeading = "%nOptions:%n",
        footer = {"", "Examples:", "  ./assay doctor", "  ./assay doctor my-model --check-finite"})
final class DoctorCommand implements Callable<Integer> {
    private static final int NEEDED_JAVA = 25;
    private static final String VECTOR = "jdk.incubator.vector";

    private final Surroundings surroundings;
    private boolean sound = true;

    @Parameters(
            arity = "0..1",
            paramLabel = "FOLDER",
            description =
                    "Checkpoint to look at: a folder with config.json and model.safetensors, or an index and shards.")
    private @Nullable String folder;

    @Option(
            names = "--check-finite",
            description = "Also read every weight of the checkpoint and refuse NaN and infinities.")
    private boolean checkFinite;

    DoctorCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() {
        if (folder != null) {
            checkpoint(folder);
        } else if (checkFinite) {
            throw new UsageException("--check-finite: name the folder of the checkpoint to read");
        } else {
            java();
            machine();
            engines();
            goldens();
        }
        if (!sound) {
            surroundings
                    .out()
                    .println("reproduce: "
                            + (folder == null
                                    ? Shell.command("doctor")
                                    : checkFinite
                                            ? Shell.command("doctor", folder, "--check-finite")
                                            : Shell.command("doctor", folder)));
        }
        return sound ? 0 : Verdict.FAULT.exitCode();
    }

    private void java() {
        Runtime.Version version = Runtime.version();
        String java = "Java " + version + " from " + System.getProperty("java.vendor");
        if (version.feature() >= NEEDED_JAVA) {
            ok(java);
        } else {
            wrong(java + ": expected " + NEEDED_JAVA + " or newer");
        }
        boolean loaded = ModuleLayer.boot().findModule(VECTOR).isPresent();
        boolean there = ModuleFinder.ofSystem().find(VECTOR).isPresent();
        note("module " + VECTOR + ": " + (loaded ? "loaded" : there ? "not loaded" : "not in this runtime"));
    }

    private void machine() {
        Environment environment = EnvironmentProbe.probe();
        note(environment.cpu() + ", " + Sizes.plural(environment.processors(), "processor") + ", " + environment.os()
                + " on " + environment.architecture());
        note(Sizes.bytes(environment.memoryBytes()) + " of memory, of which the Java heap may take "
                + Sizes.bytes(environment.maxHeapBytes()));
    }

    private void engines() {
        Engines engines = surroundings.engines().get();
        for (Engine engine : engines.byId().values()) {
            EngineInfo info = engine.info();
            String is = "engine " + info.id() + ": " + info.title() + " " + info.version();
            switch (engine.availability()) {
                case Availability.Available _ -> ok(is + ", computes in " + info.compute());
                case Availability.Absent(String reason) -> note(is + ", cannot run here: " + reason);
            }
        }
        Adapters adapters = surroundings.adapters();
        for (String id : adapters.known()) {
            note("adapter " + id + ": "
                    + (adapters.isBuilt(id) ? "built" : "built by " + Shell.command("verify", "--engine", id)));
        }
        engines.faults().forEach(fault -> wrong(fault.subject() + ": " + fault.message()));
        if (engines.byId().isEmpty()) {
            wrong("no engine is installed");
        }
    }

    private void goldens() {
        List<String> ids = surroundings.goldens().ids();
        int good = 0;
        int done = 0;
        try (Progress progress = Progress.of(surroundings, "goldens", ids.size())) {
            for (String id : ids) {
                progress.now(id);
                try {
                    surroundings.goldens().bundled(id);
                    good++;
                } catch (GoldenException | ConfigException | CheckpointException e) {
                    wrong("case " + id + ": " + e.getMessage());
                }
                progress.done(++done);
            }
        }
        if (ids.isEmpty()) {
            wrong("no golden case is bundled");
        } else if (good == ids.size()) {
            ok(Sizes.plural(good, "golden case") + ", every digest as recorded");
        }
    }

    private void checkpoint(String name) {
        PrintWriter out = surroundings.out();
        try (Checkpoint checkpoint = Checkpoint.open(Path.of(name))) {
            ok(name + ": " + checkpoint.config().architecture().title() + ", "
                    + Sizes.plural(checkpoint.tensors().size(), "tensor")
                    + ", all that the configuration demands, in the shapes it demands");
            out.print(CheckpointCard.render(checkpoint));
            if (checkFinite) {
                checkpoint.checkFinite();
                ok("every weight is finite");
            }
        } catch (InvalidPathException e) {
            throw new UsageException("'" + name + "' cannot be the name of a folder: " + e.getReason());
        } catch (CheckpointException | ConfigException e) {
            wrong(String.valueOf(e.getMessage()));
        }
    }

    private void ok(String text) {
        surroundings.out().println("ok     " + text);
    }

    private void note(String text) {
        surroundings.out().println("       " + text);
    }

    private void wrong(String text) {
        sound = false;
        surroundings.out().println("WRONG  " + text);
    }
}
