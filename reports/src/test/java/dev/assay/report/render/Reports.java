package dev.assay.report.render;

import dev.assay.report.BenchSamples;
import dev.assay.report.Change;
import dev.assay.report.CheckResult;
import dev.assay.report.Comparison;
import dev.assay.report.Count;
import dev.assay.report.Count.Quantity;
import dev.assay.report.Fault;
import dev.assay.report.History;
import dev.assay.report.Interval;
import dev.assay.report.Outcome;
import dev.assay.report.Report;
import dev.assay.report.Samples;
import dev.assay.report.SpeedComparison;
import java.util.ArrayList;
import java.util.List;

/// Reports of every kind to render.
@SuppressWarnings("ImmutableEnumChecker") // The lists of a report are copies that nothing can change.
enum Reports {
    /// Nothing ran.
    FAULT(Samples.report(List.of(new Fault("run", "no check was selected, so nothing is known", "./assay verify")))),
    /// All is well, with every section of a verification.
    PASSED(Samples.report(
            Samples.passed("reference", "one-shot"),
            Samples.passed("vector", "one-shot"),
            Samples.counted(
                    "reference",
                    "kv-cache-bytes",
                    Outcome.PASS,
                    new Count(Quantity.KV_CACHE_BYTES, 1, 960, 960),
                    new Count(Quantity.EXPERTS_PER_TOKEN, 8, 3, 3),
                    new Count(Quantity.ACTIVE_PARAMETERS, 8, 1_204, 1_204)))),
    /// Every outcome, beside a fault.
    MIXED(mixed()),
    /// Nothing is supported.
    UNSUPPORTED(Samples.report(
            List.of(new Fault("cuda", "the engine ran none of its 1 checks", "./assay verify")),
            Samples.ended("cuda", Outcome.UNSUPPORTED, "no device"))),
    /// Texts that mean something in some format, wherever a text can stand.
    HOSTILE(hostile()),
    /// Measurements, of a slice and of a wrong engine among them.
    BENCH(BenchSamples.report(BenchSamples.measured(), BenchSamples.slice(), BenchSamples.wrong())),
    /// A measurement without figures.
    BENCH_WRONG(BenchSamples.report(BenchSamples.wrong())),
    /// Measurements beside a baseline, with every verdict and two histories.
    COMPARED(BenchSamples.compared(BenchSamples.comparison(), BenchSamples.measured())),
    /// The same with texts that mean something in some format.
    COMPARED_HOSTILE(comparedHostile());

    /// Markup of HTML, XML, Markdown and CSV, a mention, and what XML cannot hold.
    static final String EVIL = "=\"'></title></style></script><script>alert(1)</script><img src=x onerror=alert(2)>"
            + "{{verdict}} ]]> & | `code` @team [link](https://evil.example) \u0000\u001b \n# heading";

    private final Report report;

    Reports(Report report) {
        this.report = report;
    }

    Report report() {
        return report;
    }

    private static Report comparedHostile() {
        Interval ratio = new Interval(0.5, 0.4, 0.6, 0.95);
        return BenchSamples.compared(
                new SpeedComparison(
                        EVIL,
                        EVIL,
                        EVIL,
                        0.03,
                        0.95,
                        List.of(
                                new Comparison(EVIL, Change.SLOWER, ratio, ratio, null, null),
                                new Comparison(EVIL, Change.INCONCLUSIVE, ratio, ratio, EVIL, EVIL)),
                        List.of(new History(
                                EVIL,
                                0.03,
                                List.of(new History.Point(EVIL, EVIL, 1, 2), new History.Point(EVIL, EVIL, 1, 1)),
                                List.of(new History.Shift(1, EVIL, 0.5, 0.01, null))))),
                BenchSamples.measured());
    }

    private static Report mixed() {
        List<CheckResult> results = new ArrayList<>(List.of(
                Samples.passed("reference", "one-shot"),
                Samples.failed("reference", "token-by-token"),
                Samples.counted(
                        "vector",
                        "kv-cache-bytes",
                        Outcome.FAIL,
                        new Count(Quantity.KV_CACHE_BYTES, 2, 1_920, 1_924))));
        for (Outcome outcome : Outcome.values()) {
            results.add(Samples.ended("vector", outcome, "because"));
        }
        return Samples.report(
                List.of(new Fault("qwen3-base", "config.json: digest differs", "./assay verify --case qwen3-base")),
                results.toArray(CheckResult[]::new));
    }

    private static Report hostile() {
        CheckResult failed = Samples.failed("reference", "one-shot");
        return Samples.report(
                List.of(new Fault(EVIL, EVIL, EVIL)),
                Samples.ended("vector", Outcome.ERROR, EVIL),
                new CheckResult(
                        EVIL,
                        EVIL,
                        EVIL,
                        EVIL,
                        failed.outcome(),
                        failed.evidence(),
                        failed.elements(),
                        failed.worst(),
                        failed.firstDivergence(),
                        failed.taps(),
                        EVIL,
                        failed.counts(),
                        failed.routing(),
                        failed.milliseconds(),
                        EVIL));
    }
}
