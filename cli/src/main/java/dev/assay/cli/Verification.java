package dev.assay.cli;

import dev.assay.checkpoint.CheckpointException;
import dev.assay.config.ConfigException;
import dev.assay.conformance.suite.GoldenSuite;
import dev.assay.conformance.suite.Profile;
import dev.assay.engine.Engine;
import dev.assay.engine.LoadOptions;
import dev.assay.golden.CaseIdentity;
import dev.assay.golden.GoldenCase;
import dev.assay.golden.GoldenException;
import dev.assay.golden.Goldens;
import dev.assay.mutants.diagnose.Diagnosis;
import dev.assay.report.CheckResult;
import dev.assay.report.Divergence;
import dev.assay.report.EnvironmentProbe;
import dev.assay.report.Fault;
import dev.assay.report.Report;
import dev.assay.report.ReportMerge;
import dev.assay.report.Verdicts;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// A run of the golden suite over engines and cases, from the selection to the report.
final class Verification {
    private final Surroundings surroundings;
    private final String command;
    private final LoadOptions options;
    private final Profile profile;
    private final List<CheckResult> results = new ArrayList<>();
    private final List<Fault> faults = new ArrayList<>();

    /// Cases that were used, by id.
    private final Map<String, Used> used = new HashMap<>();

    /// Of a case, where it came from and its digest: what the oracle computed may fill the memory.
    private record Used(String source, String sha256) {}

    /// Arguments that select an engine, by its id.
    private final Map<String, List<String>> selectors = new HashMap<>();

    /// @param command command line of the run
    /// @param profile how much of the suite is run
    Verification(Surroundings surroundings, String command, LoadOptions options, Profile profile) {
        this.surroundings = surroundings;
        this.command = command;
        this.options = options;
        this.profile = profile;
    }

    /// Runs all pairs of engine and case, or one part of them.
    ///
    /// @throws UsageException if the part is empty
    Report run(EngineSelection selection, List<SelectedCase> cases, @Nullable Shard shard) {
        long start = System.nanoTime();
        Instant startedAt = Instant.now().truncatedTo(ChronoUnit.MILLIS);
        Map<String, ObservedEngine> engines = new TreeMap<>();
        selection.byId().forEach((id, selected) -> {
            engines.put(id, new ObservedEngine(selected.engine()));
            selectors.put(id, selected.arguments());
        });
        faults.addAll(selection.faults());
        if (engines.isEmpty() && faults.isEmpty()) {
            faults.add(new Fault("engines", "no engine is installed", Shell.command("doctor")));
        }
        runAll(engines, cases, shard);
        if (faults.isEmpty() || !results.isEmpty()) {
            // A part of a run may well hold nothing that an engine supports.
            faults.addAll(Verdicts.emptiness(results, shard == null ? selection.chosen() : List.of(), command));
        }
        return new Report(
                Report.FORMAT,
                AssayCommand.suiteVersion(),
                Goldens.sha256(identities(cases)),
                command,
                shard == null ? null : shard.toString(),
                startedAt.toString(),
                (System.nanoTime() - start) / 1e6,
                Verdicts.of(results, faults),
                faults,
                EnvironmentProbe.probe(),
                engines.values().stream().map(ObservedEngine::summary).toList(),
                ReportMerge.inOrder(results),
                List.of());
    }

    /// Of all selected cases, so that it is the same in every part of a run; what cannot be read is a fault of the
    /// part that meets it.
    private static List<CaseIdentity> identities(List<SelectedCase> cases) {
        return cases.stream().flatMap(selected -> identity(selected).stream()).toList();
    }

    private static Optional<CaseIdentity> identity(SelectedCase selected) {
        try {
            return Optional.of(selected.identity().get());
        } catch (GoldenException e) {
            return Optional.empty();
        }
    }

    /// Digests of the cases that were used, by their ids.
    Map<String, String> goldenDigests() {
        Map<String, String> digests = new TreeMap<>();
        used.forEach((id, one) -> digests.put(id, one.sha256()));
        return digests;
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
        Used other = used.putIfAbsent(golden.id(), new Used(golden.source(), golden.sha256()));
        if (other != null) {
            faults.add(new Fault(
                    selected.name(), "its id " + golden.id() + " is also that of " + other.source(), reproduce));
            return null;
        }
        return golden;
    }

    private void run(ObservedEngine engine, GoldenCase golden, Progress progress, long doneBefore) {
        String reproduce = reproduce(engine, golden);
        int before = results.size();
        try {
            GoldenSuite.run(engine, golden, options, profile::includes, result -> {
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
    /// the cause of the others is most likely the same.
    private static void diagnose(Engine engine, GoldenCase golden, List<CheckResult> ofCase) {
        for (int i = 0; i < ofCase.size(); i++) {
            CheckResult result = ofCase.get(i);
            Divergence divergence = result.firstDivergence();
            if (divergence != null) {
                Diagnosis diagnosis = Diagnosis.of(engine, golden, divergence);
                ofCase.set(i, result.diagnosed(diagnosis.firstDivergence(), diagnosis.text()));
                return;
            }
        }
    }

    private String reproduce(ObservedEngine engine, GoldenCase golden) {
        List<String> arguments = new ArrayList<>(List.of("verify"));
        arguments.addAll(Objects.requireNonNull(selectors.get(engine.info().id())));
        arguments.addAll(List.of("--case", golden.source()));
        if (options.threads() > 1) {
            arguments.addAll(List.of("--threads", Integer.toString(options.threads())));
        }
        return Shell.command(arguments.toArray(String[]::new));
    }
}
