"""DeepSeek V2 and V2-Lite."""

from __future__ import annotations

import contextlib
import math
from random import Random
from typing import Any
from unittest import mock

import numpy as np
import torch

from ..cases import Case, ConfigChanges, Family, Wiring
from ..synthesis import TensorSpec
from . import common, deepseek_v3, draw, exportable, mistakes

YARN = {
    "beta_fast": 1,
    "beta_slow": 0.25,
    "factor": 40,
    "mscale": 0.707,
    "mscale_all_dim": 0.707,
    "original_max_position_embeddings": 24,
    "type": "yarn",
}


def _config(**other):
    config = {
        "architectures": ["DeepseekV2ForCausalLM"],
        "attention_bias": False,
        "attention_dropout": 0.0,
        "aux_loss_alpha": 0.001,
        "bos_token_id": 0,
        "eos_token_id": 1,
        "first_k_dense_replace": 1,
        "hidden_act": "silu",
        "hidden_size": 51,
        "initializer_range": 0.02,
        "intermediate_size": 70,
        "kv_lora_rank": 22,
        "max_position_embeddings": 960,
        "model_type": "deepseek_v2",
        "moe_intermediate_size": 18,
        "moe_layer_freq": 1,
        "n_group": 4,
        "n_routed_experts": 12,
        "n_shared_experts": 2,
        "norm_topk_prob": False,
        "num_attention_heads": 3,
        "num_experts_per_tok": 3,
        "num_hidden_layers": 3,
        "num_key_value_heads": 3,
        "pretraining_tp": 1,
        "q_lora_rank": 26,
        "qk_nope_head_dim": 14,
        "qk_rope_head_dim": 12,
        "rms_norm_eps": 0.003,
        "rope_scaling": dict(YARN),
        "rope_theta": 100,
        "routed_scaling_factor": 16.0,
        "scoring_func": "softmax",
        "seq_aux": True,
        "tie_word_embeddings": False,
        "topk_group": 2,
        "topk_method": "group_limited_greedy",
        "torch_dtype": "bfloat16",
        "transformers_version": "4.39.3",
        "use_cache": True,
        "v_head_dim": 10,
        "vocab_size": 163,
    }
    config.update(other)
    return {name: value for name, value in config.items() if value is not ...}


def grouped(config: dict[str, Any]) -> bool:
    return config.get("topk_method", "greedy") == "group_limited_greedy"


