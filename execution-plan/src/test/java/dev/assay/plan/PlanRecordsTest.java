package dev.assay.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.assay.config.HiddenActivation;
import dev.assay.config.RopeParameters;
import java.util.List;
import java.util.function.LongUnaryOperator;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/// Records of plans refuse what cannot be, and say what they mean.
class PlanRecordsTest {
    @Test
    void matrixKnowsWhereItsElementsAre() {
        assertThat(WeightRef.rowsFirst("w", 3, 5).index(2, 4)).isEqualTo(14);
        // [5][9], of which rows 3 to 5
        var columnsFirst = new WeightRef("w", 3, 5, new WeightLayout.ColumnsFirst(9, 3));
        assertThat(columnsFirst.index(2, 4)).isEqualTo(4 * 9 + 3 + 2);
        assertThat(columnsFirst.storedShape()).containsExactly(5, 9);
        // [4][5][6], of which the last, rows 3 to 5
        var stacked = new WeightRef("w", 3, 5, new WeightLayout.StackedColumnsFirst(4, 3, 6, 3));
        assertThat(stacked.index(2, 4)).isEqualTo(3 * 30 + 4 * 6 + 3 + 2);
        assertThat(stacked.storedShape()).containsExactly(4, 5, 6);
        assertThatExceptionOfType(IndexOutOfBoundsException.class).isThrownBy(() -> stacked.index(3, 0));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new WeightRef("w", 3, 5, new WeightLayout.ColumnsFirst(9, 7)))
                .withMessage("w first row: found 7, expected 0 to 6");
    }

    @Test
    void stackedExpertsHaveGateBeforeUp() {
        var experts = new Experts.Stacked("moe.experts", 4, 8, 6, HiddenActivation.SILU);
        GatedMlp expert = experts.expert(2);
        assertThat(expert.gate().weight().index(0, 0)).isEqualTo(2 * 8 * 12);
        assertThat(expert.up().weight().index(0, 0)).isEqualTo(2 * 8 * 12 + 6);
        assertThat(expert.down().weight().storedShape()).containsExactly(4, 6, 8);
        assertThat(experts.elements()).isEqualTo(4 * 3 * 8 * 6);
        assertThatIllegalArgumentException().isThrownBy(() -> experts.expert(4));
    }

    @Test
    void masksCountWhatTheyShow() {
        assertThat(visible(new Mask.Causal(), 5)).containsExactly(1L, 2L, 3L, 4L, 5L);
        assertThat(visible(new Mask.SlidingWindow(3), 5)).containsExactly(1L, 2L, 3L, 3L, 3L);
        assertThat(visible(new Mask.Chunked(3), 5)).containsExactly(1L, 2L, 3L, 1L, 2L);
        for (Mask mask : List.of(new Mask.Causal(), new Mask.SlidingWindow(7), new Mask.Chunked(7))) {
            long sum = 0;
            for (int positions = 0; positions < 40; positions++) {
                assertThat(mask.visibleInTotal(positions)).as("%s", mask).isEqualTo(sum);
                sum += mask.visible(positions);
            }
        }
        assertThatIllegalArgumentException().isThrownBy(() -> new Mask.SlidingWindow(0));
    }

    private static Long[] visible(Mask mask, int positions) {
        LongUnaryOperator visible = mask::visible;
        return LongStream.range(0, positions).map(visible).boxed().toArray(Long[]::new);
    }

    @Test
    void temperatureRisesInSteps() {
        var temperature = new Temperature.LogarithmOfPosition(8, 0.1);
        assertThat(temperature.at(6)).isEqualTo(1);
        assertThat(temperature.at(7)).isEqualTo(1 + 0.1 * Math.log(2), within(1e-15));
        assertThat(temperature.at(15)).isEqualTo(1 + 0.1 * Math.log(3), within(1e-15));
    }

    @Test
    void sparsityKnowsTheQuantile() {
        // Tables give Φ⁻¹(0.95) = 1.6448536269514722, Φ⁻¹(0.5) = 0 and Φ⁻¹(0.1) = −1.2815515655446004.
        assertThat(GatedMlp.Sparsity.GaussianTopK.cutting(0.95).deviations())
                .isEqualTo(1.6448536269514722, within(1e-14));
        assertThat(GatedMlp.Sparsity.GaussianTopK.cutting(0.5).deviations()).isZero();
        assertThat(GatedMlp.Sparsity.GaussianTopK.cutting(0.1).deviations())
                .isEqualTo(-1.2815515655446004, within(1e-14));
    }

    @Test
    void routersRefuseGroupsThatCannotBe() {
        WeightRef weight = WeightRef.rowsFirst("gate", 12, 4);
        VectorRef bias = VectorRef.of("bias", 12);
        var score = new Router.Weighting.Score(1);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Router.SigmoidGroupedTopK(weight, bias, 2, 5, 1, score))
                .withMessageContaining("groups: found 5");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Router.SigmoidGroupedTopK(weight, bias, 2, 12, 12, score))
                .withMessageContaining("groups of at least 2");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Router.SoftmaxGroupedTopK(weight, 5, 3, 1, score))
                .withMessageContaining("top-k: found 5, expected 1 to 4");
        assertThatIllegalArgumentException().isThrownBy(() -> new Router.SoftmaxTopK(weight, 13, score));
    }

    @Test
    void rotaryTurnsNoMoreThanTheHead() {
        var parameters = new RopeParameters.Default(1e4);
        assertThatIllegalArgumentException().isThrownBy(() -> Rotary.halfSplit(parameters, 7));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Rotary.halfSplit(parameters, 8).requireDim(6))
                .withMessage("rotary dim: found 8, expected at most the head dim 6");
    }

    @Test
    void planRefusesLayersOfAnotherSize() {
        DecoderPlan small = Published.plan("qwen3-0.6b");
        DecoderPlan large = Published.plan("qwen3-4b");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> withLayers(small, large.layers()))
                .withMessageContaining("layer 0 attention norm");
        assertThatIllegalArgumentException().isThrownBy(() -> withLayers(small, List.of()));
    }

    private static DecoderPlan withLayers(DecoderPlan plan, List<Layer> layers) {
        return new DecoderPlan(
                plan.architecture(),
                plan.vocabSize(),
                plan.hiddenSize(),
                plan.maxPositions(),
                plan.embedding(),
                plan.perLayerEmbedding(),
                plan.residualStream(),
                layers,
                plan.finalNorm(),
                plan.head(),
                plan.skipped());
    }

    @Test
    void patternsFoldRunsAndRepetitions() {
        assertThat(pattern(0, 0, 0)).isEqualTo("A×3");
        assertThat(pattern(0, 0, 1, 0, 0, 1, 0)).isEqualTo("(A×2 B)×2 A");
        assertThat(pattern(0, 1, 1, 1)).isEqualTo("A B×3");
        assertThat(pattern(0)).isEqualTo("A");
        assertThat(new LayerPattern(List.of(0, 2), List.of(0, 0, 1, 0, 0, 1)).layersOf(0))
                .isEqualTo("0-1, 3-4");
    }

    private static String pattern(Integer... sequence) {
        return new LayerPattern(List.of(), List.of(sequence)).toString();
    }
}
