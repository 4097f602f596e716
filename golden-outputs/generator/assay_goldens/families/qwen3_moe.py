"""Qwen3 with a mixture of experts."""

from __future__ import annotations

from random import Random
from typing import Any
from unittest import mock

import numpy as np
import torch

from ..cases import Case, ConfigChanges, Family, Wiring
from ..synthesis import TensorSpec
from . import common, draw, mistakes
from .qwen3 import WINDOW_OFF, norm_after_rope, no_qk_norm

NAMES = "the names of a layer's tensors differ: a wrong value cannot be loaded"


def _config(**other):
    config = {
        "architectures": ["Qwen3MoeForCausalLM"],
        "attention_bias": False,
        "attention_dropout": 0.0,
        "bos_token_id": 1,
        "decoder_sparse_step": 1,
        "eos_token_id": 2,
        "head_dim": 20,
        "hidden_act": "silu",
        "hidden_size": 52,
        "initializer_range": 0.02,
        "intermediate_size": 60,
        "max_position_embeddings": 128,
        "max_window_layers": 3,
        "mlp_only_layers": [],
        "model_type": "qwen3_moe",
        "moe_intermediate_size": 22,
        "norm_topk_prob": True,
        "num_attention_heads": 6,
        "num_experts": 9,
        "num_experts_per_tok": 3,
        "num_hidden_layers": 3,
        "num_key_value_heads": 2,
        "output_router_logits": False,
        "rms_norm_eps": 0.003,
        "rope_scaling": None,
        "rope_theta": 10000.0,
        "router_aux_loss_coef": 0.001,
        "sliding_window": None,
        "tie_word_embeddings": False,
        "torch_dtype": "bfloat16",
        "transformers_version": "4.51.0",
        "use_cache": True,
        "use_sliding_window": False,
        "vocab_size": 163,
    }
    config.update(other)
    return {name: value for name, value in config.items() if value is not ...}


def is_sparse(config: dict[str, Any], layer: int) -> bool:
    step = config.get("decoder_sparse_step", 1)
    return layer not in (config.get("mlp_only_layers") or []) and (layer + 1) % step == 0