class DeepseekV2(Family):
    name = "deepseek_v2"

    def tensors(self, case: Case) -> list[TensorSpec]:
        config = case.config
        rules = _Rules(case)
        rules.ends(config)
        for i in range(config["num_hidden_layers"]):
            rules.layer(f"model.layers.{i}", config, dense=i < config.get("first_k_dense_replace", 0))
        return rules.specs

    def choices(self, case: Case, model, layer: int, router_logits: np.ndarray) -> list[tuple[np.ndarray, int]]:
        config = case.config
        scores = np.exp(router_logits - router_logits.max(axis=1, keepdims=True))
        scores /= scores.sum(axis=1, keepdims=True)
        if not grouped(config):
            return [(scores, config["num_experts_per_tok"])]
        by_group = scores.reshape(len(scores), config["n_group"], -1)
        best = by_group.max(axis=2)
        kept = np.argsort(-best, axis=1, kind="stable")[:, : config["topk_group"]]
        is_open = np.zeros_like(best, dtype=bool)
        np.put_along_axis(is_open, kept, True, axis=1)
        masked = np.where(is_open[:, :, None], by_group, 0.0).reshape(scores.shape)
        return [(best, config["topk_group"]), (masked, config["num_experts_per_tok"])]

    def changes(self, case: Case) -> ConfigChanges:
        config = case.config
        extra: dict[str, Any] = {
            "num_experts_per_tok": config["num_experts_per_tok"] - 1,
            "routed_scaling_factor": config.get("routed_scaling_factor", 1.0) * 1.5,
        }
        if grouped(config):
            extra["n_group"] = config["n_group"] // 2
            extra["topk_group"] = config["topk_group"] + 1
            extra["topk_method"] = "greedy"
        inert = dict.fromkeys(
            (
                "kv_lora_rank",
                "q_lora_rank",
                "qk_nope_head_dim",
                "qk_rope_head_dim",
                "v_head_dim",
                "moe_intermediate_size",
                "n_routed_experts",
                "n_shared_experts",
            ),
            common.SHAPE,
        )
        inert |= dict.fromkeys(("aux_loss_alpha", "seq_aux", "ep_size"), common.TRAINING)
        inert |= {
            "first_k_dense_replace": "the names of a layer's tensors differ: a wrong value cannot be loaded",
            "moe_layer_freq": "1 in every published file, and not read",
            "scoring_func": "softmax in every published file, and not read",
            "norm_topk_prob": "not read: the weights are never renormalised",
            "n_group": "topk_method greedy: there is no choice of groups",
            "topk_group": "topk_method greedy: there is no choice of groups",
            "topk_method": "greedy: the other method needs groups",
            "num_key_value_heads": "latent attention has no KV heads; the field repeats num_attention_heads",
        }
        return common.changes(case, extra, inert)

    def exportable(self, model):
        return exportable.real_rotary(model, "DeepseekV2RotaryEmbedding", heads_axis=1)

    def random_config(self, rng: Random) -> dict[str, Any]:
        config = draw.latent_attention(rng) | draw.groups(rng)
        for width in ("kv_lora_rank", "qk_nope_head_dim"):
            config[width] += config[width] % 2  # Hugging Face views pairs as complex numbers, which must be aligned
        config |= {
            "architectures": ["DeepseekV2ForCausalLM"],
            "first_k_dense_replace": rng.randint(0, config["num_hidden_layers"]),
            "hidden_act": "silu",
            "max_position_embeddings": 128,
            "model_type": "deepseek_v2",
            "moe_intermediate_size": rng.randint(10, 30),
            "moe_layer_freq": 1,
            "n_shared_experts": rng.randint(1, 3),
            "norm_topk_prob": False,
            "routed_scaling_factor": rng.choice((1.0, 2.5, 16.0)),
            "scoring_func": "softmax",
            "topk_method": "greedy" if config["n_group"] == 1 else "group_limited_greedy",
            **draw.rope(rng, ("default", "linear", "yarn", "yarn")),
        }
        if draw.maybe(rng, 0.8):
            config["tie_word_embeddings"] = draw.maybe(rng, 0.3)
        if draw.maybe(rng, 0.3):
            config["mlp_bias"] = draw.maybe(rng, 0.7)
        return draw.tail(rng, config)

    def wiring(self, case: Case) -> dict[str, Wiring]:
        config = case.config
        width = config["qk_nope_head_dim"] + config["qk_rope_head_dim"]
        names = [
            ("weights renormalised", "renormalise"),
            ("weights renormalised, no scaling factor", "renormalise_unscaled"),
            ("softmax over the chosen logits only", "late_softmax"),
            ("sigmoid instead of softmax", "sigmoid"),
        ]
        if config.get("routed_scaling_factor", 1.0) != 1:
            names.append(("no scaling factor", "unscaled"))
        if grouped(config):
            names += [
                ("no groups", "no_groups"),
                ("group score is the sum of two, not the largest", "group_sum_of_two"),
                ("group score is the sum of all", "group_sum"),
            ]
        found: dict[str, Wiring] = {f"router: {what}": _router(config, mistake) for what, mistake in names}
        found |= {
            "router: router reads the stream before the norm": mistakes.unnormed_router(
                "DeepseekV2RMSNorm", "DeepseekV2TopkRouter"
            ),
            "rope: absent": common.rope_absent("apply_rotary_emb"),
            "rope: pairs (i, i+d/2) instead of (2i, 2i+1)": _half_split,
            "attention: not causal": common.not_causal,
            "attention: scores scaled by the nope width": deepseek_v3.scaled_by(
                math.sqrt(width / config["qk_nope_head_dim"])
            ),
            "attention: value rows before key rows in kv_b_proj": deepseek_v3.values_first(config),
            "attention: rope part first in the query": deepseek_v3.rope_first(config),
            "attention: latent norms' eps 1e-5": deepseek_v3.latent_eps(1e-5),
            "attention: rotary key normalised with the latent": _normed_rotary_key(config),
            "norm: eps outside the root": common.eps_outside_root("DeepseekV2RMSNorm"),
            "norm: the two norms of a layer swapped": common.swapped("input_layernorm", "post_attention_layernorm"),
            "experts: gate and up swapped": mistakes.experts_swapped,
            "experts: weight on the input instead of the output": mistakes.weighted_input("DeepseekV2Experts"),
            "experts: shared experts absent": deepseek_v3.shared(0.0),
            "experts: shared experts averaged": deepseek_v3.shared(0.5),
        }
        if config["rms_norm_eps"] != deepseek_v3.LATENT_EPS:
            found["attention: latent norms use rms_norm_eps"] = deepseek_v3.latent_eps(config["rms_norm_eps"])
        if config.get("routed_scaling_factor", 1.0) != 1:
            found["experts: shared experts scaled like the routed ones"] = deepseek_v3.shared(
                config["routed_scaling_factor"]
            )
        rope = config.get("rope_scaling") or config.get("rope_parameters") or {}
        if rope.get("mscale_all_dim"):
            own, all_dims = (
                0.1 * rope.get(key, 0.0) * math.log(rope["factor"]) + 1 for key in ("mscale", "mscale_all_dim")
            )
            found["attention: no mscale^2 in the score scale"] = common.score_scale(width)
            found["attention: mscale once, not squared, in the score scale"] = deepseek_v3.scaled_by(1 / all_dims)
            found["rope: cos and sin times mscale, not the ratio"] = _cos_sin(own)
            if own != all_dims:
                found["attention: mscale^2 from mscale, not mscale_all_dim"] = deepseek_v3.scaled_by((own / all_dims) ** 2)
                found["rope: cos and sin without the ratio of mscales"] = _cos_sin(1.0)
        return found


