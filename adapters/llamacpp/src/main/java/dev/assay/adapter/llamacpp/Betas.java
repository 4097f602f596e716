package dev.assay.adapter.llamacpp;

import dev.assay.checkpoint.gguf.Gguf;
import java.util.Optional;
import java.util.OptionalDouble;

/// The ends of YaRN's ramp, in rotations over the original context.
///
/// Given to llama.cpp as parameters of the context: of most architectures it does not read the file's keys for them and
/// takes 32 and 1 (0.5.0: seen for `qwen3`, `qwen3moe`, `olmo2` and `deepseek2`, so for Kimi K2, which has 1 and 1).
record Betas(float fast, float slow) {
    /// Those of a file, if it has YaRN.
    static Optional<Betas> of(Gguf.Layout layout) {
        OptionalDouble fast = layout.number("rope.scaling.yarn_beta_fast");
        OptionalDouble slow = layout.number("rope.scaling.yarn_beta_slow");
        return fast.isPresent() && slow.isPresent()
                ? Optional.of(new Betas((float) fast.getAsDouble(), (float) slow.getAsDouble()))
                : Optional.empty();
    }
}
