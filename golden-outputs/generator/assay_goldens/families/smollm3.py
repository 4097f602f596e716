"""SmolLM3: Llama with layers that have no rotary embedding."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from random import Random
from typing import Any
from unittest import mock

from ..cases import Case, ConfigChanges, Family, Wiring
from ..synthesis import TensorSpec
from . import common, draw, mistakes


def _config(**other):
    config = {
        "architectures": ["SmolLM3ForCausalLM"],
        "attention_bias": False,
        "attention_dropout": 0.0,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "hidden_act": "silu",
        "hidden_size": 54,
        "initializer_range": 0.02,
        "intermediate_size": 58,
        "max_position_embeddings": 128,
        "max_window_layers": 4,
        "mlp_bias": False,
        "model_type": "smollm3",
        "no_rope_layer_interval": 4,
        "num_attention_heads": 9,
        "num_hidden_layers": 5,
        "num_key_value_heads": 3,
        "pad_token_id": 4,
        "pretraining_tp": 2,
        "rms_norm_eps": 0.003,
        "rope_scaling": None,
        "rope_theta": 10000.0,
        "sliding_window": None,
        "torch_dtype": "bfloat16",
        "transformers_version": "4.54.0.dev0",
        "use_cache": False,
        "use_sliding_window": False,
        "vocab_size": 163,
    }
    config.update(other)
    return {name: value for name, value in config.items() if value is not ...}


def rope_layers(config: dict[str, Any]) -> list[int]:
    """1 for a layer with rotary embedding."""
    interval = config.get("no_rope_layer_interval", 4)
    default = [int((i + 1) % interval != 0) for i in range(config["num_hidden_layers"])]
    return (config.get("no_rope_layers") or default)[: config["num_hidden_layers"]]


def layer_types(config: dict[str, Any]) -> list[str]:
    if config.get("layer_types"):
        return config["layer_types"]
    windowed = config.get("use_sliding_window", False) and config.get("sliding_window") is not None
    return ["sliding_attention" if windowed and not rope else "full_attention" for rope in rope_layers(config)]


class SmolLM3(Family):
    name = "smollm3"

    def tensors(self, case: Case) -> list[TensorSpec]:
        config = {"tie_word_embeddings": True} | case.config
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

    def inert_tensors(self, case: Case) -> dict[str, str]:
        if not case.config.get("attention_bias"):
            return {}
        reason = "without rotation a key bias adds the same to every score of a query"
        layers = [i for i, rope in enumerate(rope_layers(case.config)) if not rope]
        return {f"model.layers.{i}.self_attn.k_proj.bias": reason for i in layers}

    def changes(self, case: Case) -> ConfigChanges:
        config = case.config
        extra: dict[str, Any] = {}
        inert = {
            "max_window_layers": "not read",
            "sliding_window": "null, or no layer has a window",
            "use_sliding_window": "sliding_window is null",
            "no_rope_layer_interval": "no_rope_layers says it layer by layer",
            "layer_types": "all full_attention: sliding_window is null",
            "no_rope_layers": "null: by the interval",
        }
        if config.get("no_rope_layers"):
            extra["no_rope_layers"] = [1 - rope for rope in config["no_rope_layers"]]
        else:
            extra["no_rope_layer_interval"] = config.get("no_rope_layer_interval", 4) - 1
        types = layer_types(config)
        if config.get("sliding_window") is not None:
            if config.get("layer_types"):
                flipped = {"sliding_attention": "full_attention", "full_attention": "sliding_attention"}
                extra["layer_types"] = [flipped[kind] for kind in types]
                inert["use_sliding_window"] = "layer_types says it layer by layer; only fused attention kernels read it"
            else:
                extra["use_sliding_window"] = not config.get("use_sliding_window", False)
            if "sliding_attention" in types:
                extra["sliding_window"] = config["sliding_window"] + 1
        return common.changes(replace(case, config={"tie_word_embeddings": True} | config), extra, inert)

    def random_config(self, rng: Random) -> dict[str, Any]:
        head_dim = rng.choice((None, None, 2 * rng.randint(3, 10)))
        config = draw.sizes(rng, head_dim)
        layers = config["num_hidden_layers"] = rng.randint(3, 6)
        config |= {
            "architectures": ["SmolLM3ForCausalLM"],
            "attention_bias": draw.maybe(rng, 0.3),
            "hidden_act": "silu",
            "max_position_embeddings": 128,
            "mlp_bias": draw.maybe(rng, 0.3),
            "model_type": "smollm3",
            "pad_token_id": 4,
            "sliding_window": None,
            "use_sliding_window": False,
            **draw.rope(rng, ("default", "default", "linear", "llama3", "yarn")),
        }
        if head_dim:
            config["head_dim"] = head_dim
        if draw.maybe(rng, 0.5):
            config["no_rope_layers"] = [int(draw.maybe(rng, 0.6)) for _ in range(layers)]
        if draw.maybe(rng, 0.7):
            config["no_rope_layer_interval"] = rng.randint(2, 5)
        if draw.maybe(rng, 0.4):
            config |= {"sliding_window": rng.randint(3, 19), "use_sliding_window": True}
            if draw.maybe(rng, 0.5):
                config["layer_types"] = [rng.choice(("full_attention", "sliding_attention")) for _ in range(layers)]
        elif draw.maybe(rng, 0.3):
            config["layer_types"] = ["full_attention"] * layers
        if draw.maybe(rng, 0.6):
            config["tie_word_embeddings"] = draw.maybe(rng, 0.5)
        return draw.tail(rng, config)

    def wiring(self, case: Case) -> dict[str, Wiring]:
        config = case.config
        right = rope_layers(config)
        found = common.gqa_wiring(case, "SmolLM3RMSNorm")
        interval = config.get("no_rope_layer_interval", 4)
        found |= {
            "nope: the list inverted": _ropes([1 - rope for rope in right]),
            "nope: rotary embedding on every layer": _ropes([1] * len(right)),
            "nope: pattern one layer early": _ropes(right[1:] + [1]),
        }
        by_index = [int(i % interval != 0) for i in range(len(right))]
        if by_index != right:
            found["nope: at i % interval == 0"] = _ropes(by_index)
        by_interval = [int((i + 1) % interval != 0) for i in range(len(right))]
        if by_interval != right:
            found["nope: the interval in place of the list"] = _ropes(by_interval)
        if config.get("sliding_window") is not None and "sliding_attention" in layer_types(config):
            found |= mistakes.window_wiring(config["sliding_window"])
            found["window: on every layer"] = _window_everywhere
        return found


def _ropes(uses: list[int]) -> Wiring:
    @contextlib.contextmanager
    def wrong(model):
        layers = [layer.self_attn for layer in model.model.layers]
        saved = [attention.use_rope for attention in layers]
        for attention, use in zip(layers, uses, strict=True):
            attention.use_rope = use
        yield
        for attention, use in zip(layers, saved, strict=True):
            attention.use_rope = use

    return wrong


def _window_everywhere(model):
    module = common.modeling(model)
    return mock.patch.object(module, "create_causal_mask", module.create_sliding_window_causal_mask)


SmolLM3.cases = [
    Case(
        id="smollm3-base",
        seed=4101,
        config=_config(),
        exercises="4.x config; no list of NoPE layers, so layer 3 of 5 by the interval of 4; tie_word_embeddings absent, which means tied; "
        "9 query heads on 3 KV heads; eps 0.003",
        notes="In SmolLM3 an absent tie_word_embeddings means tied.",
    ),
    Case(
        id="smollm3-uneven-5x",
        seed=4111,
        config=_config(
            dtype="bfloat16",
            head_dim=14,
            hidden_size=52,
            layer_types=["full_attention"] * 6,
            no_rope_layers=[0, 1, 0, 0, 1, 1],
            num_attention_heads=5,
            num_hidden_layers=6,
            num_key_value_heads=1,
            pretraining_tp=...,
            rms_norm_eps=1e-06,
            rope_parameters={"rope_theta": 50000.0, "rope_type": "default"},
            rope_scaling=...,
            rope_theta=...,
            tie_word_embeddings=False,
            torch_dtype=...,
            transformers_version="5.18.0",
        ),
        style={"embedding_std": 0.004, "residual": 0.01},
        exercises="5.x config; no_rope_layers [0, 1, 0, 0, 1, 1]: 1 is a layer WITH rotary embedding; the interval beside it must lose; "
        "untied lm_head; head_dim 14 beside hidden/heads 10; 5 query heads on 1 KV head; residual stream around 0.01",
        notes="No published SmolLM3 has head_dim; the field is honoured by Hugging Face.",
    ),
    Case(
        id="smollm3-window",
        seed=4121,
        config=_config(
            attention_bias=True,
            mlp_bias=True,
            hidden_size=60,
            no_rope_layer_interval=2,
            no_rope_layers=None,
            num_attention_heads=6,
            num_key_value_heads=2,
            num_hidden_layers=4,
            rms_norm_eps=0.002,
            sliding_window=8,
            use_sliding_window=True,
            tie_word_embeddings=True,
        ),
        prompt_lengths=(1, 2, 8, 9, 10, 33),
        exercises="use_sliding_window without layer_types: the window of 8 is on the NoPE layers 1 and 3; prompts of window, window + 1 and "
        "window + 2; no_rope_layers null; q/k/v/o and gate/up/down biases",
        notes="No published SmolLM3 windows or has biases; Hugging Face honours both. A key bias has no effect in a NoPE layer.",
    ),
    Case(
        id="smollm3-yarn-layer-types",
        seed=4131,
        config=_config(
            hidden_size=56,
            layer_types=["sliding_attention", "full_attention", "full_attention", "sliding_attention", "full_attention"],
            no_rope_layers=[1, 1, 1, 0, 1],
            num_attention_heads=4,
            num_key_value_heads=2,
            rope_scaling={
                "beta_fast": 1.0,
                "beta_slow": 0.5,
                "factor": 2.0,
                "original_max_position_embeddings": 24,
                "type": "yarn",
            },
            rope_theta=1000.0,
            sliding_window=9,
            use_sliding_window=True,
        ),
        prompt_lengths=(1, 2, 9, 10, 11, 41),
        exercises="layer_types win: windows of 9 on a layer with rotary embedding and on a NoPE layer; YaRN by 2, as the model card advises for "
        "long contexts, prompt past the original context of 24",
        notes="",
    ),
]

FAMILY = SmolLM3()
