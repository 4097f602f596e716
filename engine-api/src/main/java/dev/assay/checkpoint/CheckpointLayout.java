package dev.assay.checkpoint;

import dev.assay.config.DeepSeekV2Config;
import dev.assay.config.DeepSeekV3Config;
import dev.assay.config.Gemma3Config;
import dev.assay.config.Gemma3nConfig;
import dev.assay.config.Gpt2Config;
import dev.assay.config.Llama3Config;
import dev.assay.config.Llama4Config;
import dev.assay.config.MistralConfig;
import dev.assay.config.ModelConfig;
import dev.assay.config.Olmo2Config;
import dev.assay.config.Qwen3Config;
import dev.assay.config.Qwen3MoeConfig;
import dev.assay.config.SmolLm3Config;
import java.util.List;

/// The tensors that a configuration demands, under their published names: the text model only, without duplicates
/// of tied weights and without the scales of FP8 matrices.
public final class CheckpointLayout {
    private CheckpointLayout() {}

    /// Every tensor of the model, in the order of its layers.
    ///
    /// @throws CheckpointException if the configuration's sizes lead beyond what a tensor can have
    public static List<TensorSpec> of(ModelConfig config) {
        try {
            return switch (config) {
                case Llama3Config llama -> Llama3Layout.of(llama);
                case Qwen3Config qwen -> Qwen3Layout.of(qwen);
                case Qwen3MoeConfig qwen -> Qwen3MoeLayout.of(qwen);
                case MistralConfig mistral -> MistralLayout.of(mistral);
                case SmolLm3Config smolLm -> SmolLm3Layout.of(smolLm);
                case Olmo2Config olmo -> Olmo2Layout.of(olmo);
                case Gemma3Config gemma -> Gemma3Layout.of(gemma);
                case Gemma3nConfig gemma -> Gemma3nLayout.of(gemma);
                case Llama4Config llama -> Llama4Layout.of(llama);
                case Gpt2Config gpt -> Gpt2Layout.of(gpt);
                case DeepSeekV2Config deepSeek -> DeepSeekV2Layout.of(deepSeek);
                case DeepSeekV3Config deepSeek -> DeepSeekV3Layout.of(deepSeek);
            };
        } catch (ArithmeticException e) {
            throw new CheckpointException(
                    config.architecture().title() + ": the configuration's sizes lead to a tensor too large to exist",
                    e);
        }
    }
}
