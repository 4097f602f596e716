package dev.assay.config;

/// How DeepSeek V2 chooses experts, HF's `topk_method`.
public sealed interface TopkMethod {
    /// The experts with the highest scores; `greedy`.
    record Greedy() implements TopkMethod {}

    /// The same, among the experts of the best groups; `group_limited_greedy`. A group is worth the score of its
    /// best expert.
    ///
    /// @param nGroup groups that the experts are divided into, in order
    /// @param topkGroup groups that remain
    record GroupLimitedGreedy(int nGroup, int topkGroup) implements TopkMethod {}
}
