package dev.assay.perf.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.perf.model.BenchModel;
import dev.assay.perf.model.WeightType;
import dev.assay.report.BenchRow;
import dev.assay.report.BenchRow.Decode;
import dev.assay.report.BenchRow.Extrapolation;
import dev.assay.report.BenchRow.Prefill;
import dev.assay.report.BudgetUse;
import dev.assay.report.BudgetUse.Yardstick;
import dev.assay.report.Outcome;
import dev.assay.report.Spread;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/// Slices whose speeds are made up from a known law, and what becomes of it.
class ExtrapolatorTest {
    private static final Workload WORKLOAD = Workload.random(9, 5, 37);

    private static BenchModel tiny(int layers) {
        return BenchModel.ofShape("tiny", """
            {
              "model_type": "qwen3", "vocab_size": 37, "hidden_size": 18, "intermediate_size": 13,
              "num_hidden_layers": 12, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 6,
              "max_position_embeddings": 64, "rms_norm_eps": 1e-6, "tie_word_embeddings": true, "hidden_act": "silu",
              "rope_theta": 10000
            }
            """, layers, WeightType.bf16);
    }

    /// A slice that takes `intercept + slope * work` seconds, a little more and a little less in turn.
    private static Extrapolator.Slice slice(int layers, double intercept, double slope) throws InterruptedException {
        BenchModel model = tiny(layers);
        Settings settings = new Settings(
                1,
                1,
                Duration.ofMillis(1),
                new dev.assay.perf.ceiling.CeilingEffort(1 << 16, 1),
                1,
                Duration.ofMinutes(1),
                List.of());
        LogitsRule any = (what, _, _) -> new BudgetUse("logits", what, 0, 1, 0, 1, Yardstick.STANDARD_DEVIATION);
        BenchRow row;
        try (Checkpoint checkpoint = model.checkpoint().get()) {
            row = new Benchmark(settings, new dev.assay.reference.ReferenceEngine(), any, _ -> {})
                    .run(new AlteredEngine(), model, checkpoint, WORKLOAD, "./assay bench")
                    .row();
        }
        assertThat(row.checked().outcome()).isEqualTo(Outcome.PASS);
        Prefill prefill = Objects.requireNonNull(row.prefill());
        Decode decode = Objects.requireNonNull(row.decode());
        Spread prompts = rates(9, intercept + slope * prefill.flops());
        Spread tokens = rates(1, intercept + slope * decode.bytesPerToken());
        return new Extrapolator.Slice(
                model,
                new BenchRow(
                        row.engine(),
                        row.model(),
                        row.dtype(),
                        row.threads(),
                        row.shape(),
                        row.execution(),
                        row.checked(),
                        new Prefill(9, prompts.median(), prompts, prefill.flops(), prefill.fmaPeakShare()),
                        new Decode(
                                decode.tokens(),
                                tokens.median(),
                                tokens,
                                decode.bytesPerToken(),
                                decode.flopsPerToken(),
                                decode.readCeilingShare(),
                                decode.latency(),
                                decode.allocatedBytesPerToken(),
                                decode.returnedBytesPerToken()),
                        row.requests(),
                        row.kvCache(),
                        row.activeParameters(),
                        row.memory(),
                        row.ceilings(),
                        row.warmUp(),
                        null,
                        row.reproduce()));
    }

    private static Spread rates(int tokens, double seconds) {
        return Spread.of(tokens / (0.99 * seconds), tokens / seconds, tokens / (1.01 * seconds));
    }

    /// Twelve layers after the law that slices of two and of four layers followed.
    @Test
    void twoDepthsGiveTheLawBack() throws InterruptedException {
        double intercept = 1e-5;
        double slope = 1e-8;
        Extrapolation whole = new Extrapolator(tiny(12), WORKLOAD)
                .of(List.of(slice(4, intercept, slope), slice(2, intercept, slope)))
                .orElseThrow();

        WorkloadCost cost = WorkloadCost.of(tiny(12), WORKLOAD, 4);
        double decode = 1 / (intercept + slope * cost.decodeBytesPerToken());
        double prefill = 9 / (intercept + slope * cost.prefillFlops());
        assertThat(whole.layers()).containsExactly(2, 4);
        assertThat(whole.decodeTokensPerSecond().value()).isCloseTo(decode, withinPercentage(0.01));
        assertThat(whole.prefillTokensPerSecond().value()).isCloseTo(prefill, withinPercentage(0.01));
        assertThat(whole.decodeTokensPerSecond().low()).isLessThan(decode);
        assertThat(whole.decodeTokensPerSecond().high()).isGreaterThan(decode);
        assertThat(whole.formula()).contains("least squares over slices of [2, 4] layers", "decode a = 0.010 ms");
        assertThat(whole.weightBytes()).isEqualTo(tiny(12).weightBytes().total());
        assertThat(whole.kvCacheBytes()).isEqualTo(12 * 2 * 2 * 6 * 4 * 14);
    }

    /// What one depth says is right only where nothing is fixed.
    @Test
    void oneDepthTakesEverythingInProportion() throws InterruptedException {
        double slope = 1e-8;
        Extrapolation whole = new Extrapolator(tiny(12), WORKLOAD)
                .of(List.of(slice(4, 0, slope)))
                .orElseThrow();

        double bytes = WorkloadCost.of(tiny(12), WORKLOAD, 4).decodeBytesPerToken();
        assertThat(whole.decodeTokensPerSecond().value()).isCloseTo(1 / (slope * bytes), withinPercentage(0.01));
        assertThat(whole.formula()).contains("a = 0, from a slice of 4 layers alone");
    }

    @Test
    void oneRepetitionSaysNothing() throws InterruptedException {
        Extrapolator.Slice slice = slice(4, 0, 1e-8);
        BenchRow row = slice.row();
        Decode decode = Objects.requireNonNull(row.decode());
        BenchRow once = new BenchRow(
                row.engine(),
                row.model(),
                row.dtype(),
                row.threads(),
                row.shape(),
                row.execution(),
                row.checked(),
                row.prefill(),
                new Decode(
                        decode.tokens(),
                        decode.tokensPerSecond(),
                        Spread.of(decode.tokensPerSecond()),
                        decode.bytesPerToken(),
                        decode.flopsPerToken(),
                        decode.readCeilingShare(),
                        decode.latency(),
                        decode.allocatedBytesPerToken(),
                        decode.returnedBytesPerToken()),
                row.requests(),
                row.kvCache(),
                row.activeParameters(),
                row.memory(),
                row.ceilings(),
                row.warmUp(),
                null,
                row.reproduce());

        Optional<Extrapolation> whole =
                new Extrapolator(tiny(12), WORKLOAD).of(List.of(new Extrapolator.Slice(slice.model(), once)));

        assertThat(whole).isEmpty();
    }
}
