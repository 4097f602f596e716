package dev.assay.report;

import dev.assay.report.BudgetUse.Yardstick;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Reports to test with.
public final class Samples {
    public static final String DIGEST = "0123456789abcdef".repeat(4);

    private Samples() {}

    public static CheckResult passed(String engine, String check) {
        return new CheckResult(
                engine,
                "qwen3",
                "qwen3-base",
                check,
                Outcome.PASS,
                EvidenceLevel.FULL_LOGITS_AND_TAPS,
                12_345,
                new BudgetUse("context.2", "len37", 1e-7, 4e-7, 1.5e-6, 3e-6, Yardstick.RECORDED),
                null,
                List.of(new TapUse("hidden.2", 1, 0.125), new TapUse("context.2", 2, 0.5)),
                null,
                List.of(),
                List.of(),
                12.25,
                "./assay verify --engine " + engine + " --case qwen3-base");
    }

    public static CheckResult failed(String engine, String check) {
        return new CheckResult(
                engine,
                "qwen3",
                "qwen3-base",
                check,
                Outcome.FAIL,
                EvidenceLevel.FULL_LOGITS_AND_TAPS,
                4_000,
                new BudgetUse("logits", "len2", 0.25, 1e-6, 1.5, 4e-6, Yardstick.STANDARD_DEVIATION),
                new Divergence("attention_input.1", 1, Divergence.Method.TAPS, "len37", 17, 3, 0.1, -2.5, 1234.5),
                List.of(
                        new TapUse("attention_input.0", 0, 0.25),
                        new TapUse("attention_input.1", 1, 1234.5),
                        new TapUse("logits", -1, 375_000)),
                null,
                List.of(),
                List.of(),
                3,
                "./assay verify --engine " + engine + " --case qwen3-base");
    }

    /// A passed check of this strength.
    static CheckResult passedBy(String engine, String caseId, EvidenceLevel evidence) {
        return new CheckResult(
                engine,
                "qwen3",
                caseId,
                "some-check",
                Outcome.PASS,
                evidence,
                1,
                null,
                null,
                List.of(),
                null,
                List.of(),
                List.of(),
                1,
                "./assay verify --engine " + engine + " --case " + caseId);
    }

    /// A result without numbers.
    public static CheckResult ended(String engine, Outcome outcome, @Nullable String message) {
        return new CheckResult(
                engine,
                "llama3",
                "llama3-base",
                "causality",
                outcome,
                EvidenceLevel.NONE,
                outcome == Outcome.PASS ? 7 : 0,
                null,
                null,
                List.of(),
                message,
                List.of(),
                List.of(),
                0,
                "./assay verify --engine " + engine + " --case llama3-base");
    }

    /// A result with counts, and with the load of one layer of four experts.
    public static CheckResult counted(String engine, String check, Outcome outcome, Count... counts) {
        return new CheckResult(
                engine,
                "qwen3-moe",
                "qwen3-moe-base",
                check,
                outcome,
                EvidenceLevel.NONE,
                40,
                null,
                null,
                List.of(),
                null,
                List.of(counts),
                List.of(new ExpertLoad(1, "len8", List.of(8, 4, 0, 4))),
                1,
                "./assay verify --engine " + engine + " --case qwen3-moe-base");
    }

    public static Report report(CheckResult... results) {
        return report(List.of(), results);
    }

    public static Report report(List<Fault> faults, CheckResult... results) {
        return new Report(
                Report.FORMAT,
                "0.1.0",
                DIGEST,
                "./assay verify",
                null,
                "2026-11-23T10:15:30Z",
                1234.5,
                Verdicts.of(List.of(results), faults),
                faults,
                new Environment(
                        "Linux 6.1",
                        "amd64",
                        "Some CPU @ 2.50GHz",
                        2,
                        16L << 30,
                        "25.0.3+9-LTS",
                        "Eclipse Adoptium",
                        "OpenJDK 64-Bit Server VM (mixed mode, sharing)",
                        4L << 30,
                        "-Xmx4g"),
                List.of(new EngineSummary(
                        "reference", "Reference", "0.1.0", "FLOAT32", "scalar", 0, List.of("sums in double"))),
                List.of(results),
                List.of());
    }
}
