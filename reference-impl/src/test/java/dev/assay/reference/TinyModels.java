package dev.assay.reference;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.checkpoint.ElementType;
import dev.assay.checkpoint.SyntheticWeights;
import dev.assay.config.Architecture;
import dev.assay.config.AttentionType;
import dev.assay.config.DeepSeekV3Config;
import dev.assay.config.HiddenActivation;
import dev.assay.config.Llama3Config;
import dev.assay.config.ModelConfig;
import dev.assay.config.Qwen3Config;
import dev.assay.config.RopeParameters;
import java.util.List;

/// Models of a few thousand weights, one an architecture, with no two sizes equal that could be mixed up.
public final class TinyModels {
    public static final int VOCAB_SIZE = 31;

    public static final Llama3Config LLAMA_3 = new Llama3Config(
            VOCAB_SIZE,
            24,
            14,
            2,
            6,
            2,
            10,
            HiddenActivation.GELU_TANH,
            64,
            1e-5,
            false,
            true,
            true,
            new RopeParameters.Llama3(10_000, 8, 1, 4, 16));

    public static final Qwen3Config QWEN_3 = new Qwen3Config(
            VOCAB_SIZE,
            18,
            13,
            3,
            4,
            2,
            6,
            HiddenActivation.SILU,
            64,
            1e-6,
            true,
            false,
            List.of(AttentionType.FULL, AttentionType.SLIDING, AttentionType.FULL),
            5,
            new RopeParameters.Default(1_000_000));

    public static final DeepSeekV3Config DEEPSEEK_V3 = new DeepSeekV3Config(
            Architecture.DEEPSEEK_V3,
            VOCAB_SIZE,
            20,
            17,
            5,
            3,
            4,
            11,
            9,
            6,
            4,
            7,
            6,
            2,
            3,
            3,
            2,
            true,
            2.5,
            1,
            HiddenActivation.SILU,
            64,
            1e-6,
            false,
            false,
            new RopeParameters.Yarn(10_000, 4, 32, 1, 16, null, 1.0, 1.0, true),
            true,
            0,
            null);

    /// Every switch the other way than in [#DEEPSEEK_V3].
    public static final DeepSeekV3Config KIMI_K2 = new DeepSeekV3Config(
            Architecture.KIMI_K2,
            VOCAB_SIZE,
            20,
            17,
            5,
            2,
            4,
            null,
            9,
            6,
            4,
            7,
            6,
            1,
            3,
            1,
            1,
            false,
            2.827,
            0,
            HiddenActivation.GELU_TANH,
            64,
            0.01,
            true,
            true,
            new RopeParameters.Yarn(50_000, 32, 1, 1, 16, null, null, null, false),
            false,
            0,
            null);

    private TinyModels() {}

    public static List<ModelConfig> all() {
        return List.of(LLAMA_3, QWEN_3, DEEPSEEK_V3, KIMI_K2);
    }

    public static Checkpoint checkpoint(ModelConfig config) {
        return SyntheticWeights.forShape(config, ElementType.BF16, 1).checkpoint(config);
    }

    /// Tokens that differ from one another and follow no pattern, `[length]`.
    public static int[] prompt(int length) {
        int[] tokens = new int[length];
        for (int t = 0; t < length; t++) {
            tokens[t] = (t * t * t * 7 + t * 11 + 5) % VOCAB_SIZE;
        }
        return tokens;
    }
}
