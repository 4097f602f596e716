package dev.assay.report;

import dev.assay.report.BenchRow.ActiveParameters;
import dev.assay.report.BenchRow.Ceilings;
import dev.assay.report.BenchRow.Checked;
import dev.assay.report.BenchRow.Decode;
import dev.assay.report.BenchRow.Estimate;
import dev.assay.report.BenchRow.Execution;
import dev.assay.report.BenchRow.Extrapolation;
import dev.assay.report.BenchRow.KvCache;
import dev.assay.report.BenchRow.Latency;
import dev.assay.report.BenchRow.Memory;
import dev.assay.report.BenchRow.OpenLoop;
import dev.assay.report.BenchRow.Prefill;
import dev.assay.report.BenchRow.Recording;
import dev.assay.report.BenchRow.Requests;
import dev.assay.report.BenchRow.Sessions;
import dev.assay.report.BenchRow.Shape;
import dev.assay.report.BenchRow.WarmUp;
import dev.assay.report.BudgetUse.Yardstick;
import java.util.ArrayList;
import java.util.List;

/// Rows of measurements to test with.
public final class BenchSamples {
    private static final String REPRODUCE = "./assay bench --shape qwen3-0.6b --engine vector";

    private BenchSamples() {}

    public static BenchRow measured() {
        Spread read = Spread.of(33e9, 31e9, 32e9);
        Spread fma = Spread.of(470e9, 473e9, 468e9);
        return new BenchRow(
                "vector",
                "qwen3-0.6b",
                "bf16",
                2,
                new Shape("qwen3", 28, 28),
                new Execution("vector", 512, 2),
                new Checked(Outcome.PASS, 10_483_584, 4, use(0.25), use(0.125), Samples.DIGEST, null),
                new Prefill(512, 320, Spread.of(310.0, 330.0, 320.0), 450_971_566_080L, 0.6),
                new Decode(
                        64,
                        25,
                        Spread.of(24.5, 25.0, 25.5),
                        1.25e9,
                        1.3e9,
                        0.9,
                        new Latency(192, 39.5, 41.0, 44.25, null, 51),
                        607_744,
                        607_744),
                new Requests(
                        "vector/qwen3-0.6b/bf16/28-layers",
                        new Latency(3, 1600, null, null, null, 1650),
                        new Latency(3, 40, null, null, null, 40.75),
                        new Recording(195, 50, 1.5e-6),
                        new Sessions(
                                2,
                                Spread.of(26.0, 27.0, 28.0),
                                List.of(
                                        new Latency(192, 78, 80.0, 85.0, null, 90),
                                        new Latency(192, 79, 81.0, 86.0, null, 91))),
                        new OpenLoop(
                                0.25,
                                10,
                                new Latency(10, 1700, 4000.0, null, null, 4100),
                                new Latency(10, 41, 42.0, null, null, 42),
                                new Latency(10, 4300, 6600.0, null, null, 6700),
                                new Latency(10, 0, 2300.0, null, null, 2400))),
                new KvCache(132_120_576L, 132_120_576),
                new ActiveParameters(596_049_920, 596_049_920),
                new Memory(2_000_000_000, 1_500_000_000, 1_192_099_840, 0),
                new Ceilings(read.median(), read, fma.median(), fma),
                new WarmUp(4, 16_000, true),
                null,
                REPRODUCE);
    }

    public static BenchRow slice() {
        BenchRow whole = measured();
        return new BenchRow(
                whole.engine(),
                "deepseek-v3",
                "fp8",
                whole.threads(),
                new Shape("deepseek-v3", 4, 61),
                whole.execution(),
                whole.checked(),
                whole.prefill(),
                whole.decode(),
                whole.requests(),
                whole.kvCache(),
                whole.activeParameters(),
                whole.memory(),
                whole.ceilings(),
                whole.warmUp(),
                new Extrapolation(
                        List.of(3, 4),
                        "Seconds of a token = 0.01 + 0.02 per GB that the layers move.",
                        new Estimate(3.5, 3.25, 3.75),
                        new Estimate(0.75, 0.5, 1),
                        671_000_000_000L,
                        37.5e9,
                        37_000_000_000L,
                        1_234_567_890L),
                whole.reproduce());
    }

