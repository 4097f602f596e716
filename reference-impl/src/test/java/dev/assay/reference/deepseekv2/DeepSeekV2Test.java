package dev.assay.reference.deepseekv2;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assay.config.DeepSeekV2Config;
import dev.assay.config.RopeParameters;
import dev.assay.golden.Goldens;
import java.util.List;
import org.junit.jupiter.api.Test;

class DeepSeekV2Test {
    @Test
    void softmaxScaleWithoutYarnIsThatOfTheHead() {
        for (RopeParameters rope : List.of(
                new RopeParameters.Default(10_000),
                new RopeParameters.Linear(10_000, 4),
                new RopeParameters.Llama3(10_000, 4, 1, 4, 64))) {
            assertThat(DeepSeekV2.softmaxScale(config(12, 4, rope))).isEqualTo(0.25);
        }
    }

    /// A golden case's configuration with other head sizes and another rotary embedding.
    private static DeepSeekV2Config config(int qkNopeHeadDim, int qkRopeHeadDim, RopeParameters rope) {
        DeepSeekV2Config golden =
                (DeepSeekV2Config) Goldens.bundled("deepseek-v2-lite").config();
        return new DeepSeekV2Config(
                golden.vocabSize(),
                golden.hiddenSize(),
                golden.intermediateSize(),
                golden.moeIntermediateSize(),
                golden.numHiddenLayers(),
                golden.numAttentionHeads(),
                golden.qLoraRank(),
                golden.kvLoraRank(),
                qkNopeHeadDim,
                qkRopeHeadDim,
                golden.vHeadDim(),
                golden.nRoutedExperts(),
                golden.nSharedExperts(),
                golden.numExpertsPerTok(),
                golden.topkMethod(),
                golden.routedScalingFactor(),
                golden.firstKDenseReplace(),
                golden.hiddenAct(),
                golden.maxPositionEmbeddings(),
                golden.rmsNormEps(),
                golden.tieWordEmbeddings(),
                golden.attentionBias(),
                golden.mlpBias(),
                rope);
    }
}
