package dev.assay.golden;

import dev.assay.config.ModelConfig;
import dev.assay.engine.TapPoint;
import java.util.List;
import java.util.Map;

/// A golden case: a small model, prompts, and what the oracle computed for them.
///
/// @param source what users type after `--case`: the id of a bundled case, or a folder
/// @param configJson text of the case's `config.json`
/// @param notes what is worth knowing about the case, empty if nothing is
/// @param yardsticks float32 error of the oracle by place, pooled over the prompts; places without one are judged by
///     their standard deviation
/// @param sha256 digest of `golden.json`, in hexadecimal
/// @param weights where the weights come from
public record GoldenCase(
        String id,
        String source,
        ModelConfig config,
        String configJson,
        Oracle oracle,
        String notes,
        List<GoldenPrompt> prompts,
        Map<TapPoint, FloatError> yardsticks,
        String sha256,
        WeightSource weights) {
    public GoldenCase {
        prompts = List.copyOf(prompts);
        yardsticks = Map.copyOf(yardsticks);
    }

    /// The longest prompt; of several, the first.
    public GoldenPrompt longestPrompt() {
        GoldenPrompt longest = prompts.getFirst();
        for (GoldenPrompt prompt : prompts) {
            if (prompt.tokens().length > longest.tokens().length) {
                longest = prompt;
            }
        }
        return longest;
    }
}