class _Rules(deepseek_v3.Rules):
    """V3's, without correction bias."""

    def __init__(self, case: Case):
        super().__init__(case)
        self.router_gain = case.style.get("router_gain", 1.5)

    def add(self, name: str, shape: tuple[int, ...], mean: float, std: float, dtype: str | None = None) -> None:
        if not name.endswith(".e_score_correction_bias"):
            super().add(name, shape, mean, std, dtype)


def _router(config: dict[str, Any], mistake: str) -> Wiring:
    """A router written independently, with one mistake in it."""
    kept, scale = config["num_experts_per_tok"], config.get("routed_scaling_factor", 1.0)

    def forward(gate, x):
        router_logits = x.reshape(-1, x.shape[-1]) @ gate.weight.T
        scores = torch.sigmoid(router_logits) if mistake == "sigmoid" else router_logits.softmax(-1)
        masked = scores
        if grouped(config) and mistake != "no_groups":
            groups = scores.reshape(len(scores), config["n_group"], -1)
            best = groups.sort(-1, descending=True).values
            used = {"group_sum_of_two": 2, "group_sum": best.shape[-1]}.get(mistake, 1)
            order = best[..., :used].sum(-1).argsort(dim=-1, descending=True)
            closed = torch.ones(best.shape[:2], dtype=torch.bool).scatter(1, order[:, : config["topk_group"]], False)
            masked = groups.masked_fill(closed[..., None], 0.0).reshape(scores.shape)
        ids = masked.argsort(dim=-1, descending=True, stable=True)[:, :kept]
        weights = masked.gather(1, ids)
        if mistake == "late_softmax":
            weights = router_logits.gather(1, ids).softmax(-1)
        if mistake in ("renormalise", "renormalise_unscaled"):
            weights = weights / weights.sum(-1, keepdim=True)
        if mistake not in ("unscaled", "renormalise_unscaled"):
            weights = weights * scale
        return router_logits, weights, ids

    return lambda model: mock.patch.object(common.modeling(model).DeepseekV2TopkRouter, "forward", forward)


def _half_split(model):
    def wrong(q, k, turns):
        turns = turns.unsqueeze(1)

        def rotate(x):
            first, second = x.chunk(2, -1)
            turned = torch.complex(first, second) * turns
            return torch.cat([turned.real, turned.imag], -1)

        return rotate(q), rotate(k)

    return mock.patch.object(common.modeling(model), "apply_rotary_emb", wrong)


def _cos_sin(factor: float) -> Wiring:
    @contextlib.contextmanager
    def wrong(model):
        rotary = model.model.rotary_emb
        saved = rotary.attention_scaling
        rotary.attention_scaling = factor
        yield
        rotary.attention_scaling = saved

    return wrong


def _normed_rotary_key(config: dict[str, Any]) -> Wiring:
    """The rotary key is divided by the latent's root mean square before it is rotated."""

    def wrong(model):
        right = common.modeling(model).apply_rotary_emb

        def rotate(q, k, turns):
            return right(q, k / (k.pow(2).mean(-1, keepdim=True) + config["rms_norm_eps"]).sqrt(), turns)

        return mock.patch.object(common.modeling(model), "apply_rotary_emb", rotate)

    return wrong


