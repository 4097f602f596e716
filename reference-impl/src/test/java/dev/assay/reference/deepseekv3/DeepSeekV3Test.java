package dev.assay.reference.deepseekv3;

import static dev.assay.reference.math.ScalarMath.linear;
import static dev.assay.reference.math.ScalarMath.rmsNorm;
import static dev.assay.reference.math.ScalarMath.slice;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assertions.withinPercentage;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.config.DeepSeekV3Config;
import dev.assay.config.RopeParameters;
import dev.assay.engine.Tap;
import dev.assay.engine.TapPoint;
import dev.assay.reference.TinyModels;
import dev.assay.reference.cache.LatentCache;
import dev.assay.reference.decoder.Weights;
import dev.assay.reference.math.PublishedRope;
import dev.assay.reference.math.Rope;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What distinguishes DeepSeek V3, part by part. The whole is compared with the golden cases.
class DeepSeekV3Test {
    private static final float[] NO_BIAS = new float[6]; // [E]

    static List<PublishedRope> scales() {
        return PublishedRope.all().stream()
                .filter(PublishedRope::hasSoftmaxScale)
                .toList();
    }

    @ParameterizedTest
    @MethodSource("scales")
    void softmaxScaleAgreesWithHuggingFace(PublishedRope rope) {
        // Ten units in the last place of a double.
        assertThat(DeepSeekV3.softmaxScale(config(128, rope.headDim(), rope.parameters())))
                .isCloseTo(rope.softmaxScale(), withinPercentage(10 * 0x1p-52 * 100));
    }

    @Test
    void softmaxScaleWithoutYarnIsThatOfTheHead() {
        for (RopeParameters rope : List.of(
                new RopeParameters.Default(10_000),
                new RopeParameters.Linear(10_000, 4),
                new RopeParameters.Llama3(10_000, 4, 1, 4, 64))) {
            assertThat(DeepSeekV3.softmaxScale(config(12, 4, rope))).isEqualTo(0.25);
        }
    }

    @Test
    void expertsAreChosenByBiasedScoreBestFirst() {
        double[] scores = {0.1, 0.9, 0.3, 0.5, 0.2, 0.4};
        assertThat(decoder(1, 1).choose(scores, NO_BIAS)).containsExactly(1, 3, 5);
        assertThat(decoder(1, 1).choose(scores, new float[] {2, 0, 0, 0, 1, 0})).containsExactly(0, 4, 1);
    }

    @Test
    void ofEqualExpertsTheFirstIsChosen() {
        assertThat(decoder(1, 1).choose(new double[] {0.5, 0.7, 0.5, 0.7, 0.7, 0.7}, NO_BIAS))
                .containsExactly(1, 3, 4);
    }

    @Test
    void aGroupIsWorthItsTwoBestExperts() {
        // By its best expert the last group would come first; by the sum of two it comes last.
        double[] scores = {0.5, 0.5, 0.6, 0.3, 0.7, 0.1};
        assertThat(decoder(3, 2).choose(scores, NO_BIAS)).containsExactly(2, 0, 1);
    }

    @Test
    void expertsOfOtherGroupsAreNeverChosen() {
        // All kept scores are negative, so masking with 0 would choose experts 4 and 5.
        double[] scores = {0.5, 0.4, 0.3, 0.2, 0.1, 0.1};
        float[] bias = {-1, -1, -1, -1, -1, -1}; // [E]
        assertThat(decoder(3, 2).choose(scores, bias)).containsExactly(0, 1, 2);
    }

    @Test
    void weightsAreTheNormalisedScoresTimesTheScalingFactor() {
        double[] scores = {0.1, 0.9, 0.3, 0.5, 0.2, 0.4};
        assertThat(decoder(TinyModels.DEEPSEEK_V3).routingWeights(scores, new int[] {2, 4, 3}))
                .containsExactly(new double[] {0.75, 0.5, 1.25}, within(1e-15));
    }

    @Test
    void weightsAreTheScoresThemselvesIfNotNormalised() {
        double[] scores = {0.1, 0.9, 0.3, 0.5, 0.2, 0.4};
        double factor = TinyModels.KIMI_K2.routedScalingFactor();
        assertThat(decoder(TinyModels.KIMI_K2).routingWeights(scores, new int[] {1, 0}))
                .containsExactly(0.9 * factor, 0.1 * factor);
    }

    @Test
    void weightsOfVanishingScoresAreFinite() {
        assertThat(decoder(TinyModels.DEEPSEEK_V3).routingWeights(new double[6], new int[] {0, 1, 2}))
                .containsExactly(0, 0, 0);
    }

    @Test
    void theCacheHoldsTheNormedLatentAndTheRotatedKey() {
        // Eps is 1e-6, although rms_norm_eps is 0.01.
        assertThat(TinyModels.KIMI_K2.rmsNormEps()).isEqualTo(0.01);
        assertThat(TinyModels.KIMI_K2.ropeInterleave()).isFalse();
        assertCached(TinyModels.KIMI_K2, Rope::rotateHalfSplit);
    }

