package dev.assay.report;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Makes the report of a whole run from those of its parts.
///
/// What the parts say of the run must agree: version, golden cases, engines, number of parts. What they say of their
/// machines need not: other processors may have computed each, and the merged report names them all.
public final class ReportMerge {
    private static final Comparator<CheckResult> ORDER =
            Comparator.comparing(CheckResult::caseId).thenComparing(CheckResult::engine);

    /// The backend of an engine that loaded no model.
    public static final String NOTHING_RAN = "none";

    private ReportMerge() {}

    /// The order of results in every report: by case, then by engine, then as the suite runs its checks.
    public static List<CheckResult> inOrder(Collection<CheckResult> results) {
        return results.stream().sorted(ORDER).toList();
    }

    /// The report of the whole run.
    ///
    /// @param parts by where each was read, in any order
    /// @param command the command line that merges them
    /// @throws ReportException if they are not all the parts of one verification, each once
    public static Report merge(Map<String, Report> parts, String command) {
        if (parts.isEmpty()) {
            throw new ReportException("no report to merge");
        }
        requireAllParts(parts);
        agree(parts, "suite_version", Report::suiteVersion);
        agree(parts, "goldens_sha256", Report::goldensSha256);
        agree(parts, "engines", ReportMerge::identities);
        parts.forEach((source, part) -> {
            if (!part.bench().isEmpty()) {
                throw new ReportException(source + ": bench: expected a part of a verification, found measurements");
            }
        });
        List<Report> reports = List.copyOf(parts.values());
        Report first = reports.getFirst();
        List<CheckResult> results = inOrder(
                reports.stream().flatMap(part -> part.results().stream()).toList());
        LinkedHashSet<Fault> faults = new LinkedHashSet<>();
        reports.forEach(part -> faults.addAll(part.faults()));
        if (faults.isEmpty()) {
            faults.addAll(Verdicts.emptiness(results, List.of(), command));
        }
        List<Fault> all = List.copyOf(faults);
        return new Report(
                Report.FORMAT,
                first.suiteVersion(),
                first.goldensSha256(),
                command,
                null,
                reports.stream()
                        .map(Report::startedAt)
                        .min(Comparator.naturalOrder())
                        .orElseThrow(),
                reports.stream().mapToDouble(Report::milliseconds).sum(),
                Verdicts.of(results, all),
                all,
                environment(reports.stream().map(Report::environment).toList()),
                engines(reports),
                results,
                List.of());
    }

    private static void requireAllParts(Map<String, Report> parts) {
        TreeMap<Integer, String> sources = new TreeMap<>();
        int count = 0;
        for (var entry : parts.entrySet()) {
            String source = entry.getKey();
            @Nullable String shard = entry.getValue().shard();
            if (shard == null) {
                throw new ReportException(
                        source + ": shard: expected a part of a run, found the report of a whole one");
            }
            int slash = shard.indexOf('/');
            int index = Integer.parseInt(shard, 0, slash, 10);
            int of = Integer.parseInt(shard, slash + 1, shard.length(), 10);
            if (count != 0 && of != count) {
                throw new ReportException(source + ": shard: expected one of " + count + ", found " + shard);
            }
            count = of;
            String other = sources.putIfAbsent(index, source);
            if (other != null) {
                throw new ReportException(source + ": shard " + shard + " is also that of " + other);
            }
        }
        for (int i = 1; i <= count; i++) {
            if (!sources.containsKey(i)) {
                throw new ReportException("shard " + i + "/" + count + " is missing: found " + sources.keySet());
            }
        }
    }

    private static String identities(Report report) {
        return report.engines().stream()
                .map(engine -> engine.id() + " " + engine.version() + " (" + engine.compute() + ")")
                .collect(Collectors.joining(", "));
    }

    private static void agree(Map<String, Report> parts, String key, Function<Report, String> value) {
        String expected = value.apply(parts.values().iterator().next());
        parts.forEach((source, part) -> {
            String found = value.apply(part);
            if (!found.equals(expected)) {
                throw new ReportException(source + ": " + key + ": expected " + expected + " as in "
                        + parts.keySet().iterator().next() + ", found " + found);
            }
        });
    }

    /// What each engine ran on in any part.
    private static List<EngineSummary> engines(List<Report> reports) {
        List<EngineSummary> merged = new ArrayList<>();
        for (int i = 0; i < reports.getFirst().engines().size(); i++) {
            int index = i;
            List<EngineSummary> own =
                    reports.stream().map(part -> part.engines().get(index)).toList();
            EngineSummary first = own.getFirst();
            TreeSet<String> backends = new TreeSet<>();
            TreeSet<String> decisions = new TreeSet<>();
            int bits = 0;
            // A part may have loaded nothing with this engine.
            for (EngineSummary summary : own.stream()
                    .filter(one -> !one.backend().equals(NOTHING_RAN))
                    .toList()) {
                backends.addAll(List.of(summary.backend().split(", ")));
                decisions.addAll(summary.decisions());
                bits = Math.max(bits, summary.vectorBits());
            }
            merged.add(new EngineSummary(
                    first.id(),
                    first.title(),
                    first.version(),
                    first.compute(),
                    backends.isEmpty() ? NOTHING_RAN : String.join(", ", backends),
                    bits,
                    List.copyOf(decisions)));
        }
        return merged;
    }

    /// The machines of all parts: what differs is listed, of sizes the least is given.
    private static Environment environment(List<Environment> all) {
        return new Environment(
                listed(all, Environment::os),
                listed(all, Environment::architecture),
                listed(all, Environment::cpu),
                all.stream().mapToInt(Environment::processors).min().orElseThrow(),
                all.stream().mapToLong(Environment::memoryBytes).min().orElseThrow(),
                listed(all, Environment::javaVersion),
                listed(all, Environment::javaVendor),
                listed(all, Environment::vm),
                all.stream().mapToLong(Environment::maxHeapBytes).min().orElseThrow(),
                listed(all, Environment::jvmFlags));
    }

    private static String listed(List<Environment> all, Function<Environment, String> value) {
        return all.stream().map(value).distinct().collect(Collectors.joining(" | "));
    }
}