class Qwen3Moe(Family):
    name = "qwen3_moe"

    def tensors(self, case: Case) -> list[TensorSpec]:
        config = case.config
        hidden, inner, experts = config["hidden_size"], config["moe_intermediate_size"], config["num_experts"]
        rules = common.Rules(case)
        rules.ends(config)
        for i in range(config["num_hidden_layers"]):
            layer = f"model.layers.{i}"
            rules.norm(f"{layer}.input_layernorm.weight", hidden)
            rules.norm(f"{layer}.post_attention_layernorm.weight", hidden)
            rules.gqa(f"{layer}.self_attn", config)
            rules.norm(f"{layer}.self_attn.q_norm.weight", config["head_dim"])
            rules.norm(f"{layer}.self_attn.k_norm.weight", config["head_dim"])
            if not is_sparse(config, i):
                rules.gated_mlp(f"{layer}.mlp", hidden, config["intermediate_size"])
                continue
            rules.add(
                f"{layer}.mlp.gate.weight",
                (experts, hidden),
                case.style.get("router_mean", 0.0),
                rules.gain * case.style.get("router_gain", 1.5) / hidden**0.5,
            )
            for e in range(experts):
                rules.gated_mlp(f"{layer}.mlp.experts.{e}", hidden, inner)
        return rules.specs

    def choices(self, case: Case, model, layer: int, router_logits: np.ndarray) -> list[tuple[np.ndarray, int]]:
        if case.style.get("negative_logits") and layer == 0 and router_logits.max() >= 0:
            raise ValueError(f"{case.id}: a router logit of layer 0 is not negative")
        scores = np.exp(router_logits - router_logits.max(axis=1, keepdims=True))
        return [(scores / scores.sum(axis=1, keepdims=True), case.config["num_experts_per_tok"])]

    def changes(self, case: Case) -> ConfigChanges:
        config = case.config
        extra: dict[str, Any] = {
            "num_experts_per_tok": config["num_experts_per_tok"] - 1,
            "norm_topk_prob": not config.get("norm_topk_prob", False),
        }
        inert = {
            "moe_intermediate_size": common.SHAPE,
            "num_experts": common.SHAPE,
            "decoder_sparse_step": NAMES,
            "mlp_only_layers": NAMES,
            "router_aux_loss_coef": common.TRAINING,
            "output_router_logits": "adds an output and changes none",
            "qkv_bias": "not read; attention_bias is",
            "use_qk_norm": "not read: the norms are always there",
            "shared_expert_intermediate_size": "0, and not read: there is no shared expert",
            "sliding_window": WINDOW_OFF,
            "use_sliding_window": "sliding_window is null",
            "max_window_layers": "not read: in this family the window, where it is on, is on every layer",
        }
        if config.get("sliding_window") is not None:
            on = config.get("use_sliding_window", False)
            extra["use_sliding_window"] = not on
            if on:
                extra["sliding_window"] = config["sliding_window"] + 1
        return common.changes(case, extra, inert)

    def random_config(self, rng: Random) -> dict[str, Any]:
        config = draw.sizes(rng, 2 * rng.randint(3, 11))
        experts = rng.randint(2, 9)
        layers = config["num_hidden_layers"]
        config |= {
            "architectures": ["Qwen3MoeForCausalLM"],
            "attention_bias": draw.maybe(rng, 0.3),
            "decoder_sparse_step": rng.choice((1, 1, 2)),
            "head_dim": 2 * rng.randint(3, 11),
            "hidden_act": "silu",
            "max_position_embeddings": 128,
            "mlp_only_layers": sorted(i for i in range(layers) if draw.maybe(rng, 0.15)),
            "model_type": "qwen3_moe",
            "moe_intermediate_size": rng.randint(10, 40),
            "num_experts": experts,
            "num_experts_per_tok": rng.randint(1, min(4, experts)),
            "sliding_window": None,
            "use_sliding_window": False,
            **draw.rope(rng, ("default", "default", "linear", "llama3", "yarn")),
        }
        if draw.maybe(rng, 0.2):
            config |= {"max_window_layers": rng.randint(0, layers), "sliding_window": rng.randint(3, 19)}
            config["use_sliding_window"] = draw.maybe(rng, 0.6)
        for field in ("norm_topk_prob", "tie_word_embeddings"):
            if draw.maybe(rng, 0.8):
                config[field] = draw.maybe(rng, 0.5)
        return draw.tail(rng, config)

    def wiring(self, case: Case) -> dict[str, Wiring]:
        config = case.config
        sparse = [is_sparse(config, i) for i in range(config["num_hidden_layers"])]
        found = common.gqa_wiring(case, "Qwen3MoeRMSNorm")
        del found["mlp: gate and up swapped"]
        if not all(sparse):
            found["mlp: gate and up swapped"] = mistakes.dense_mlp_swapped
        found |= {
            "attention: QK norm after RoPE": norm_after_rope,
            "attention: QK norm absent": no_qk_norm,
            "attention: q_norm and k_norm swapped": common.swapped("self_attn.q_norm", "self_attn.k_norm"),
            "experts: gate and up swapped": mistakes.experts_swapped,
            "experts: weight on the input instead of the output": mistakes.weighted_input("Qwen3MoeExperts"),
            "router: sigmoid instead of softmax": _router(config, "sigmoid"),
            "router: router reads the stream before the norm": mistakes.unnormed_router("Qwen3MoeRMSNorm", "Qwen3MoeTopKRouter"),
        }
        if config.get("use_sliding_window") and config.get("sliding_window") is not None:
            found |= mistakes.window_wiring(config["sliding_window"])
        if not config.get("norm_topk_prob", False):
            found["router: softmax over the chosen logits only"] = _router(config, "late_softmax")
        if case.style.get("negative_logits"):
            found["router: logits below zero lost"] = _router(config, "relu")
        return found


def _router(config: dict[str, Any], mistake: str) -> Wiring:
    """A router written independently, with one mistake in it."""
    kept, renormalised = config["num_experts_per_tok"], config.get("norm_topk_prob", False)

    def forward(gate, x):
        router_logits = x @ gate.weight.T
        scores = {
            "sigmoid": torch.sigmoid(router_logits),
            "relu": router_logits.clamp(min=0),
            "late_softmax": router_logits,
        }[mistake]
        ids = scores.argsort(dim=-1, descending=True, stable=True)[:, :kept]
        if mistake == "late_softmax":
            return router_logits, router_logits.gather(1, ids).softmax(-1), ids
        if mistake == "relu":
            scores = scores.softmax(-1)
        weights = scores.gather(1, ids)
        if renormalised:
            weights = weights / weights.sum(-1, keepdim=True)
        return router_logits, weights, ids

    return lambda model: mock.patch.object(common.modeling(model).Qwen3MoeTopKRouter, "forward", forward)