DeepseekV2.cases = [
    Case(
        id="deepseek-v2-base",
        seed=4201,
        config=_config(),
        prompt_lengths=(1, 2, 9, 41),
        exercises="latent attention with q_lora; group_limited_greedy: 12 experts in 4 groups, 2 open, 3 chosen; weights not renormalised and "
        "times 16; two shared experts as one MLP; 1 dense and 2 MoE layers; YaRN with mscale 0.707 twice, prompt past the "
        "original context of 24; latent norms whose eps stays 1e-6 under rms_norm_eps 0.003",
        notes="Scores are scaled by (0.1 * mscale_all_dim * ln factor + 1)^2 / sqrt(width), as in DeepSeek's code and in Hugging Face 5.18; "
        "Hugging Face 4.57 leaves the mscale out.",
    ),
    Case(
        id="deepseek-v2-lite",
        seed=4221,
        config=_config(
            hidden_size=52,
            n_group=1,
            n_routed_experts=8,
            num_attention_heads=4,
            num_key_value_heads=4,
            q_lora_rank=None,
            routed_scaling_factor=1.0,
            topk_group=1,
            topk_method="greedy",
            transformers_version="4.33.1",
        ),
        style={"kv_latent": 0.08},
        exercises="q_lora_rank null: one q_proj; topk_method greedy with n_group 1; routed_scaling_factor 1; YaRN with mscale 0.707 twice",
        notes="Hugging Face 4.57 leaves mscale^2 out of the score scale; this follows 5.18 and DeepSeek's code.",
    ),
    Case(
        id="deepseek-v2-mscales",
        seed=4241,
        config=_config(
            aux_loss_alpha=...,
            ep_size=1,
            first_k_dense_replace=2,
            hidden_size=54,
            n_group=2,
            n_routed_experts=10,
            n_shared_experts=1,
            num_hidden_layers=4,
            rope_scaling=YARN | {"mscale": 1.0, "mscale_all_dim": 0.4, "factor": 16.0},
            routed_scaling_factor=2.5,
            seq_aux=...,
            tie_word_embeddings=True,
            topk_group=1,
            v_head_dim=17,
        ),
        prompt_lengths=(1, 2, 9, 37),
        exercises="mscale 1.0 beside mscale_all_dim 0.4: their ratio scales cos and sin, the second alone the scores; 2 dense and 2 MoE layers; "
        "1 of 2 groups; tied head; value width 17 beside a key width of 26",
        notes="The sources of DeepSeek-V2-236B disagree on its mscales; this case tells which of the two is used where.",
    ),
    Case(
        id="deepseek-v2-5x",
        seed=4262,
        config=_config(
            attention_bias=True,
            dtype="bfloat16",
            first_k_dense_replace=...,
            hidden_size=48,
            n_group=None,
            n_routed_experts=6,
            num_attention_heads=2,
            num_key_value_heads=2,
            num_experts_per_tok=2,
            num_hidden_layers=2,
            rms_norm_eps=1e-06,
            rope_parameters={"rope_theta": 10000.0, "rope_type": "default"},
            rope_scaling=...,
            rope_theta=...,
            topk_group=None,
            topk_method="greedy",
            torch_dtype=...,
            transformers_version="5.18.0",
        ),
        prompt_lengths=(1, 2, 9, 33),
        style={"embedding_std": 0.004, "residual": 0.01, "q_latent": 0.05},
        exercises="5.x config; n_group and topk_group null; first_k_dense_replace absent: no dense layer; unscaled rope, so no mscale; biases on "
        "the a-projections and o_proj; residual stream around 0.01, so that the usual eps 1e-6 shows",
        notes="No published DeepSeek V2 has biases; the field is honoured by Hugging Face.",
    ),
    Case(
        id="deepseek-v2-biases",
        seed=4281,
        config=_config(
            attention_bias=True,
            hidden_size=50,
            mlp_bias=True,
            n_routed_experts=8,
            num_attention_heads=2,
            num_hidden_layers=2,
            num_key_value_heads=2,
            q_lora_rank=None,
            rope_scaling={"factor": 4.0, "rope_type": "linear"},
            rope_theta=1000.0,
            routed_scaling_factor=2.5,
        ),
        prompt_lengths=(1, 2, 9, 37),
        style={"kv_latent": 0.08},
        exercises="mlp_bias: gate, up and down of the dense layer and of the shared experts have biases, the routed experts none; attention_bias "
        "beside q_lora_rank null, so that q_proj has none and kv_a_proj_with_mqa and o_proj have; linear scaling; 2 of 4 groups",
        notes="No published DeepSeek V2 has biases; Hugging Face honours both fields.",
    ),
]

FAMILY = DeepseekV2()