    public static BenchRow wrong() {
        return withoutFigures(new Checked(
                Outcome.FAIL,
                10_483_584,
                4,
                use(75),
                use(0.125),
                Samples.DIGEST,
                "the check run is off the reference"));
    }

    public static BenchRow withoutFigures(Checked checked) {
        return BenchRow.unmeasured(
                "vector", "qwen3-0.6b", "bf16", 2, new Shape("qwen3", 28, 28), null, checked, REPRODUCE);
    }

    public static Report report(BenchRow... rows) {
        Report verification = Samples.report(Samples.passed("reference", "one-shot"));
        return new Report(
                verification.format(),
                verification.suiteVersion(),
                verification.goldensSha256(),
                "./assay bench --shape qwen3-0.6b",
                null,
                verification.startedAt(),
                verification.milliseconds(),
                Verdicts.ofBench(List.of(rows), List.of()),
                List.of(),
                verification.environment(),
                verification.engines(),
                List.of(),
                List.of(rows));
    }

    /// A comparison with every verdict, and histories of which one has a slowdown that nobody explained.
    public static SpeedComparison comparison() {
        Interval steady = new Interval(1.002, 0.995, 1.01, 0.99);
        return new SpeedComparison(
                "commit 1a2b3c",
                "commit 4d5e6f",
                "the machine's ceiling / before",
                0.03,
                0.95,
                List.of(
                        new Comparison(
                                "vector decode",
                                Change.SLOWER,
                                new Interval(0.9, 0.88, 0.92, 0.99),
                                steady,
                                null,
                                null),
                        new Comparison(
                                "vector prefill",
                                Change.FASTER,
                                new Interval(1.2, 1.1, 1.31, 0.99),
                                steady,
                                null,
                                null),
                        new Comparison("other decode", Change.EQUIVALENT, steady, steady, null, null),
                        new Comparison(
                                "other prefill",
                                Change.INCONCLUSIVE,
                                new Interval(0.8, 0.7, 0.9, 0.99),
                                new Interval(0.8, 0.79, 0.81, 0.99),
                                "the machine itself changed",
                                null),
                        new Comparison(
                                "third decode",
                                Change.SLOWER,
                                new Interval(0.9, 0.88, 0.92, 0.99),
                                steady,
                                null,
                                "checks bounds")),
                List.of(
                        history("vector decode", 25, new History.Shift(5, "commit-5", 0.9, 0.002, null)),
                        history("other decode", 310, new History.Shift(5, "commit-5", 0.9, 0.001, "checks bounds"))));
    }

    private static History history(String metric, double level, History.Shift shift) {
        List<History.Point> points = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            points.add(new History.Point(
                    "commit-" + i,
                    "2026-11-23T10:15:30Z",
                    2,
                    level * (i < shift.at() ? 1 : shift.ratio()) * (1 + 0.004 * (i % 3))));
        }
        return new History(metric, 0.03, points, List.of(shift));
    }

    /// Measurements beside a baseline.
    public static Report compared(SpeedComparison comparison, BenchRow... rows) {
        Report bench = report(rows);
        return new Report(
                bench.format(),
                bench.suiteVersion(),
                bench.goldensSha256(),
                "./assay compare --baselines perf report.json",
                null,
                bench.startedAt(),
                bench.milliseconds(),
                comparison.verdict(),
                List.of(),
                bench.environment(),
                bench.engines(),
                List.of(),
                List.of(rows),
                comparison);
    }

    private static BudgetUse use(double share) {
        return new BudgetUse("logits", "a run", share * 2e-5, 2e-5, share * 1e-4, 2e-4, Yardstick.STANDARD_DEVIATION);
    }
}
