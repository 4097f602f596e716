"""Random configurations: what several families draw from. Every function takes a `random.Random`."""

from __future__ import annotations

import math
from random import Random
from typing import Any

STORED = {"bfloat16": "BF16", "float16": "F16", "float32": "F32"}


def maybe(rng: Random, share: float) -> bool:
    return rng.random() < share


def sizes(rng: Random, head_dim: int | None = None) -> dict[str, Any]:
    """Sizes of a decoder with grouped-query attention. Without `head_dim`, hidden_size divides by the heads."""
    kv_heads = rng.choice((1, 1, 2, 3))
    heads = kv_heads * rng.choice((1, 2, 3, 5))
    width = head_dim or 2 * rng.randint(3, 11)
    return {
        "hidden_size": rng.randint(30, 66) if head_dim else heads * width,
        "intermediate_size": rng.randint(30, 80),
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads,
        "num_hidden_layers": rng.randint(1, 4),
        "rms_norm_eps": eps(rng),
        "vocab_size": rng.randint(70, 220),
    }


def eps(rng: Random) -> float:
    return rng.choice((1e-6, 1e-5, 0.001, 0.003))


def rope(rng: Random, kinds: tuple[str, ...]) -> dict[str, Any]:
    """rope_theta and rope_scaling, as a 4.x file has them."""
    kind = rng.choice(kinds)
    key = rng.choice(("type", "rope_type"))
    theta = rng.choice((100.0, 1000.0, 10000.0, 500000, 1000000.0))
    scaling: dict[str, Any] | None = {"factor": rng.choice((2.0, 3.5, 8.0, 40)), key: kind}
    if kind == "default":
        scaling = rng.choice((None, {key: "default"}))
    elif kind == "llama3":
        low = rng.choice((1.0, 1.5))
        scaling |= {
            "low_freq_factor": low,
            "high_freq_factor": low * rng.choice((2.0, 4.0)),
            "original_max_position_embeddings": rng.randint(16, 64),
        }
        scaling["rope_type"] = scaling.pop(key)
    elif kind == "yarn":
        scaling["original_max_position_embeddings"] = rng.randint(8, 40)
        if maybe(rng, 0.7):
            scaling |= {"beta_fast": rng.choice((1, 2.0, 32)), "beta_slow": rng.choice((0.25, 0.5, 1))}
        extra = rng.choice(("none", "none", "attention_factor", "mscales", "equal mscales"))
        if extra == "attention_factor":
            scaling["attention_factor"] = rng.choice((1.0, 1.25))
        elif extra == "mscales":
            scaling |= {"mscale": rng.choice((1.0, 0.707)), "mscale_all_dim": rng.choice((0.4, 1.2))}
        elif extra == "equal mscales":
            value = rng.choice((1.0, 0.707))
            scaling |= {"mscale": value, "mscale_all_dim": value}
        if maybe(rng, 0.2):
            scaling["truncate"] = False
    return {"rope_theta": theta, "rope_scaling": scaling}


def tail(rng: Random, config: dict[str, Any]) -> dict[str, Any]:
    """Storage type, and either generation of config.json; keys sorted as Hugging Face saves them."""
    dtype = rng.choice(("bfloat16", "bfloat16", "float16", "float32"))
    if maybe(rng, 0.5):
        config |= {"torch_dtype": dtype, "transformers_version": "4.51.0"}
    else:
        config |= {"dtype": dtype, "transformers_version": "5.18.0"}
        if "rope_theta" in config:
            scaling = config.pop("rope_scaling") or {}
            kind = scaling.pop("type", None) or scaling.pop("rope_type", "default")
            config["rope_parameters"] = scaling | {"rope_theta": config.pop("rope_theta"), "rope_type": kind}
    return dict(sorted(config.items()))


def maybe_wrapped(rng: Random, config: dict[str, Any], architecture: str, **wrapper: Any) -> dict[str, Any]:
    """A text model's configuration, in some draws inside that of a multimodal model, whose other fields are `wrapper`."""
    if maybe(rng, 0.6):
        return config
    shared = ("dtype", "torch_dtype", "transformers_version")
    inner = {key: value for key, value in config.items() if key not in ("architectures", *shared)}
    outer = {key: config[key] for key in shared if key in config}
    return dict(sorted({"architectures": [architecture], "text_config": inner, **wrapper, **outer}.items()))


def rope_by_layer_type(config: dict[str, Any]) -> dict[str, Any]:
    """In a 5.x file, `rope_local_base_freq` becomes the theta of the sliding layers, as in every Gemma from 3 on."""
    scaling = config.get("rope_scaling")
    if scaling and "type" in scaling:
        scaling["rope_type"] = scaling.pop("type")  # by the older name, 4.x scales these models and 5.18 does not
    if "rope_parameters" in config:
        config["rope_parameters"] = {
            "full_attention": config["rope_parameters"],
            "sliding_attention": {"rope_theta": config.pop("rope_local_base_freq"), "rope_type": "default"},
        }
    return config


def style(rng: Random, config: dict[str, Any]) -> dict[str, Any]:
    """Magnitudes: small activations where the eps is small, so that it shows."""
    made: dict[str, Any] = {"dtype": STORED[config.get("dtype") or config["torch_dtype"]]}
    text = config.get("text_config", config)
    smallest = min(text.get(key, 1.0) for key in ("rms_norm_eps", "layer_norm_epsilon"))
    if smallest < 1e-4:
        size = round(rng.choice((2, 4)) * math.sqrt(smallest), 6)
        made |= {"embedding_std": size, "residual": 2.5 * size}
    return made


def window(config: dict[str, Any]) -> int | None:
    """The sliding window or attention chunk, where one is switched on."""
    config = config.get("text_config", config)
    if config.get("use_sliding_window", True):
        return config.get("sliding_window") or config.get("attention_chunk_size")
    return None


def latent_attention(rng: Random) -> dict[str, Any]:
    """Sizes of a decoder with latent attention."""
    heads = rng.randint(1, 5)
    return {
        "attention_bias": maybe(rng, 0.25),
        "hidden_size": heads * rng.randint(36 // heads, 60 // heads),
        "intermediate_size": rng.randint(30, 80),
        "kv_lora_rank": rng.randint(10, 30),
        "num_attention_heads": heads,
        "num_hidden_layers": rng.randint(1, 4),
        "num_key_value_heads": heads,
        "q_lora_rank": rng.choice((None, rng.randint(10, 30))),
        "qk_nope_head_dim": rng.randint(5, 18),
        "qk_rope_head_dim": 2 * rng.randint(2, 7),
        "rms_norm_eps": eps(rng),
        "v_head_dim": rng.randint(5, 18),
        "vocab_size": rng.randint(70, 220),
    }


def groups(rng: Random) -> dict[str, int]:
    """Experts in groups; more are open than are needed to fill the choice."""
    n_group = rng.choice((1, 2, 3, 4, 5))
    per_group = rng.randint(2, 5)
    topk_group = rng.randint(1, n_group)
    return {
        "n_group": n_group,
        "n_routed_experts": n_group * per_group,
        "num_experts_per_tok": rng.randint(1, min(5, topk_group * per_group)),
        "topk_group": topk_group,
    }
