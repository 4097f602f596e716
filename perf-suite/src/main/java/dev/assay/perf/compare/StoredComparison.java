package dev.assay.perf.compare;

import dev.assay.perf.PerfException;
import dev.assay.perf.compare.Baseline.Measured;
import dev.assay.perf.compare.Baseline.Speed;
import dev.assay.report.Change;
import dev.assay.report.Comparison;
import dev.assay.report.History;
import dev.assay.report.Interval;
import dev.assay.report.Report;
import dev.assay.report.SpeedComparison;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Reports of a commit beside those that were kept of another, on the same kind of machine and JVM.
///
/// The machine may have been slower that day. Its ceilings were measured in every run, so that they are the control: if
/// what it reads or computes at most has changed, nothing is concluded of the speed that it bounds.
public final class StoredComparison {
    /// What the controls compare.
    public static final String CONTROL = "the machine's ceiling / before";

    /// Commits of a history that are looked at: the search for changes takes time with the square of their number.
    private static final int LONGEST = 200;

    private static final String ONE_RUN_EACH = "there is one run on each side, so that nothing is known of the noise"
            + " between runs: give more reports, or record the baseline more often";

    private final String commit;
    private final BaselineFolder folder;
    private final List<Baseline> candidates;
    /// Lines of the same machine and JVM but the candidates' own, oldest first.
    private final List<Baseline> earlier;

    private StoredComparison(String commit, BaselineFolder folder, List<Baseline> candidates) {
        this.commit = commit;
        this.folder = folder;
        this.candidates = candidates;
        this.earlier = folder.lines().stream()
                .filter(line -> line.comparable(candidates.getFirst())
                        && candidates.stream().noneMatch(line::sameRun))
                .toList();
    }

    /// Prepares a comparison.
    ///
    /// @param reports of one or more runs of the same measurement, by where they come from
    /// @param commit that they measured
    /// @throws PerfException if a report has no figures, or they are not of the same measurement
    public static StoredComparison of(Map<String, Report> reports, String commit, BaselineFolder folder) {
        List<Baseline> candidates = new ArrayList<>();
        @Nullable Set<Measured> measured = null;
        for (Map.Entry<String, Report> report : reports.entrySet()) {
            List<Baseline> lines = Baseline.of(report.getValue(), commit, report.getKey());
            Set<Measured> own = new LinkedHashSet<>();
            for (Baseline line : lines) {
                if (!own.add(line.measured())) {
                    throw new PerfException(report.getKey() + ": two rows measure "
                            + line.measured().name());
                }
                if (candidates.stream().anyMatch(line::sameRun)) {
                    throw new PerfException(report.getKey() + ": the run of " + line.startedAt() + " is given twice");
                }
            }
            if (measured != null && !measured.equals(own)) {
                throw new PerfException(
                        report.getKey() + ": bench: expected " + names(measured) + ", found " + names(own));
            }
            measured = own;
            candidates.addAll(lines);
        }
        for (Baseline line : candidates) {
            if (!line.comparable(candidates.getFirst())) {
                throw new PerfException(
                        "the reports come from different machines or JVMs: " + difference(candidates.getFirst(), line));
            }
        }
        return new StoredComparison(commit, folder, candidates);
    }

    private static List<String> names(Set<Measured> measured) {
        return measured.stream().map(Measured::name).toList();
    }

    /// Where two machines or JVMs differ.
    private static String difference(Baseline expected, Baseline found) {
        return (expected.machine().equals(found.machine())
                        ? ""
                        : "machine: expected " + expected.machine() + ", found " + found.machine() + " ")
                + (expected.jvm().equals(found.jvm())
                        ? ""
                        : "JVM: expected " + expected.jvm() + ", found " + found.jvm());
    }

    /// Why there is nothing to compare with; nothing if there is something.
    public Optional<String> unknownMachine() {
        if (earlier.stream().anyMatch(line -> !line.commit().equals(commit))) {
            return Optional.empty();
        }
        if (!earlier.isEmpty()) {
            return Optional.of("the only baselines of this machine and JVM are of commit " + commit
                    + " itself: --against " + commit + " compares with them");
        }
        StringBuilder why = new StringBuilder("there is no baseline of this machine and JVM");
        folder.lines().stream()
                .filter(line -> !line.comparable(candidates.getFirst()))
                .map(line -> difference(candidates.getFirst(), line))
                .distinct()
                .forEach(difference -> why.append("\n  ").append(difference.strip()));
        return Optional.of(why.toString());
    }

    /// What was measured and has no baseline, although others of this machine and JVM have one.
    public List<String> unmatched() {
        return measured().stream()
                .filter(of -> earlier.stream().noneMatch(line -> line.measured().equals(of)))
                .map(Measured::name)
                .toList();
    }

    /// What there are baselines of, on this machine and JVM.
    public List<String> recorded() {
        return earlier.stream().map(line -> line.measured().name()).distinct().toList();
    }

    private List<Measured> measured() {
        return candidates.stream().map(Baseline::measured).distinct().toList();
    }

    /// Keeps the reports as baselines of their commit.
    ///
    /// @throws PerfException if one is kept already, or cannot be written
    public void record() {
        folder.append(candidates);
    }