    @Test
    void aKeyRotatedInPairsStaysInPublishedOrder() {
        assertThat(TinyModels.DEEPSEEK_V3.ropeInterleave()).isTrue();
        assertCached(TinyModels.DEEPSEEK_V3, Rope::rotateInterleaved);
    }

    private interface Rotation {
        float[] rotate(Rope rope, float[] head, int position);
    }

    /// Computes the cache of layer 0 from what its attention is given.
    private static void assertCached(DeepSeekV3Config config, Rotation rotation) {
        int[] tokens = TinyModels.prompt(3);
        try (Checkpoint checkpoint = TinyModels.checkpoint(config)) {
            Weights weights = new Weights(checkpoint);
            DeepSeekV3 decoder = new DeepSeekV3(config, weights);
            LatentCache cache = decoder.newCache();
            float[][][] attentionInput = new float[1][][]; // [1][T][D]
            decoder.forward(tokens, cache, (point, rows) -> {
                if (point.equals(TapPoint.of(Tap.ATTENTION_INPUT, 0))) {
                    attentionInput[0] = rows;
                }
            });
            int C = config.kvLoraRank();
            int r = config.qkRopeHeadDim();
            Weights attention = weights.under("model.layers.0.self_attn.");
            float[][] down = attention.matrix("kv_a_proj_with_mqa.weight", C + r, config.hiddenSize()); // [C+r][D]
            float[] norm = attention.vector("kv_a_layernorm.weight", C); // [C]
            Rope rope = new Rope(config.ropeParameters(), r);
            for (int t = 0; t < tokens.length; t++) {
                float[] compressed = config.attentionBias()
                        ? linear(down, attention.vector("kv_a_proj_with_mqa.bias", C + r), attentionInput[0][t])
                        : linear(down, attentionInput[0][t]); // [C+r]
                assertThat(cache.layer(0).latent(t)).isEqualTo(rmsNorm(slice(compressed, 0, C), norm, 1e-6));
                assertThat(cache.layer(0).rotatedKey(t)).isEqualTo(rotation.rotate(rope, slice(compressed, C, r), t));
            }
        }
    }

    private static DeepSeekV3 decoder(int nGroup, int topkGroup) {
        DeepSeekV3Config c = TinyModels.DEEPSEEK_V3;
        return decoder(new DeepSeekV3Config(
                c.architecture(),
                c.vocabSize(),
                c.hiddenSize(),
                c.intermediateSize(),
                c.moeIntermediateSize(),
                c.numHiddenLayers(),
                c.numAttentionHeads(),
                c.qLoraRank(),
                c.kvLoraRank(),
                c.qkNopeHeadDim(),
                c.qkRopeHeadDim(),
                c.vHeadDim(),
                c.nRoutedExperts(),
                c.nSharedExperts(),
                c.numExpertsPerTok(),
                nGroup,
                topkGroup,
                c.normTopkProb(),
                c.routedScalingFactor(),
                c.firstKDenseReplace(),
                c.hiddenAct(),
                c.maxPositionEmbeddings(),
                c.rmsNormEps(),
                c.tieWordEmbeddings(),
                c.attentionBias(),
                c.ropeParameters(),
                c.ropeInterleave(),
                c.numNextnPredictLayers(),
                c.weightBlockSize()));
    }

    /// A decoder that is asked for routing only, which needs no weights.
    private static DeepSeekV3 decoder(DeepSeekV3Config config) {
        return new DeepSeekV3(config, new Weights(TinyModels.checkpoint(config)));
    }

    private static DeepSeekV3Config config(int qkNopeHeadDim, int qkRopeHeadDim, RopeParameters rope) {
        DeepSeekV3Config c = TinyModels.DEEPSEEK_V3;
        return new DeepSeekV3Config(
                c.architecture(),
                c.vocabSize(),
                c.hiddenSize(),
                c.intermediateSize(),
                c.moeIntermediateSize(),
                c.numHiddenLayers(),
                c.numAttentionHeads(),
                c.qLoraRank(),
                c.kvLoraRank(),
                qkNopeHeadDim,
                qkRopeHeadDim,
                c.vHeadDim(),
                c.nRoutedExperts(),
                c.nSharedExperts(),
                c.numExpertsPerTok(),
                c.nGroup(),
                c.topkGroup(),
                c.normTopkProb(),
                c.routedScalingFactor(),
                c.firstKDenseReplace(),
                c.hiddenAct(),
                c.maxPositionEmbeddings(),
                c.rmsNormEps(),
                c.tieWordEmbeddings(),
                c.attentionBias(),
                rope,
                c.ropeInterleave(),
                c.numNextnPredictLayers(),
                c.weightBlockSize());
    }
}
