"""OLMo 2."""

from __future__ import annotations

import contextlib
from random import Random
from typing import Any

import torch

from ..cases import Case, ConfigChanges, Family, Wiring
from ..synthesis import TensorSpec
from . import common, draw


def _config(**other):
    config = {
        "architectures": ["Olmo2ForCausalLM"],
        "attention_bias": False,
        "attention_dropout": 0.0,
        "eos_token_id": 161,
        "hidden_act": "silu",
        "hidden_size": 60,
        "initializer_range": 0.02,
        "intermediate_size": 76,
        "max_position_embeddings": 128,
        "model_type": "olmo2",
        "num_attention_heads": 6,
        "num_hidden_layers": 3,
        "num_key_value_heads": 2,
        "pad_token_id": 162,
        "rms_norm_eps": 1e-06,
        "rope_scaling": None,
        "rope_theta": 500000,
        "tie_word_embeddings": False,
        "torch_dtype": "bfloat16",
        "transformers_version": "4.47.0",
        "use_cache": True,
        "vocab_size": 163,
    }
    config.update(other)
    return {name: value for name, value in config.items() if value is not ...}


def _head_dim(config) -> int:
    return config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]


@contextlib.contextmanager
def _norm_per_head(model):
    """One RMS statistic a head instead of one over all heads."""

    def per_head(module):
        def forward(x):
            heads = x.unflatten(-1, (-1, width))
            scaled = heads * torch.rsqrt(heads.pow(2).mean(-1, keepdim=True) + module.variance_epsilon)
            return module.weight * scaled.flatten(-2)

        return forward

    norms = [n for layer in model.model.layers for n in (layer.self_attn.q_norm, layer.self_attn.k_norm)]
    width = model.model.layers[0].self_attn.head_dim
    for norm in norms:
        norm.forward = per_head(norm)
    yield
    for norm in norms:
        del norm.forward


def _pre_norm(self, hidden_states, **kwargs):
    """The two norms before the blocks, as in Llama, instead of behind them."""
    attention, _ = self.self_attn(hidden_states=self.post_attention_layernorm(hidden_states), **kwargs)
    hidden_states = hidden_states + attention
    return hidden_states + self.mlp(self.post_feedforward_layernorm(hidden_states))


def _norm_behind_sum(self, hidden_states, **kwargs):
    attention, _ = self.self_attn(hidden_states=hidden_states, **kwargs)
    hidden_states = self.post_attention_layernorm(hidden_states + attention)
    return self.post_feedforward_layernorm(hidden_states + self.mlp(hidden_states))


def _norm_after_rope(model):
    @contextlib.contextmanager
    def wrong(model):
        module = common.modeling(model)
        right = module.apply_rotary_pos_emb
        layers = [layer.self_attn for layer in model.model.layers]
        norms = iter([(a.q_norm, a.k_norm) for a in layers])

        def flat(norm, x):
            heads = x.shape[1]
            return norm(x.transpose(1, 2).flatten(2)).unflatten(-1, (heads, -1)).transpose(1, 2)

        def late(q, k, cos, sin, *rest, **more):
            q_norm, k_norm = next(norms)
            q, k = right(q, k, cos, sin, *rest, **more)
            return flat(q_norm, q), flat(k_norm, k)

        with (
            common.without("self_attn.q_norm", "self_attn.k_norm")(model),
            common.patched("", "apply_rotary_pos_emb", late)(model),
        ):
            yield

    return wrong(model)