    /// Compares what has a baseline.
    ///
    /// @param against commit to compare with; null for the last one that was recorded before
    /// @param margin changes smaller than this share are none
    /// @throws PerfException if there is none, or none of that commit
    public SpeedComparison compare(@Nullable String against, double margin) {
        String wanted = against == null ? lastCommit() : against;
        List<Baseline> before =
                earlier.stream().filter(line -> line.commit().equals(wanted)).toList();
        Map<String, List<Speed>> baseline = speeds(before);
        Map<String, List<Speed>> candidate = speeds(candidates);
        Set<String> shared = new LinkedHashSet<>(candidate.keySet());
        shared.retainAll(baseline.keySet());
        if (shared.isEmpty()) {
            throw new PerfException("commit: expected one with "
                    + measured().stream().map(Measured::name).toList()
                    + " on this machine and JVM, found " + wanted + " with "
                    + before.stream()
                            .map(line -> line.measured().name())
                            .distinct()
                            .toList() + "; recorded are "
                    + earlier.stream().map(Baseline::commit).distinct().toList());
        }
        double confidence = Comparisons.confidence(shared.size());
        List<Comparison> metrics = new ArrayList<>();
        List<History> histories = new ArrayList<>();
        for (String name : shared) {
            metrics.add(metric(
                    name,
                    baseline.getOrDefault(name, List.of()),
                    candidate.getOrDefault(name, List.of()),
                    margin,
                    confidence));
            histories.add(history(name, margin, (1 - Comparisons.CONFIDENCE) / shared.size()));
        }
        return new SpeedComparison(
                "commit " + wanted, "commit " + commit, CONTROL, margin, Comparisons.CONFIDENCE, metrics, histories);
    }

    private String lastCommit() {
        return earlier.stream()
                .filter(line -> !line.commit().equals(commit) && measured().contains(line.measured()))
                .map(Baseline::commit)
                .reduce((_, last) -> last)
                .orElseThrow(() -> new PerfException("no commit but " + commit + " has baselines of "
                        + measured().stream().map(Measured::name).toList()));
    }

    private Comparison metric(
            String name, List<Speed> baseline, List<Speed> candidate, double margin, double confidence) {
        Interval ratio = Bootstrap.unpaired(samples(baseline), samples(candidate), confidence);
        Interval control = Bootstrap.unpaired(ceilings(baseline), ceilings(candidate), confidence);
        Change machine = Comparisons.change(control, margin);
        String reason = baseline.size() + candidate.size() < 3
                ? ONE_RUN_EACH
                : machine == Change.FASTER || machine == Change.SLOWER
                        ? "the machine itself changed: its ceiling is " + control + " of what it was"
                        : null;
        Change change = reason == null ? Comparisons.change(ratio, margin) : Change.INCONCLUSIVE;
        String known = change == Change.SLOWER || change == Change.FASTER
                ? folder.annotations().get(commit)
                : null;
        return new Comparison(name, change, ratio, control, reason, known);
    }

    private static List<double[]> samples(List<Speed> speeds) {
        return speeds.stream().map(Speed::samples).toList();
    }

    private static List<double[]> ceilings(List<Speed> speeds) {
        return speeds.stream().map(Speed::ceiling).toList();
    }

    private static Map<String, List<Speed>> speeds(List<Baseline> lines) {
        Map<String, List<Speed>> speeds = new TreeMap<>();
        for (Baseline line : lines) {
            line.speeds()
                    .forEach(speed -> speeds.computeIfAbsent(speed.name(), _ -> new ArrayList<>())
                            .add(speed));
        }
        return speeds;
    }

    /// The speed of each commit in the order in which they were first measured, the candidate's last.
    private History history(String name, double margin, double significance) {
        Map<String, List<Baseline>> commits = new LinkedHashMap<>();
        List<Baseline> all = new ArrayList<>(earlier);
        all.addAll(candidates);
        for (Baseline line : all) {
            if (speeds(List.of(line)).containsKey(name)) {
                commits.computeIfAbsent(line.commit(), _ -> new ArrayList<>()).add(line);
            }
        }
        List<History.Point> points = new ArrayList<>();
        commits.forEach((id, lines) -> points.add(new History.Point(
                id,
                lines.getFirst().startedAt(),
                lines.size(),
                Math.exp(Bootstrap.logLevel(samples(speeds(lines).getOrDefault(name, List.of())))))));
        List<History.Point> latest = points.subList(Math.max(0, points.size() - LONGEST), points.size());
        return new History(name, margin, latest, shifts(latest, margin, significance));
    }

    private List<History.Shift> shifts(List<History.Point> points, double margin, double significance) {
        double[] series = points.stream()
                .mapToDouble(point -> Math.log(point.tokensPerSecond()))
                .toArray();
        List<ChangePoints.ChangePoint> changes = ChangePoints.of(series, significance);
        List<History.Shift> shifts = new ArrayList<>();
        for (int i = 0; i < changes.size(); i++) {
            int at = changes.get(i).at();
            int from = i == 0 ? 0 : changes.get(i - 1).at();
            int to =
                    i + 1 == changes.size() ? series.length : changes.get(i + 1).at();
            double ratio = Math.exp(mean(series, at, to) - mean(series, from, at));
            if (ratio < 1 / (1 + margin) || ratio > 1 + margin) {
                shifts.add(new History.Shift(
                        at, points.get(at).commit(), ratio, changes.get(i).p(), known(points, at)));
            }
        }
        return shifts;
    }

    private static double mean(double[] series, int from, int to) {
        double sum = 0;
        for (int i = from; i < to; i++) {
            sum += series[i];
        }
        return sum / (to - from);
    }

    /// The annotation of the commit or of a neighbour: noise may move a change by one.
    private @Nullable String known(List<History.Point> points, int at) {
        for (int near : new int[] {at, at - 1, at + 1}) {
            String text = near < points.size()
                    ? folder.annotations().get(points.get(near).commit())
                    : null;
            if (text != null) {
                return text;
            }
        }
        return null;
    }
}
