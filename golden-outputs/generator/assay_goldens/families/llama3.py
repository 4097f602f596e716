"""Llama 3.x."""

from __future__ import annotations

from random import Random
from typing import Any

from ..cases import Case, ConfigChanges, Family, Wiring
from ..synthesis import TensorSpec
from . import common, draw


def _config(**other):
    config = {
        "architectures": ["LlamaForCausalLM"],
        "attention_bias": False,
        "attention_dropout": 0.0,
        "bos_token_id": 1,
        "eos_token_id": [2, 3],
        "head_dim": 20,
        "hidden_act": "silu",
        "hidden_size": 54,
        "initializer_range": 0.02,
        "intermediate_size": 76,
        "max_position_embeddings": 128,
        "mlp_bias": False,
        "model_type": "llama",
        "num_attention_heads": 6,
        "num_hidden_layers": 3,
        "num_key_value_heads": 2,
        "pretraining_tp": 1,
        "rms_norm_eps": 1e-05,
        "rope_scaling": {
            "factor": 8.0,
            "high_freq_factor": 4.0,
            "low_freq_factor": 1.0,
            "original_max_position_embeddings": 32,
            "rope_type": "llama3",
        },
        "rope_theta": 1000.0,
        "tie_word_embeddings": True,
        "torch_dtype": "bfloat16",
        "transformers_version": "4.45.0.dev0",
        "use_cache": True,
        "vocab_size": 163,
    }
    config.update(other)
    return {name: value for name, value in config.items() if value is not ...}


class Llama3(Family):
    name = "llama3"

    def tensors(self, case: Case) -> list[TensorSpec]:
        config = case.config
        rules = common.Rules(case)
        rules.ends(config)
        for i in range(config["num_hidden_layers"]):
            layer = f"model.layers.{i}"
            rules.norm(f"{layer}.input_layernorm.weight", config["hidden_size"])
            rules.norm(f"{layer}.post_attention_layernorm.weight", config["hidden_size"])
            rules.gqa(f"{layer}.self_attn", config)
            rules.gated_mlp(
                f"{layer}.mlp", config["hidden_size"], config["intermediate_size"], config.get("mlp_bias", False)
            )
        return rules.specs

    def changes(self, case: Case) -> ConfigChanges:
        return common.changes(case)

    def random_config(self, rng: Random) -> dict[str, Any]:
        head_dim = rng.choice((None, 2 * rng.randint(3, 11)))
        config = draw.sizes(rng, head_dim)
        if head_dim:
            config["head_dim"] = head_dim
            config["hidden_size"] += -config["hidden_size"] % config["num_attention_heads"]
        config |= {
            "architectures": ["LlamaForCausalLM"],
            "attention_bias": draw.maybe(rng, 0.3),
            "hidden_act": "silu",
            "max_position_embeddings": 128,
            "mlp_bias": draw.maybe(rng, 0.3),
            "model_type": "llama",
            **draw.rope(rng, ("default", "linear", "llama3", "llama3", "yarn")),
        }
        if draw.maybe(rng, 0.8):
            config["tie_word_embeddings"] = draw.maybe(rng, 0.5)
        return draw.tail(rng, config)

    def wiring(self, case: Case) -> dict[str, Wiring]:
        return common.gqa_wiring(case, "LlamaRMSNorm")

    cases = [
        Case(
            id="llama3-base",
            seed=3101,
            config=_config(rms_norm_eps=0.004),
            prompt_lengths=(1, 2, 9, 41),
            exercises="4.x config; llama3 rope scaling with frequencies in all three bands, prompt past the original context "
            "of 32; tied head; head_dim 20 beside hidden/heads 9; eps 0.004",
            notes="",
        ),
        Case(
            id="llama3-untied-5x",
            seed=3102,
            config=_config(
                dtype="bfloat16",
                torch_dtype=...,
                rope_scaling=...,
                rope_theta=...,
                rope_parameters={
                    "factor": 32.0,
                    "high_freq_factor": 3.0,
                    "low_freq_factor": 1.5,
                    "original_max_position_embeddings": 36,
                    "rope_theta": 60.0,
                    "rope_type": "llama3",
                },
                num_attention_heads=9,
                num_key_value_heads=3,
                head_dim=10,
                tie_word_embeddings=False,
                transformers_version="5.18.0",
            ),
            style={"embedding_std": 0.01, "residual": 0.03},
            prompt_lengths=(1, 2, 9, 41),
            exercises="5.x config with llama3 scaling inside rope_parameters; untied lm_head; residual stream around 0.05, so that "
            "the usual eps 1e-5 shows; 9 query heads on 3 KV heads",
            notes="",
        ),
        Case(
            id="llama3-no-head-dim",
            seed=3103,
            config=_config(
                head_dim=...,
                hidden_size=60,
                num_attention_heads=6,
                num_key_value_heads=3,
                attention_bias=True,
                mlp_bias=True,
                rope_scaling=None,
                rope_theta=10000.0,
                rms_norm_eps=0.003,
                num_hidden_layers=2,
                tie_word_embeddings=False,
            ),
            exercises="no head_dim in the config (hidden/heads = 10); unscaled rope; q/k/v/o and gate/up/down biases",
            notes="No published Llama 3 has biases; the two fields are honoured by Hugging Face.",
        ),
        Case(
            id="llama3-linear",
            seed=3104,
            config=_config(
                rope_scaling={"factor": 4.0, "type": "linear"},
                rope_theta=10000.0,
                rms_norm_eps=0.002,
                num_key_value_heads=1,
                num_hidden_layers=2,
                tie_word_embeddings=...,
                pretraining_tp=2,
            ),
            exercises="rope_scaling with the old key `type`, linear: every angle divided by 4; tie_word_embeddings absent, which "
            "means untied; 6 query heads on 1 KV head",
            notes="pretraining_tp 2 must not change anything.",
        ),
        Case(
            id="llama3-even",
            seed=3105,
            config=_config(
                head_dim=...,
                hidden_size=64,
                intermediate_size=96,
                num_attention_heads=4,
                num_hidden_layers=2,
                rms_norm_eps=0.003,
                rope_scaling=None,
                rope_theta=500000.0,
                tie_word_embeddings=False,
            ),
            prompt_lengths=(1, 2, 9, 33),
            exercises="as Llama 3 8B, without rope scaling; every width a multiple of 16, for engines that run no others",
            notes="",
        ),
        Case(
            id="llama3-q8",
            seed=3106,
            config=_config(
                head_dim=32,
                hidden_size=64,
                intermediate_size=96,
                num_attention_heads=4,
                num_hidden_layers=2,
                rms_norm_eps=0.003,
                torch_dtype="float32",
            ),
            style={"dtype": "F32", "rounded_to": "Q8_0"},
            prompt_lengths=(1, 2, 9, 41),
            exercises="matrices that blocks of Q8_0 hold exactly, so that one golden is right for the file in F32 and in Q8_0; llama3 rope "
            "scaling; tied head; head_dim 32 beside hidden/heads 16",
            notes="",
        ),
    ]


FAMILY = Llama3()
