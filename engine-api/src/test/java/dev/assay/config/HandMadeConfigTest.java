package dev.assay.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// Records hold themselves to the same rules as files, and cannot be changed afterwards.
class HandMadeConfigTest {
    private static final RopeParameters ROPE = new RopeParameters.Default(10_000);

    @Test
    void recordRefusesWhatAFileMayNotSay() {
        assertThatExceptionOfType(ConfigException.class)
                .isThrownBy(() -> new Llama3Config(
                        100, 64, 96, 2, 4, 3, 16, HiddenActivation.SILU, 128, 1e-5, true, false, false, ROPE))
                .withMessage("key \"num_key_value_heads\": found 3, expected a divisor of num_attention_heads 4");
        assertThatExceptionOfType(ConfigException.class)
                .isThrownBy(() -> qwen3(15, List.of(AttentionType.FULL, AttentionType.FULL)))
                .withMessage("key \"head_dim\": found 15, expected an even number, because RoPE turns pairs");
        assertThatExceptionOfType(ConfigException.class)
                .isThrownBy(() -> smolLm3(2, List.of(PositionEncoding.ROPE)))
                .withMessage("key \"no_rope_layers\": found a list of 1, expected 2, one for each layer");
        assertThatExceptionOfType(ConfigException.class)
                .isThrownBy(() -> new BlockSize(128, 0))
                .withMessage("key \"weight_block_size\": found 0, expected a whole number above 0");
        assertThatExceptionOfType(ConfigException.class)
                .isThrownBy(() -> new RopeParameters.Linear(Double.NaN, 1))
                .withMessage("key \"rope_theta\": found NaN, expected a finite number above 0");
    }

    @Test
    void architectureMustBeOneOfTheRecord() {
        assertThatExceptionOfType(ConfigException.class)
                .isThrownBy(() -> mistral(Architecture.LLAMA_3, 4))
                .withMessageStartingWith("key \"model_type\": found LLAMA_3, expected ");
        assertThatExceptionOfType(ConfigException.class)
                .isThrownBy(() -> mistral(Architecture.MISTRAL_7B, null))
                .withMessageStartingWith("key \"model_type\": found MISTRAL_7B, expected ");
        assertThat(mistral(Architecture.MISTRAL_7B, 4).architecture()).isEqualTo(Architecture.MISTRAL_7B);
    }

    @Test
    void slidingLayersAreNotChunkedOnes() {
        Gemma3Config gemma = (Gemma3Config) Configs.parse(Configs.published("gemma-3-270m"));
        assertThatExceptionOfType(ConfigException.class)
                .isThrownBy(() -> new Gemma3Config(
                        gemma.vocabSize(),
                        gemma.hiddenSize(),
                        gemma.intermediateSize(),
                        gemma.numHiddenLayers(),
                        gemma.numAttentionHeads(),
                        gemma.numKeyValueHeads(),
                        gemma.headDim(),
                        gemma.hiddenActivation(),
                        gemma.maxPositionEmbeddings(),
                        gemma.rmsNormEps(),
                        gemma.tieWordEmbeddings(),
                        gemma.attentionBias(),
                        gemma.queryPreAttnScalar(),
                        gemma.slidingWindow(),
                        Collections.nCopies(gemma.numHiddenLayers(), AttentionType.CHUNKED),
                        gemma.fullRopeParameters(),
                        gemma.slidingRopeParameters(),
                        gemma.finalLogitSoftcapping()))
                .withMessageStartingWith("key \"layer_types\": found CHUNKED, expected one of [FULL, SLIDING]");
        assertThatExceptionOfType(ConfigException.class)
                .isThrownBy(() -> qwen3(16, List.of(AttentionType.FULL, AttentionType.SLIDING)))
                .withMessage("key \"layer_types\": found SLIDING, expected one of [FULL]");
    }

    @Test
    void listsAreCopied() {
        List<PositionEncoding> encodings = new ArrayList<>(List.of(PositionEncoding.ROPE, PositionEncoding.NOPE));
        SmolLm3Config config = smolLm3(2, encodings);
        encodings.clear();
        assertThat(config.positionEncodings())
                .containsExactly(PositionEncoding.ROPE, PositionEncoding.NOPE)
                .isUnmodifiable();
        List<AttentionType> types = new ArrayList<>(List.of(AttentionType.FULL, AttentionType.FULL));
        Qwen3Config qwen = qwen3(16, types);
        types.clear();
        assertThat(qwen.layerTypes())
                .containsExactly(AttentionType.FULL, AttentionType.FULL)
                .isUnmodifiable();
    }

    private static SmolLm3Config smolLm3(int layers, List<PositionEncoding> encodings) {
        List<AttentionType> types = Collections.nCopies(layers, AttentionType.FULL);
        return new SmolLm3Config(
                100,
                64,
                96,
                layers,
                4,
                2,
                16,
                HiddenActivation.SILU,
                128,
                1e-5,
                true,
                false,
                false,
                encodings,
                types,
                null,
                ROPE);
    }

    private static Qwen3Config qwen3(int headDim, List<AttentionType> types) {
        return new Qwen3Config(
                100, 64, 96, 2, 4, 2, headDim, HiddenActivation.SILU, 128, 1e-5, true, false, types, null, ROPE);
    }

    private static MistralConfig mistral(Architecture architecture, @Nullable Integer slidingWindow) {
        return new MistralConfig(
                architecture, 100, 64, 96, 2, 4, 2, 16, HiddenActivation.SILU, 128, 1e-5, false, slidingWindow, ROPE);
    }
}
