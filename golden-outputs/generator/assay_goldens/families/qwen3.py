"""Qwen3 dense."""

from __future__ import annotations

import contextlib
from random import Random
from typing import Any
from unittest import mock

from torch import nn

from ..cases import Case, ConfigChanges, Family, Wiring
from ..synthesis import TensorSpec
from . import common, draw, mistakes

SLIDING, FULL = "sliding_attention", "full_attention"

WINDOW_OFF = "use_sliding_window is false: an engine that windows all the same fails this case"


def _config(**other):
    config = {
        "architectures": ["Qwen3ForCausalLM"],
        "attention_bias": False,
        "attention_dropout": 0.0,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "head_dim": 20,
        "hidden_act": "silu",
        "hidden_size": 52,
        "initializer_range": 0.02,
        "intermediate_size": 76,
        "max_position_embeddings": 128,
        "max_window_layers": 3,
        "model_type": "qwen3",
        "num_attention_heads": 6,
        "num_hidden_layers": 3,
        "num_key_value_heads": 2,
        "rms_norm_eps": 1e-06,
        "rope_scaling": None,
        "rope_theta": 1000000,
        "sliding_window": None,
        "tie_word_embeddings": True,
        "torch_dtype": "bfloat16",
        "transformers_version": "4.51.0",
        "use_cache": True,
        "use_sliding_window": False,
        "vocab_size": 163,
    }
    config.update(other)
    return {name: value for name, value in config.items() if value is not ...}


def norm_after_rope(model):
    """QK norm moved behind the rotation."""

    @contextlib.contextmanager
    def wrong(model):
        module = common.modeling(model)
        right = module.apply_rotary_pos_emb
        layers = [layer.self_attn for layer in model.model.layers]
        norms = [(a.q_norm, a.k_norm) for a in layers]
        calls = iter(norms)

        def late(q, k, cos, sin, *rest, **more):
            q_norm, k_norm = next(calls)
            q, k = right(q, k, cos, sin, *rest, **more)
            return q_norm(q), k_norm(k)

        for a in layers:
            a.q_norm, a.k_norm = nn.Identity(), nn.Identity()
        try:
            with mock.patch.object(module, "apply_rotary_pos_emb", late):
                yield
        finally:
            for a, (q_norm, k_norm) in zip(layers, norms, strict=True):
                a.q_norm, a.k_norm = q_norm, k_norm

    return wrong(model)


@contextlib.contextmanager
def no_qk_norm(model):
    layers = [layer.self_attn for layer in model.model.layers]
    norms = [(a.q_norm, a.k_norm) for a in layers]
    for a in layers:
        a.q_norm, a.k_norm = nn.Identity(), nn.Identity()
    yield
    for a, (q_norm, k_norm) in zip(layers, norms, strict=True):
        a.q_norm, a.k_norm = q_norm, k_norm


def layer_types(config: dict[str, Any]) -> list[str]:
    """Without a list, the layers from max_window_layers on slide."""
    if config.get("layer_types"):
        return config["layer_types"]
    windowed = config.get("use_sliding_window", False) and config.get("sliding_window") is not None
    first = config.get("max_window_layers", 28)
    return [SLIDING if windowed and i >= first else FULL for i in range(config["num_hidden_layers"])]


