package dev.assay.plan.planner;

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
import dev.assay.plan.DecoderPlan;

/// From any configuration to its plan.
public final class Planners {
    private Planners() {}

    /// The plan of the decoder that `config` describes.
    ///
    /// @throws IllegalArgumentException if its sizes lead to a tensor that cannot exist
    public static DecoderPlan plan(ModelConfig config) {
        try {
            return switch (config) {
                case DeepSeekV2Config deepSeek -> DeepSeekV2Planner.plan(deepSeek);
                case DeepSeekV3Config deepSeek -> DeepSeekV3Planner.plan(deepSeek);
                case Gemma3Config gemma -> Gemma3Planner.plan(gemma);
                case Gemma3nConfig gemma -> Gemma3nPlanner.plan(gemma);
                case Gpt2Config gpt -> Gpt2Planner.plan(gpt);
                case Llama3Config llama -> Llama3Planner.plan(llama);
                case Llama4Config llama -> Llama4Planner.plan(llama);
                case MistralConfig mistral -> MistralPlanner.plan(mistral);
                case Olmo2Config olmo -> Olmo2Planner.plan(olmo);
                case Qwen3Config qwen -> Qwen3Planner.plan(qwen);
                case Qwen3MoeConfig qwen -> Qwen3MoePlanner.plan(qwen);
                case SmolLm3Config smol -> SmolLm3Planner.plan(smol);
            };
        } catch (ArithmeticException e) {
            throw new IllegalArgumentException(
                    config.architecture().title() + ": the configuration's sizes lead to a tensor too large to exist",
                    e);
        }
    }
}
