package dev.assay.config;

import java.util.List;

/// A decoder some of whose layers have experts: a mixture of experts (MoE) in place of the MLP. All its routers choose
/// equally many from equally many, and all its experts are gated MLPs of one width.
public sealed interface MoeConfig extends ModelConfig
        permits DeepSeekV2Config, DeepSeekV3Config, Llama4Config, Qwen3MoeConfig {
    /// Layers with experts, counted from 0, in ascending order; none where a configuration makes every layer dense.
    List<Integer> moeLayers();

    /// Experts that a router chooses from.
    int routedExperts();

    /// Experts chosen for each position.
    int numExpertsPerTok();

    /// Experts that every position goes to besides.
    int sharedExperts();

    /// Inner width of each expert.
    int moeIntermediateSize();
}
