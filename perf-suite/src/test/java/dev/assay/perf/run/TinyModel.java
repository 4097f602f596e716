package dev.assay.perf.run;

import dev.assay.perf.model.BenchModel;
import dev.assay.perf.model.WeightType;

/// Models small enough for the reference, with no two sizes equal that could be mixed up.
final class TinyModel {
    static final BenchModel DENSE = BenchModel.ofShape("tiny", """
            {
              "model_type": "qwen3", "vocab_size": 37, "hidden_size": 18, "intermediate_size": 13,
              "num_hidden_layers": 3, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 6,
              "max_position_embeddings": 64, "rms_norm_eps": 1e-6, "tie_word_embeddings": true, "hidden_act": "silu",
              "rope_theta": 10000
            }
            """, 3, WeightType.bf16);

    /// Two of five experts in each of two layers.
    static final BenchModel EXPERTS = BenchModel.ofShape("tiny-moe", """
            {
              "model_type": "qwen3_moe", "vocab_size": 37, "hidden_size": 18, "intermediate_size": 13,
              "moe_intermediate_size": 7, "num_experts": 5, "num_experts_per_tok": 2, "norm_topk_prob": true,
              "decoder_sparse_step": 1, "mlp_only_layers": [], "num_hidden_layers": 2, "num_attention_heads": 4,
              "num_key_value_heads": 2, "head_dim": 6, "max_position_embeddings": 64, "rms_norm_eps": 1e-6,
              "tie_word_embeddings": false, "hidden_act": "silu", "rope_theta": 10000
            }
            """, 2, WeightType.f32);

    private TinyModel() {}
}