class Olmo2(Family):
    name = "olmo2"

    def tensors(self, case: Case) -> list[TensorSpec]:
        config = case.config
        width = _head_dim(config)
        rules = common.Rules(case)
        rules.ends(config)
        for i in range(config["num_hidden_layers"]):
            layer = f"model.layers.{i}"
            rules.gqa(f"{layer}.self_attn", config)
            rules.norm(f"{layer}.self_attn.q_norm.weight", config["num_attention_heads"] * width)
            rules.norm(f"{layer}.self_attn.k_norm.weight", config["num_key_value_heads"] * width)
            rules.norm(f"{layer}.post_attention_layernorm.weight", config["hidden_size"])
            rules.gated_mlp(f"{layer}.mlp", config["hidden_size"], config["intermediate_size"])
            rules.norm(f"{layer}.post_feedforward_layernorm.weight", config["hidden_size"])
        return rules.specs

    def changes(self, case: Case) -> ConfigChanges:
        return common.changes(case)

    def random_config(self, rng: Random) -> dict[str, Any]:
        config = draw.sizes(rng)
        config |= {
            "architectures": ["Olmo2ForCausalLM"],
            "attention_bias": draw.maybe(rng, 0.3),
            "hidden_act": "silu",
            "max_position_embeddings": 128,
            "model_type": "olmo2",
            "pad_token_id": 3,
            **draw.rope(rng, ("default", "default", "linear", "llama3", "yarn")),
        }
        if draw.maybe(rng, 0.8):
            config["tie_word_embeddings"] = draw.maybe(rng, 0.4)
        return draw.tail(rng, config)

    def wiring(self, case: Case) -> dict[str, Wiring]:
        config = case.config
        found = common.gqa_wiring(case, "Olmo2RMSNorm")
        del found["norm: the two norms of a layer swapped"]
        found |= {
            "norm: post-attention and post-feed-forward norms swapped": common.swapped(
                "post_attention_layernorm", "post_feedforward_layernorm"
            ),
            "norm: before the block instead of behind it": common.patched("Olmo2DecoderLayer", "forward", _pre_norm),
            "norm: behind the residual sum": common.patched("Olmo2DecoderLayer", "forward", _norm_behind_sum),
            "attention: QK norm per head": _norm_per_head,
            "attention: QK norm after RoPE": _norm_after_rope,
            "attention: QK norm absent": common.without("self_attn.q_norm", "self_attn.k_norm"),
        }
        if config["num_attention_heads"] == config["num_key_value_heads"]:
            found["attention: q_norm and k_norm swapped"] = common.swapped("self_attn.q_norm", "self_attn.k_norm")
        return found

    cases = [
        Case(
            id="olmo2-base",
            seed=4101,
            config=_config(num_key_value_heads=6, rms_norm_eps=0.003, rope_theta=10000, torch_dtype="float32"),
            style={"dtype": "F32"},
            exercises="4.x config; as the 1B, 7B and 13B: as many KV heads as query heads, no head_dim, untied, stored in "
            "float32; QK norm over all heads at once; norms behind the blocks",
            notes="There is no norm before attention or MLP: attention_input.i is hidden.i.",
        ),
        Case(
            id="olmo2-gqa",
            seed=4102,
            config=_config(rms_norm_eps=0.004, rope_theta=50000),
            style={"residual": 0.3},
            exercises="as the 32B: 6 query heads on 2 KV heads, so that q_norm and k_norm differ in width; bfloat16; eps 0.004",
            notes="",
        ),
        Case(
            id="olmo2-5x",
            seed=4103,
            config=_config(
                dtype="bfloat16",
                torch_dtype=...,
                rope_scaling=...,
                rope_theta=...,
                rope_parameters={"rope_theta": 20000.0, "rope_type": "default"},
                head_dim=20,
                hidden_size=54,
                num_attention_heads=5,
                num_key_value_heads=1,
                tie_word_embeddings=True,
                transformers_version="5.18.0",
            ),
            style={"embedding_std": 0.02, "residual": 0.05},
            exercises="5.x config; tied head; head_dim 20 beside hidden/heads 10.8; small block outputs, so that the usual eps "
            "1e-6 shows",
            notes="No published OLMo 2 has head_dim; Hugging Face honours it.",
        ),
        Case(
            id="olmo2-linear",
            seed=4104,
            config=_config(
                attention_bias=True,
                hidden_size=54,
                num_attention_heads=9,
                num_key_value_heads=3,
                num_hidden_layers=2,
                rms_norm_eps=0.002,
                rope_scaling={"rope_type": "linear", "factor": 4.0},
                rope_theta=5000.0,
            ),
            exercises="linear rope scaling; q/k/v/o biases; 9 query heads on 3 KV heads, head dim 6",
            notes="No published OLMo 2 has biases or rope scaling; Hugging Face honours both.",
        ),
        Case(
            id="olmo2-yarn",
            seed=4105,
            config=_config(
                num_hidden_layers=2,
                rms_norm_eps=0.002,
                rope_scaling={
                    "rope_type": "yarn",
                    "factor": 8.0,
                    "original_max_position_embeddings": 24,
                    "beta_fast": 1.0,
                    "beta_slow": 0.25,
                    "attention_factor": 1.2079441541679836,
                },
                rope_theta=60.0,
                tie_word_embeddings=True,
            ),
            prompt_lengths=(1, 2, 9, 41),
            exercises="YaRN with an explicit attention_factor and fractional betas, prompt past the original context of 24; tied head",
            notes="",
        ),
    ]


FAMILY = Olmo2()