Qwen3Moe.cases = [
    Case(
        id="qwen3-moe-base",
        seed=4001,
        config=_config(sliding_window=8, max_window_layers=1),
        exercises="4.x config; 9 experts, 3 chosen, weights renormalised; head_dim 20 beside hidden/heads 8.67; 6 query heads on "
        "2 KV heads; untied head; eps 0.003; a sliding window that is declared and switched off",
        notes="use_sliding_window is false, so sliding_window 8 must be ignored.",
    ),
    Case(
        id="qwen3-moe-sparse-step",
        seed=4025,
        config=_config(
            decoder_sparse_step=2,
            dtype="bfloat16",
            mlp_only_layers=[3],
            norm_topk_prob=False,
            num_attention_heads=4,
            num_experts=7,
            num_experts_per_tok=2,
            num_hidden_layers=6,
            hidden_size=44,
            intermediate_size=52,
            rms_norm_eps=1e-06,
            rope_parameters={"rope_theta": 50000.0, "rope_type": "default"},
            rope_scaling=...,
            rope_theta=...,
            tie_word_embeddings=True,
            torch_dtype=...,
            transformers_version="5.18.0",
        ),
        style={"embedding_std": 0.004, "residual": 0.01},
        exercises="5.x config; decoder_sparse_step 2 and mlp_only_layers [3]: experts in layers 1 and 5 of 6 only; norm_topk_prob "
        "false: the raw softmax weights; tied head; residual stream around 0.01, so that the usual eps 1e-6 shows",
        notes="Layer i has experts where (i + 1) % decoder_sparse_step is 0 and i is not in mlp_only_layers.",
    ),
    Case(
        id="qwen3-moe-negative-logits",
        seed=4044,
        config=_config(
            attention_bias=...,
            bos_token_id=...,
            num_attention_heads=5,
            num_key_value_heads=1,
            num_experts=6,
            num_hidden_layers=2,
            qkv_bias=False,
            rope_scaling={
                "rope_type": "yarn",
                "factor": 4.0,
                "original_max_position_embeddings": 24,
                "beta_fast": 1.0,
                "beta_slow": 0.5,
            },
            rope_theta=1000,
            shared_expert_intermediate_size=0,
            use_qk_norm=True,
        ),
        prompt_lengths=(1, 2, 9, 41),
        style={"embedding_mean": 1.0, "router_mean": -0.3, "negative_logits": True},
        exercises="all router logits of every token are below zero in a layer; YaRN, prompt past the original context of 24; the extra "
        "keys of the Qwen3-Coder files (qkv_bias, use_qk_norm, shared_expert_intermediate_size 0); 5 query heads on 1 KV head",
        notes="Softmax does not care about the sign of the logits; a top-k that starts from 0 does.",
    ),
    Case(
        id="qwen3-moe-window",
        seed=4061,
        config=_config(
            attention_bias=True,
            norm_topk_prob=...,
            num_attention_heads=6,
            num_key_value_heads=3,
            num_experts=5,
            num_experts_per_tok=4,
            num_hidden_layers=2,
            rope_scaling={"factor": 4.0, "type": "linear"},
            sliding_window=8,
            max_window_layers=1,
            tie_word_embeddings=...,
            use_sliding_window=True,
        ),
        prompt_lengths=(1, 2, 8, 9, 10, 33),
        exercises="a sliding window of 8 on every layer, prompts of window, window + 1 and window + 2; linear rope scaling under the old key "
        "`type`; norm_topk_prob absent, which means false; q/k/v/o biases; 4 of 5 experts; tie_word_embeddings absent: untied",
        notes="No published Qwen3 MoE windows. max_window_layers is 1 and, unlike in dense Qwen3, not read: both layers see the token itself "
        "and the 7 before it. Qwen's published files all say norm_topk_prob true; absent, Hugging Face takes false.",
    ),
]

FAMILY = Qwen3Moe()