class Qwen3(Family):
    name = "qwen3"

    def tensors(self, case: Case) -> list[TensorSpec]:
        config = case.config
        rules = common.Rules(case)
        rules.ends(config)
        for i in range(config["num_hidden_layers"]):
            layer = f"model.layers.{i}"
            rules.norm(f"{layer}.input_layernorm.weight", config["hidden_size"])
            rules.norm(f"{layer}.post_attention_layernorm.weight", config["hidden_size"])
            rules.gqa(f"{layer}.self_attn", config)
            rules.norm(f"{layer}.self_attn.q_norm.weight", config["head_dim"])
            rules.norm(f"{layer}.self_attn.k_norm.weight", config["head_dim"])
            rules.gated_mlp(f"{layer}.mlp", config["hidden_size"], config["intermediate_size"])
        return rules.specs

    def changes(self, case: Case) -> ConfigChanges:
        config = case.config
        types = layer_types(config)
        inert = dict.fromkeys(("sliding_window", "max_window_layers"), WINDOW_OFF)
        inert["layer_types"] = "all full_attention"
        extra: dict[str, Any] = {}
        if config.get("sliding_window") is None:
            inert["use_sliding_window"] = "sliding_window is null"
        elif config.get("layer_types"):
            inert["use_sliding_window"] = "layer_types has sliding layers, and Hugging Face finds no window for them"
        else:
            extra["use_sliding_window"] = not config["use_sliding_window"]
        if SLIDING in types:
            extra["sliding_window"] = config["sliding_window"] + 1
            if config.get("layer_types"):
                extra["layer_types"] = [FULL if kind == SLIDING else SLIDING for kind in types]
                inert["max_window_layers"] = "not read: layer_types says it layer by layer"
            else:
                extra["max_window_layers"] = config["max_window_layers"] + 1
        return common.changes(case, extra, inert)

    def random_config(self, rng: Random) -> dict[str, Any]:
        head_dim = 2 * rng.randint(3, 11)
        config = draw.sizes(rng, head_dim)
        layers = config["num_hidden_layers"]
        config |= {
            "architectures": ["Qwen3ForCausalLM"],
            "attention_bias": draw.maybe(rng, 0.3),
            "head_dim": head_dim,
            "hidden_act": "silu",
            "max_position_embeddings": 128,
            "max_window_layers": layers,
            "model_type": "qwen3",
            "sliding_window": None,
            "use_sliding_window": False,
            **draw.rope(rng, ("default", "default", "linear", "llama3", "yarn")),
        }
        if draw.maybe(rng, 0.3):
            config |= {"max_window_layers": rng.randint(0, layers), "sliding_window": rng.randint(3, 19)}
            config["use_sliding_window"] = draw.maybe(rng, 0.6)
            if config["use_sliding_window"] and draw.maybe(rng, 0.4):
                config["layer_types"] = [rng.choice((FULL, SLIDING)) for _ in range(layers)]
        if draw.maybe(rng, 0.8):
            config["tie_word_embeddings"] = draw.maybe(rng, 0.5)
        return draw.tail(rng, config)

    def wiring(self, case: Case) -> dict[str, Wiring]:
        found = {
            **common.gqa_wiring(case, "Qwen3RMSNorm"),
            "attention: QK norm after RoPE": norm_after_rope,
            "attention: QK norm absent": no_qk_norm,
            "attention: q_norm and k_norm swapped": common.swapped("self_attn.q_norm", "self_attn.k_norm"),
        }
        types = layer_types(case.config)
        if SLIDING in types:
            found |= mistakes.window_wiring(case.config["sliding_window"])
            found["window: on every layer"] = mistakes.same_mask_everywhere(SLIDING)
            found["window: on the other layers"] = mistakes.masks_exchanged
        if case.style.get("dtype") == "F16":
            found["weights: float16 subnormals read as zero"] = common.half_subnormals_flushed
        return found

    cases = [
        Case(
            id="qwen3-base",
            seed=3001,
            config=_config(rms_norm_eps=0.003, sliding_window=8, max_window_layers=1, rope_theta=10000),
            style={"embedding_std": 0.7},
            exercises="4.x config; tied head; head_dim 20 beside hidden/heads 8.67; 6 query heads on 2 KV heads; eps "
            "0.003 in every norm; a sliding window that is declared and switched off",
            notes="use_sliding_window is false, so sliding_window 8 from layer 1 on must be ignored.",
        ),
        Case(
            id="qwen3-untied-5x",
            seed=3002,
            config=_config(
                attention_bias=True,
                dtype="bfloat16",
                torch_dtype=...,
                rope_scaling=...,
                rope_theta=...,
                rope_parameters={"rope_theta": 50000.0, "rope_type": "default"},
                layer_types=["full_attention"] * 3,
                num_attention_heads=4,
                tie_word_embeddings=False,
                transformers_version="5.18.0",
            ),
            style={"embedding_std": 0.004, "residual": 0.01},
            exercises="5.x config (rope_parameters, dtype, layer_types); untied lm_head; q/k/v/o biases; residual stream "
            "around 0.01, so that the usual eps 1e-6 shows",
            notes="The published Qwen3 models have attention_bias false; the field is honoured by Hugging Face.",
        ),
        Case(
            id="qwen3-yarn",
            seed=3003,
            config=_config(
                rope_theta=1000,
                rms_norm_eps=0.001,
                rope_scaling={
                    "rope_type": "yarn",
                    "factor": 4.0,
                    "original_max_position_embeddings": 24,
                    "beta_fast": 1.0,
                    "beta_slow": 0.5,
                },
                num_attention_heads=5,
                num_key_value_heads=1,
            ),
            prompt_lengths=(1, 2, 9, 41),
            exercises="YaRN without mscale: cos and sin scaled by 0.1 ln 4 + 1; prompt past the original context of 24; "
            "5 query heads on 1 KV head",
            notes="",
        ),
        Case(
            id="qwen3-f32",
            seed=3004,
            config=_config(
                torch_dtype="float32",
                rms_norm_eps=0.002,
                rope_theta=10000.0,
                rope_scaling={"rope_type": "default"},
                num_attention_heads=3,
                num_key_value_heads=3,
                num_hidden_layers=2,
                tie_word_embeddings=False,
            ),
            style={"dtype": "F32"},
            prompt_lengths=(1, 2, 9, 33),
            exercises="float32 weights with all 24 bits; rope_scaling that says default; as many KV heads as query heads",
            notes="",
        ),
        Case(
            id="qwen3-f16",
            seed=3005,
            config=_config(torch_dtype="float16", rms_norm_eps=0.003, num_hidden_layers=2, rope_theta=100000),
            style={"dtype": "F16", "duplicate_head": True, "up": 500.0},
            prompt_lengths=(1, 2, 9, 33),
            exercises="float16 weights, a sixth of down_proj subnormal; tied, and lm_head.weight stored all the same, as Qwen3-0.6B and 1.7B ship",
            notes="lm_head.weight equals model.embed_tokens.weight: accept it, count it once.",
        ),
        Case(
            id="qwen3-window",
            seed=3006,
            config=_config(
                max_window_layers=2,
                num_attention_heads=6,
                num_hidden_layers=4,
                rms_norm_eps=0.002,
                rope_scaling={"factor": 4.0, "type": "linear"},
                rope_theta=1000.0,
                sliding_window=8,
                use_sliding_window=True,
            ),
            prompt_lengths=(1, 2, 7, 8, 9, 10, 33),
            exercises="use_sliding_window without layer_types: layers 0 and 1 see all, layers 2 and 3, from max_window_layers on, a window of 8; "
            "prompts of window - 1 to window + 2; linear rope scaling under the old key `type`",
            notes="No published Qwen3 windows. A query of layers 2 and 3 sees itself and the 7 tokens before it.",
        ),
        Case(
            id="qwen3-window-layer-types",
            seed=3007,
            config=_config(
                dtype="bfloat16",
                layer_types=[SLIDING, FULL, SLIDING],
                max_window_layers=2,
                num_attention_heads=4,
                rms_norm_eps=0.003,
                rope_parameters={
                    "factor": 4.0,
                    "high_freq_factor": 4.0,
                    "low_freq_factor": 1.0,
                    "original_max_position_embeddings": 32,
                    "rope_theta": 1000.0,
                    "rope_type": "llama3",
                },
                rope_scaling=...,
                rope_theta=...,
                sliding_window=5,
                tie_word_embeddings=False,
                torch_dtype=...,
                transformers_version="5.18.0",
                use_sliding_window=True,
            ),
            prompt_lengths=(1, 2, 4, 5, 6, 7, 41),
            exercises="5.x config: layer_types [sliding, full, sliding] wins over max_window_layers 2; window 5; llama3 rope scaling, prompt past the "
            "original context of 32",
            notes="No published Qwen3 windows. A query of layers 0 and 2 sees itself and the 4 tokens before it.",
        ),
        Case(
            id="qwen3-q8",
            seed=3008,
            config=_config(
                head_dim=32,
                hidden_size=64,
                intermediate_size=96,
                num_attention_heads=4,
                num_hidden_layers=2,
                rms_norm_eps=0.003,
                rope_theta=10000,
                tie_word_embeddings=False,
                torch_dtype="float32",
            ),
            style={"dtype": "F32", "rounded_to": "Q8_0"},
            prompt_lengths=(1, 2, 9, 33),
            exercises="matrices that blocks of Q8_0 hold exactly, so that one golden is right for the file in F32 and in Q8_0; untied lm_head; "
            "head_dim 32 beside hidden/heads 16",
            notes="",
        ),
    ]


FAMILY = Qwen3()
