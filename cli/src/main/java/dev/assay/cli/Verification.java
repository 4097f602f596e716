package dev.assay.cli;

import dev.assay.checkpoint.CheckpointException;
import dev.assay.config.ConfigException;
import dev.assay.conformance.suite.GoldenSuite;
import dev.assay.engine.Engine;
import dev.assay.engine.LoadOptions;
import dev.assay.golden.GoldenCase;
import dev.assay.golden.GoldenException;
import dev.assay.golden.Goldens;
import dev.assay.mutants.diagnose.Diagnosis;
import dev.assay.report.CheckResult;
import dev.assay.report.Divergence;
import dev.assay.report.EnvironmentProbe;
import dev.assay.report.Fault;
import dev.assay.report.Report;
import dev.assay.report.Verdicts;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// A run of the golden suite over engines and cases, from the selection to the report.
final class Verification {
    private final Surroundings surroundings;
    private final String command;
    private final LoadOptions options;
    private final List<CheckResult> results = new ArrayList<>();
    private final List<Fault> faults = new ArrayList<>();

    /// Cases that were used, by id, without their outputs.
    private final Map<String, GoldenCase> used = new HashMap<>();

    /// @param command command line of the run
    Verification(Surroundings surroundings, String command, LoadOptions options) {
        this.surroundings = surroundings;
        this.command = command;
        this.options = options;
    }

    /// Runs all pairs of engine and case, or one part of them.
    ///
    /// @param named engines that the user named; if none, all that are installed
    /// @throws UsageException if the part is empty
    Report run(Engines installed, List<String> named, List<SelectedCase> cases, @Nullable Shard shard) {
        long start = System.nanoTime();
        Instant startedAt = Instant.now().truncatedTo(ChronoUnit.MILLIS);
        Map<String, ObservedEngine> engines = new TreeMap<>();
        installed.byId().forEach((id, engine) -> {
            if (named.isEmpty() || named.contains(id)) {
                engines.put(id, new ObservedEngine(engine));
            }
        });
        // Whoever named the engines to run need not care for others that are broken.
        if (named.isEmpty()) {
            faults.addAll(installed.faults());
        }
        if (engines.isEmpty()) {
            faults.add(new Fault("engines", "no engine is installed", Shell.command("doctor")));
        }
        runAll(engines, cases, shard);
        if (faults.isEmpty() || !results.isEmpty()) {
            // A part of a run may well hold nothing that an engine supports.
            faults.addAll(Verdicts.emptiness(results, shard == null ? named : List.of(), command));
        }
        return new Report(
                Report.FORMAT,
                AssayCommand.suiteVersion(),
                Goldens.sha256(used.values()),
                command,
                shard == null ? null : shard.toString(),
                startedAt.toString(),
                (System.nanoTime() - start) / 1e6,
                Verdicts.of(results, faults),
                faults,
                EnvironmentProbe.probe(),
                engines.values().stream().map(ObservedEngine::summary).toList(),
                results,
                List.of());
    }

    private void runAll(Map<String, ObservedEngine> engines, List<SelectedCase> cases, @Nullable Shard shard) {
        // Case by case, so that each is read once and only one is held.
        List<Pair> pairs = new ArrayList<>();
        for (SelectedCase selected : cases) {
            for (ObservedEngine engine : engines.values()) {
                pairs.add(new Pair(selected, engine));
            }
        }
        List<Pair> part = shard == null ? pairs : shard.of(pairs);
        if (part.isEmpty() && !pairs.isEmpty()) {
            throw new UsageException("--shard: part " + shard + " is empty: there are "
                    + Sizes.plural(pairs.size(), "pair") + " of case and engine to share out");
        }
        long checks = GoldenSuite.checkIds().size();
        try (Progress progress = Progress.of(surroundings, "verify", part.size() * checks)) {
            @Nullable GoldenCase golden = null;
            @Nullable SelectedCase read = null;
            for (int i = 0; i < part.size(); i++) {
                Pair pair = part.get(i);
                progress.done(i * checks);
                progress.now(pair.engine().info().id() + " " + pair.selected().name());
                if (!pair.selected().equals(read)) {
                    read = pair.selected();
                    golden = read(read);
                }
                if (golden != null) {
                    run(pair.engine(), golden, progress, i * checks);
                }
            }
        }
    }

    /// A case of the run and an engine to run it on.
    private record Pair(SelectedCase selected, ObservedEngine engine) {}

    /// Reads a case; null, with a fault noted, if it cannot be believed.
    private @Nullable GoldenCase read(SelectedCase selected) {
        String reproduce = Shell.command("verify", "--case", selected.name());
        GoldenCase golden;
        try {
            golden = selected.reader().get();
        } catch (GoldenException | ConfigException | CheckpointException e) {
            faults.add(new Fault(selected.name(), String.valueOf(e.getMessage()), reproduce));
            return null;
        }
        GoldenCase other = used.putIfAbsent(golden.id(), withoutOutputs(golden));
        if (other != null) {
            faults.add(new Fault(
                    selected.name(), "its id " + golden.id() + " is also that of " + other.source(), reproduce));
            return null;
        }
        return golden;
    }

    /// The identity of a case; what the oracle computed may fill the memory.
    private static GoldenCase withoutOutputs(GoldenCase golden) {
        return new GoldenCase(
                golden.id(),
                golden.source(),
                golden.config(),
                golden.configJson(),
                golden.oracle(),
                golden.notes(),
                List.of(),
                Map.of(),
                golden.sha256(),
                golden.weights());
    }

    private void run(ObservedEngine engine, GoldenCase golden, Progress progress, long doneBefore) {
        String reproduce = reproduce(engine, golden);
        int before = results.size();
        try {
            GoldenSuite.run(engine, golden, options, result -> {
                results.add(result.withReproduce(reproduce));
                progress.done(doneBefore + results.size() - before);
            });
            diagnose(engine, golden, results.subList(before, results.size()));
        } catch (GoldenException | ConfigException | CheckpointException e) {
            faults.add(new Fault(golden.id(), String.valueOf(e.getMessage()), reproduce));
        } catch (RuntimeException e) {
            faults.add(new Fault(
                    golden.id(), "the suite failed on " + engine.info().id() + ": " + e, reproduce));
        }
    }

    /// Says of the first number over budget what it comes of, and which known bug it looks like: once a case, as
    /// the
    /// cause of the others is most likely the same.
    private static void diagnose(Engine engine, GoldenCase golden, List<CheckResult> ofCase) {
        for (int i = 0; i < ofCase.size(); i++) {
            CheckResult result = ofCase.get(i);
            Divergence divergence = result.firstDivergence();
            if (divergence != null) {
                ofCase.set(i, result.withMessage(Diagnosis.of(engine, golden, divergence)));
                return;
            }
        }
    }

    private String reproduce(ObservedEngine engine, GoldenCase golden) {
        List<String> arguments =
                new ArrayList<>(List.of("verify", "--engine", engine.info().id(), "--case", golden.source()));
        if (options.threads() > 1) {
            arguments.addAll(List.of("--threads", Integer.toString(options.threads())));
        }
        return Shell.command(arguments.toArray(String[]::new));
    }
}
