package dev.assay.plan.planner;

import dev.assay.config.DeepSeekV3Config;
import dev.assay.config.Llama3Config;
import dev.assay.config.ModelConfig;
import dev.assay.config.Qwen3Config;
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
                case DeepSeekV3Config deepSeek -> DeepSeekV3Planner.plan(deepSeek);
                case Llama3Config llama -> Llama3Planner.plan(llama);
                case Qwen3Config qwen -> Qwen3Planner.plan(qwen);
            };
        } catch (ArithmeticException e) {
            throw new IllegalArgumentException(
                    config.architecture().title() + ": the configuration's sizes lead to a tensor too large to exist",
                    e);
        }
    }
}
