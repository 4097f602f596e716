"""Mistral 7B v0.1 (sliding window) and Mistral Small 3.1 (wrapper, no window)."""

from __future__ import annotations

from random import Random
from typing import Any

from ..cases import Case, ConfigChanges, Wiring
from ..synthesis import TensorSpec
from . import common, draw

WINDOW_MASK = "create_sliding_window_causal_mask"


def _config(**other):
    config = {
        "architectures": ["MistralForCausalLM"],
        "bos_token_id": 1,
        "eos_token_id": 2,
        "hidden_act": "silu",
        "hidden_size": 60,
        "initializer_range": 0.02,
        "intermediate_size": 76,
        "max_position_embeddings": 128,
        "model_type": "mistral",
        "num_attention_heads": 6,
        "num_hidden_layers": 3,
        "num_key_value_heads": 2,
        "rms_norm_eps": 1e-05,
        "rope_theta": 10000.0,
        "sliding_window": 8,
        "tie_word_embeddings": False,
        "torch_dtype": "bfloat16",
        "transformers_version": "4.34.0.dev0",
        "use_cache": True,
        "vocab_size": 163,
    }
    config.update(other)
    return {name: value for name, value in config.items() if value is not ...}


class Mistral(common.TextFamily):
    name = "mistral"
    text_class = "MistralForCausalLM"

    def text_tensors(self, case: Case) -> list[TensorSpec]:
        config = common.text_config(case.config)
        rules = common.Rules(case)
        rules.ends(config)
        for i in range(config["num_hidden_layers"]):
            layer = f"model.layers.{i}"
            rules.norm(f"{layer}.input_layernorm.weight", config["hidden_size"])
            rules.norm(f"{layer}.post_attention_layernorm.weight", config["hidden_size"])
            rules.gqa(f"{layer}.self_attn", config)
            rules.gated_mlp(f"{layer}.mlp", config["hidden_size"], config["intermediate_size"])
        return rules.specs

    def other_tensors(self, case: Case) -> list[TensorSpec]:
        rules = common.Rules(case)
        hidden = case.config["text_config"]["hidden_size"]
        rules.add("vision_tower.patch_conv.weight", (12, 3, 2, 2), 0.0, 0.3)
        rules.norm("vision_tower.ln_pre.weight", 12)
        rules.norm("multi_modal_projector.norm.weight", 12)
        rules.matrix("multi_modal_projector.patch_merger.merging_layer.weight", 12, 48)
        rules.matrix("multi_modal_projector.linear_1.weight", hidden, 12)
        return rules.specs

    def changes(self, case: Case) -> ConfigChanges:
        config = common.text_config(case.config)
        changed = {}
        if "sliding_window" in config:
            changed["sliding_window"] = config["sliding_window"] + 1 if config["sliding_window"] else 16
        if "tie_word_embeddings" not in config:
            changed["tie_word_embeddings"] = True
        return common.changes(case, changed)

    def random_config(self, rng: Random) -> dict[str, Any]:
        head_dim = rng.choice((None, 2 * rng.randint(3, 11)))
        config = draw.sizes(rng, head_dim)
        config |= {
            "architectures": ["MistralForCausalLM"],
            "hidden_act": "silu",
            "max_position_embeddings": 128,
            "model_type": "mistral",
            "sliding_window": rng.choice((None, rng.randint(2, 19))),
            **draw.rope(rng, ("default", "default", "linear", "llama3", "yarn")),
        }
        if head_dim:
            config["head_dim"] = head_dim
        if draw.maybe(rng, 0.8):
            config["tie_word_embeddings"] = draw.maybe(rng, 0.4)
        config = draw.tail(rng, config)
        vision = {"hidden_size": 12, "model_type": "pixtral"}
        return draw.maybe_wrapped(
            rng, config, "Mistral3ForConditionalGeneration", model_type="mistral3", spatial_merge_size=2, vision_config=vision
        )

    def wiring(self, case: Case) -> dict[str, Wiring]:
        config = common.text_config(case.config)
        found = common.gqa_wiring(case, "MistralRMSNorm")
        window = config.get("sliding_window")
        if window:
            found |= {
                "attention: window ignored": common.mask_of_all_keys(WINDOW_MASK),
                "attention: window one shorter": common.config_field("sliding_window", window - 1),
                "attention: window one longer": common.config_field("sliding_window", window + 1),
            }
        return found

    cases = [
        Case(
            id="mistral-window",
            seed=4001,
            config=_config(rms_norm_eps=0.003),
            prompt_lengths=(1, 2, 7, 8, 9, 10, 37),
            exercises="as 7B v0.1: 4.x config without head_dim, sliding window 8 in every layer, untied; eps 0.003; prompts one below, at, "
            "one and two above the window and past it",
            notes="A query sees itself and the 7 tokens before it.",
        ),
        Case(
            id="mistral-window-5x",
            seed=4002,
            config=_config(
                dtype="bfloat16",
                torch_dtype=...,
                head_dim=20,
                hidden_size=52,
                num_attention_heads=5,
                num_key_value_heads=1,
                rope_theta=...,
                rope_parameters={
                    "rope_type": "yarn",
                    "rope_theta": 1000.0,
                    "factor": 16.0,
                    "original_max_position_embeddings": 24,
                    "beta_fast": 1.0,
                    "beta_slow": 0.25,
                    "mscale": 1.5,
                    "mscale_all_dim": 0.5,
                },
                sliding_window=5,
                tie_word_embeddings=True,
                transformers_version="5.18.0",
            ),
            style={"embedding_std": 0.01, "residual": 0.03},
            prompt_lengths=(1, 2, 4, 5, 6, 7, 41),
            exercises="5.x config; YaRN with mscale and mscale_all_dim, prompt past the original context of 24, together with a window of 5; "
            "tied head; head_dim 20 beside hidden/heads 10.4; residual stream around 0.05, so that the usual eps 1e-5 shows",
            notes="cos and sin are scaled by (0.15 ln 16 + 1) / (0.05 ln 16 + 1), as the two mscales differ. Hugging Face does "
            "not change the softmax scale for it in this family.",
        ),
        Case(
            id="mistral-no-window",
            seed=4003,
            config=_config(
                head_dim=14,
                hidden_size=90,
                num_attention_heads=5,
                num_key_value_heads=5,
                num_hidden_layers=2,
                rms_norm_eps=0.004,
                rope_theta=1000000.0,
                sliding_window=None,
                transformers_version="4.42.0.dev0",
            ),
            prompt_lengths=(1, 2, 9, 41),
            exercises="4.x config with sliding_window null: all earlier tokens are seen; heads * head_dim 70 below hidden 90, as "
            "Mistral Small's 4096 below 5120; theta 1e6",
            notes="",
        ),
        Case(
            id="mistral-even",
            seed=4005,
            config=_config(
                hidden_size=64, intermediate_size=96, num_attention_heads=4, num_hidden_layers=2, rms_norm_eps=0.003
            ),
            prompt_lengths=(1, 2, 8, 9, 33),
            exercises="as 7B v0.1: window 8; every width a multiple of 16, for engines that run no others",
            notes="",
        ),
        Case(
            id="mistral3-wrapper",
            seed=4004,
            config={
                "architectures": ["Mistral3ForConditionalGeneration"],
                "image_token_index": 10,
                "model_type": "mistral3",
                "multimodal_projector_bias": False,
                "projector_hidden_act": "gelu",
                "spatial_merge_size": 2,
                "text_config": {
                    "attention_dropout": 0.0,
                    "head_dim": 14,
                    "hidden_act": "silu",
                    "hidden_size": 80,
                    "initializer_range": 0.02,
                    "intermediate_size": 100,
                    "max_position_embeddings": 128,
                    "model_type": "mistral",
                    "num_attention_heads": 4,
                    "num_hidden_layers": 3,
                    "num_key_value_heads": 2,
                    "rms_norm_eps": 1e-05,
                    "rope_theta": 1000000000.0,
                    "sliding_window": None,
                    "use_cache": True,
                    "vocab_size": 163,
                },
                "torch_dtype": "bfloat16",
                "transformers_version": "4.50.0.dev0",
                "vision_config": {
                    "head_dim": 6,
                    "hidden_size": 12,
                    "image_size": 4,
                    "intermediate_size": 20,
                    "model_type": "pixtral",
                    "num_attention_heads": 2,
                    "num_channels": 3,
                    "num_hidden_layers": 1,
                    "patch_size": 2,
                    "rope_theta": 10000.0,
                },
                "vision_feature_layer": -1,
            },
            style={"embedding_std": 0.01, "residual": 0.03},
            prompt_lengths=(1, 2, 9, 41),
            exercises="as Mistral Small 3.1: wrapper with text_config, names under language_model., vision tensors to skip; head_dim 14 "
            "beside hidden/heads 20; theta 1e9; untied although no field says so; usual eps 1e-5 on a small residual stream",
            notes="tie_word_embeddings is absent, as published. Mistral3Config's own default is true, but the text model's is "
            "false and the file has language_model.lm_head.weight: the head is untied.",
        ),
    ]


FAMILY = Mistral()
