"""DeepSeek R1 and Kimi K2 Thinking: configurations of DeepSeek V3 with rows of their own."""

from __future__ import annotations

from ..cases import Case
from . import deepseek_v3
from .deepseek_v3 import ONE_GROUP, OTHERS


class DeepseekR1(deepseek_v3.DeepseekV3):
    name = "deepseek_r1"

    cases = [
        Case(
            id="deepseek-r1-base",
            seed=4408,
            config=deepseek_v3.base_config(
                eos_token_id=1,
                hidden_size=50,
                kv_lora_rank=24,
                n_group=8,
                n_routed_experts=24,
                num_attention_heads=4,
                num_experts_per_tok=6,
                num_hidden_layers=2,
                num_key_value_heads=4,
                quantization_config={
                    "activation_scheme": "dynamic",
                    "fmt": "e4m3",
                    "quant_method": "fp8",
                    "weight_block_size": [16, 12],
                },
                rope_scaling=deepseek_v3.YARN | {"mscale": 1.0, "mscale_all_dim": 1.0},
                topk_group=4,
                transformers_version="4.46.3",
            ),
            prompt_lengths=(1, 2, 9, 33),
            style={"mtp": True},
            quiet_wiring=OTHERS,
            exercises="the published shape of R1: 4 of 8 groups, routed_scaling_factor 2.5, float8 blocks (16 x 12, ragged in both directions) "
            "and a multi-token prediction layer in one file; mscale 1.0 twice",
            notes="model.layers.2.* is the multi-token prediction layer, with float8 scales of its own, and takes no part.",
        ),
        Case(
            id="kimi-k2-thinking",
            seed=4421,
            config=deepseek_v3.base_config(
                aux_loss_alpha=0.001,
                ep_size=...,
                hidden_size=48,
                max_position_embeddings=2048,
                model_type="kimi_k2",
                n_group=1,
                n_routed_experts=9,
                num_attention_heads=3,
                num_experts_per_tok=4,
                num_hidden_layers=2,
                num_nextn_predict_layers=0,
                pretraining_tp=1,
                rms_norm_eps=1e-05,
                rope_scaling=deepseek_v3.KIMI_YARN | {"factor": 64.0},
                routed_scaling_factor=2.827,
                seq_aux=True,
                topk_group=1,
                transformers_version="4.48.3",
                v_head_dim=15,
            ),
            prompt_lengths=(1, 2, 9, 37),
            style={
                "correction_mean": 2.0,
                "correction_std": 0.15,
                "embedding_std": 0.01,
                "residual": 0.03,
                "q_latent": 0.05,
                "kv_latent": 0.1,
            },
            inert={"rope_scaling.truncate": "the ramp is one step wide, and no whole index lies inside it either way"},
            quiet_wiring=ONE_GROUP | OTHERS,
            exercises="as Kimi K2 Thinking: YaRN factor 64 and rms_norm_eps 1e-5, under which the latent norms keep 1e-6; residual stream "
            "around 0.02, so that both show",
            notes="Kimi K2 Instruct has factor 32 and eps 1e-6. Hugging Face 5.18 has no kimi_k2; the oracle runs it as deepseek_v3.",
        ),
    ]


FAMILY = DeepseekR1()
