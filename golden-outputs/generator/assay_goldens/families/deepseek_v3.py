"""DeepSeek V3 / R1, and Kimi K2, which is a configuration of it."""

from __future__ import annotations

import contextlib
import math
from random import Random
from typing import Any
from unittest import mock

import numpy as np
import torch

from .. import synthesis
from ..cases import Case, ConfigChanges, Family, Tensors, Wiring
from ..synthesis import TensorSpec
from . import common, draw, mistakes

LATENT_EPS = 1e-6
"""Of the norms inside the attention, whatever rms_norm_eps says."""

YARN = {
    "beta_fast": 1,
    "beta_slow": 0.25,
    "factor": 40,
    "mscale": 1.0,
    "mscale_all_dim": 0.7,
    "original_max_position_embeddings": 24,
    "type": "yarn",
}


KIMI_YARN = {
    "beta_fast": 1.0,
    "beta_slow": 1.0,
    "factor": 32.0,
    "mscale": 1.0,
    "mscale_all_dim": 1.0,
    "original_max_position_embeddings": 24,
    "type": "yarn",
}


def base_config(**other):
    config = {
        "architectures": ["DeepseekV3ForCausalLM"],
        "attention_bias": False,
        "attention_dropout": 0.0,
        "bos_token_id": 0,
        "eos_token_id": 1,
        "ep_size": 1,
        "first_k_dense_replace": 1,
        "hidden_act": "silu",
        "hidden_size": 52,
        "initializer_range": 0.02,
        "intermediate_size": 76,
        "kv_lora_rank": 22,
        "max_position_embeddings": 128,
        "model_type": "deepseek_v3",
        "moe_intermediate_size": 20,
        "moe_layer_freq": 1,
        "n_group": 4,
        "n_routed_experts": 12,
        "n_shared_experts": 1,
        "norm_topk_prob": True,
        "num_attention_heads": 3,
        "num_experts_per_tok": 4,
        "num_hidden_layers": 3,
        "num_key_value_heads": 3,
        "num_nextn_predict_layers": 1,
        "q_lora_rank": 26,
        "qk_nope_head_dim": 14,
        "qk_rope_head_dim": 12,
        "rms_norm_eps": 0.003,
        "rope_scaling": dict(YARN),
        "rope_theta": 100,
        "routed_scaling_factor": 2.5,
        "scoring_func": "sigmoid",
        "tie_word_embeddings": False,
        "topk_group": 2,
        "topk_method": "noaux_tc",
        "torch_dtype": "bfloat16",
        "transformers_version": "4.33.1",
        "use_cache": True,
        "v_head_dim": 10,
        "vocab_size": 163,
    }
    config.update(other)
    return {name: value for name, value in config.items() if value is not ...}


class DeepseekV3(Family):
    name = "deepseek_v3"

    def oracle_config(self, config: dict[str, Any]) -> dict[str, Any]:
        config = dict(config)
        config.pop("quantization_config", None)  # it is given dequantised weights
        config["model_type"] = "deepseek_v3"  # it has no kimi_k2
        return config

    # Weights

    def tensors(self, case: Case) -> list[TensorSpec]:
        config = case.config
        rules = Rules(case)
        rules.ends(config)
        for i in range(config["num_hidden_layers"]):
            rules.layer(f"model.layers.{i}", config, dense=i < config["first_k_dense_replace"])
        if case.style.get("mtp"):
            rules.multi_token_prediction(f"model.layers.{config['num_hidden_layers']}", config)
        return rules.specs

    def ignored_tensors(self, case: Case) -> dict[str, str]:
        if not case.style.get("mtp"):
            return {}
        layer = f"model.layers.{case.config['num_hidden_layers']}."
        reason = "belongs to the multi-token prediction layer behind the last decoder layer"
        return {spec.name: reason for spec in self.tensors(case) if spec.name.startswith(layer)}

    def dequantise(self, case: Case, tensors: Tensors) -> dict[str, np.ndarray]:
        exact = super().dequantise(case, tensors)
        for name in [name for name in exact if name.endswith("_scale_inv")]:
            scale = exact.pop(name)
            weight = exact[name.removesuffix("_scale_inv")]
            rows, columns = case.config["quantization_config"]["weight_block_size"]
            spread = np.repeat(np.repeat(scale, rows, axis=0), columns, axis=1)
            weight *= spread[: weight.shape[0], : weight.shape[1]]
        return exact

    # Routing

    def choices(self, case: Case, model, layer: int, router_logits: np.ndarray) -> list[tuple[np.ndarray, int]]:
        config = case.config
        bias = model.model.layers[layer].mlp.gate.e_score_correction_bias.numpy()
        biased = 1 / (1 + np.exp(-router_logits)) + bias
        grouped = biased.reshape(len(biased), config["n_group"], -1)
        group_scores = np.sort(grouped, axis=2)[:, :, -2:].sum(axis=2)
        kept = np.argsort(-group_scores, axis=1, kind="stable")[:, : config["topk_group"]]
        open_groups = np.zeros_like(group_scores, dtype=bool)
        np.put_along_axis(open_groups, kept, True, axis=1)
        masked = np.where(open_groups[:, :, None], grouped, -np.inf).reshape(biased.shape)
        return [(group_scores, config["topk_group"]), (masked, config["num_experts_per_tok"])]

    # Certificate

    def changes(self, case: Case) -> ConfigChanges:
        config = case.config
        extra: dict[str, Any] = {
            "num_experts_per_tok": config["num_experts_per_tok"] - 1,
            "norm_topk_prob": not config["norm_topk_prob"],
            "routed_scaling_factor": config["routed_scaling_factor"] * 1.5,
            "rope_interleave": not config.get("rope_interleave", True),
        }
        if config["n_group"] > 1:
            extra["n_group"] = config["n_group"] // 2
            extra["topk_group"] = config["topk_group"] + 1
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
            "num_nextn_predict_layers": "the multi-token prediction layer does not take part",
            "scoring_func": "sigmoid in every published file, and not read",
            "topk_method": "noaux_tc in every published file, and not read",
            "n_group": "one group: there is no choice of groups",
            "topk_group": "one group: there is no choice of groups",
            "num_key_value_heads": "latent attention has no KV heads; the field repeats num_attention_heads",
            "quantization_config.activation_scheme": "activations are not quantised by the oracle",
            "quantization_config.fmt": "the file's own dtypes say it",
            "quantization_config.quant_method": "the file's own dtypes and scale tensors say it",
            "quantization_config.weight_block_size": "fixes the shape of the scale tensors",
        }
        return common.changes(case, extra, inert)

    def random_config(self, rng: Random) -> dict[str, Any]:
        config = draw.latent_attention(rng) | draw.groups(rng)
        kimi = config["n_group"] == 1 and draw.maybe(rng, 0.6)
        config |= {
            "architectures": ["DeepseekV3ForCausalLM"],
            "first_k_dense_replace": rng.randint(0, config["num_hidden_layers"]),
            "hidden_act": "silu",
            "max_position_embeddings": 128,
            "model_type": "kimi_k2" if kimi else "deepseek_v3",
            "moe_intermediate_size": rng.randint(10, 30),
            "moe_layer_freq": 1,
            "n_shared_experts": rng.randint(1, 3),
            "norm_topk_prob": draw.maybe(rng, 0.8),
            "num_nextn_predict_layers": 0 if kimi else rng.randint(0, 1),
            "routed_scaling_factor": rng.choice((1.0, 2.5, 2.827)),
            "scoring_func": "sigmoid",
            "topk_method": "noaux_tc",
            **draw.rope(rng, ("default", "linear", "yarn", "yarn")),
        }
        if draw.maybe(rng, 0.3):
            config["quantization_config"] = {
                "activation_scheme": "dynamic",
                "fmt": "e4m3",
                "quant_method": "fp8",
                "weight_block_size": [rng.choice((7, 16, 128)), rng.choice((12, 16, 128))],
            }
        if draw.maybe(rng, 0.8):
            config["tie_word_embeddings"] = draw.maybe(rng, 0.3)
        if draw.maybe(rng, 0.3):
            config["rope_interleave"] = draw.maybe(rng, 0.3)
        return draw.tail(rng, config)

    def random_style(self, rng: Random, config: dict[str, Any]) -> dict[str, Any]:
        biases = {"correction_mean": rng.choice((0.0, 0.0, 2.0, -1.6)), "correction_std": rng.choice((0.1, 0.3))}
        return draw.style(rng, config) | biases | {"mtp": config.get("num_nextn_predict_layers", 0) > 0}

    def wiring(self, case: Case) -> dict[str, Wiring]:
        config = case.config
        width = config["qk_nope_head_dim"] + config["qk_rope_head_dim"]
        found: dict[str, Wiring] = {
            f"router: {what}": _router(config, **{flag: True})
            for what, flag in (
                ("bias left in the mixing weights", "bias_in_weights"),
                ("bias added before the sigmoid", "bias_before_sigmoid"),
                ("bias absent", "no_bias"),
                ("bias rounded to bfloat16", "rounded_bias"),
                ("group score is the largest, not the sum of two", "group_max"),
                ("masked groups filled with 0", "zero_fill"),
                ("no groups", "no_groups"),
                ("no scaling factor", "no_scale"),
                ("softmax over the chosen logits", "softmax"),
                ("sum clamped at 2^-14", "clamped_sum"),
                ("sum without its epsilon of 1e-20", "no_epsilon"),
                ("score recovered as (score + bias) - bias in float32", "recovered"),
            )
        }
        found |= {
            "rope: absent": common.rope_absent(
                "apply_rotary_pos_emb_interleave" if config.get("rope_interleave", True) else "apply_rotary_pos_emb"
            ),
            "attention: not causal": common.not_causal,
            "attention: scores scaled by the nope width": scaled_by(math.sqrt(width / config["qk_nope_head_dim"])),
            "attention: value rows before key rows in kv_b_proj": values_first(config),
            "attention: rope part first in the query": rope_first(config),
            "attention: latent norms use rms_norm_eps": latent_eps(config["rms_norm_eps"]),
            "attention: latent norms' eps 1e-5": latent_eps(1e-5),
            "norm: eps outside the root": common.eps_outside_root("DeepseekV3RMSNorm"),
            "norm: the two norms of a layer swapped": common.swapped("input_layernorm", "post_attention_layernorm"),
            "experts: gate and up swapped": mistakes.experts_swapped,
            "experts: shared expert absent": shared(0.0),
            "experts: shared expert scaled like the routed ones": shared(config["routed_scaling_factor"]),
        }
        if (config.get("rope_scaling") or config.get("rope_parameters") or {}).get("mscale_all_dim"):
            found["attention: no mscale^2 in the score scale"] = common.score_scale(width)
        return found


class Rules(common.Rules):
    """Magnitudes that are particular to this family."""

    def __init__(self, case: Case):
        super().__init__(case)
        self.block = (case.config.get("quantization_config") or {}).get("weight_block_size")
        self.bias_mean = case.style.get("correction_mean", 0.0)
        self.bias_std = case.style.get("correction_std", 0.22)
        self.bias_dtype = case.style.get("correction_dtype", "F32")
        self.router_mean = case.style.get("router_mean", 0.0)
        self.router_gain = case.style.get("router_gain", 3.0)
        self.q_latent = case.style.get("q_latent", 0.02)
        self.kv_latent = case.style.get("kv_latent", 0.25)

    def linear(self, stem: str, rows: int, columns: int, bias: bool, gain: float = 1.0) -> None:
        """A linear layer, in block-scaled float8 where the case asks for it."""
        if not self.block:
            super().linear(stem, rows, columns, bias, gain)
            return
        scale = self.gain * gain / math.sqrt(columns) / 140.0
        self.add(f"{stem}.weight", (rows, columns), 0.0, 140.0, "F8_E4M3")
        blocks = (-(-rows // self.block[0]), -(-columns // self.block[1]))
        self.specs.append(
            TensorSpec(f"{stem}.weight_scale_inv", "F32", blocks, float(f"{scale:.6g}"), float(f"{scale / 4:.6g}"))
        )
        if bias:
            self.bias(f"{stem}.bias", rows, 0.3 * gain)

    def layer(self, prefix: str, config: dict[str, Any], dense: bool) -> None:
        hidden = config["hidden_size"]
        self.norm(f"{prefix}.input_layernorm.weight", hidden)
        self.norm(f"{prefix}.post_attention_layernorm.weight", hidden)
        self.attention(f"{prefix}.self_attn", config)
        biased = config.get("mlp_bias", False)  # V2 has the field; its routed experts have no biases all the same
        if dense:
            self.gated_mlp(f"{prefix}.mlp", hidden, config["intermediate_size"], biased)
            return
        inner, experts = config["moe_intermediate_size"], config["n_routed_experts"]
        router_std = self.gain * self.router_gain / math.sqrt(hidden)
        self.add(f"{prefix}.mlp.gate.weight", (experts, hidden), self.router_mean, router_std)
        self.add(
            f"{prefix}.mlp.gate.e_score_correction_bias", (experts,), self.bias_mean, self.bias_std, self.bias_dtype
        )
        for e in range(experts):
            self.gated_mlp(f"{prefix}.mlp.experts.{e}", hidden, inner)
        self.gated_mlp(f"{prefix}.mlp.shared_experts", hidden, inner * config["n_shared_experts"], biased)

    def attention(self, prefix: str, config: dict[str, Any]) -> None:
        hidden, heads, bias = config["hidden_size"], config["num_attention_heads"], config.get("attention_bias", False)
        nope, rope, value = config["qk_nope_head_dim"], config["qk_rope_head_dim"], config["v_head_dim"]
        q_rank, kv_rank = config["q_lora_rank"], config["kv_lora_rank"]
        if q_rank is None:
            self.linear(f"{prefix}.q_proj", heads * (nope + rope), hidden, False)
        else:
            # The latent is small, so that the fixed eps of its norm shows.
            self.linear(f"{prefix}.q_a_proj", q_rank, hidden, bias, self.q_latent)
            self.norm(f"{prefix}.q_a_layernorm.weight", q_rank)
            self.linear(f"{prefix}.q_b_proj", heads * (nope + rope), q_rank, False)
        self.linear(f"{prefix}.kv_a_proj_with_mqa", kv_rank + rope, hidden, bias, self.kv_latent)
        self.norm(f"{prefix}.kv_a_layernorm.weight", kv_rank)
        self.linear(f"{prefix}.kv_b_proj", heads * (nope + value), kv_rank, False)
        self.linear(f"{prefix}.o_proj", hidden, heads * value, bias)

    def multi_token_prediction(self, prefix: str, config: dict[str, Any]) -> None:
        hidden, vocabulary = config["hidden_size"], config["vocab_size"]
        self.layer(prefix, config, dense=False)
        self.norm(f"{prefix}.enorm.weight", hidden)
        self.norm(f"{prefix}.hnorm.weight", hidden)
        self.norm(f"{prefix}.shared_head.norm.weight", hidden)
        self.matrix(f"{prefix}.eh_proj.weight", hidden, 2 * hidden)
        self.matrix(f"{prefix}.embed_tokens.weight", vocabulary, hidden)
        self.matrix(f"{prefix}.shared_head.head.weight", vocabulary, hidden)


def _router(config: dict[str, Any], **wrong: bool) -> Wiring:
    """A router written independently, with one mistake in it."""

    def forward(gate, x):
        flag = wrong.get
        router_logits = x.reshape(-1, x.shape[-1]) @ gate.weight.T
        bias = gate.e_score_correction_bias
        if flag("rounded_bias"):
            bias = torch.from_numpy(synthesis.decode(synthesis.encode(bias.numpy(), "BF16"), "BF16"))
        if flag("no_bias"):
            bias = torch.zeros_like(bias)
        scores = torch.sigmoid(router_logits)
        choice = torch.sigmoid(router_logits + bias) if flag("bias_before_sigmoid") else scores + bias
        groups = choice.reshape(len(choice), config["n_group"], -1)
        best = groups.sort(-1, descending=True).values
        group_score = best[..., 0] if flag("group_max") else best[..., 0] + best[..., 1]
        order = group_score.argsort(-1, descending=True)
        closed = torch.ones_like(group_score, dtype=torch.bool).scatter(1, order[:, : config["topk_group"]], False)
        if not flag("no_groups"):
            groups = groups.masked_fill(closed[..., None], 0.0 if flag("zero_fill") else -torch.inf)
        masked = groups.reshape(choice.shape)
        ids = masked.argsort(dim=-1, descending=True, stable=True)[:, : config["num_experts_per_tok"]]
        if flag("recovered"):
            narrow = bias.numpy().astype(np.float32)
            scores = torch.from_numpy(((scores.numpy().astype(np.float32) + narrow) - narrow).astype(np.float64))
        weights = (choice if flag("bias_in_weights") else scores).gather(1, ids)
        if flag("softmax"):
            weights = router_logits.gather(1, ids).softmax(-1)
        elif config["norm_topk_prob"]:
            total = weights.sum(-1, keepdim=True)
            if flag("clamped_sum"):
                total = total.clamp(min=2.0**-14)
            elif not flag("no_epsilon"):
                total = total + 1e-20
            weights = weights / total
        if not flag("no_scale"):
            weights = weights * config["routed_scaling_factor"]
        return router_logits, weights, ids

    return lambda model: mock.patch.object(common.modeling(model).DeepseekV3TopkRouter, "forward", forward)


def scaled_by(factor: float) -> Wiring:
    @contextlib.contextmanager
    def wrong(model):
        saved = [layer.self_attn.scaling for layer in model.model.layers]
        for layer in model.model.layers:
            layer.self_attn.scaling *= factor
        yield
        for layer, scaling in zip(model.model.layers, saved, strict=True):
            layer.self_attn.scaling = scaling

    return wrong


def _permuted(model, pick, order: torch.Tensor):
    """Rows of one weight per layer in another order, for the duration of the context."""

    @contextlib.contextmanager
    def wrong():
        weights = [pick(layer.self_attn).weight for layer in model.model.layers]
        saved = [w.detach().clone() for w in weights]
        for w in weights:
            w.copy_(w[order])
        yield
        for w, kept in zip(weights, saved, strict=True):
            w.copy_(kept)

    return wrong()


def values_first(config: dict[str, Any]) -> Wiring:
    nope, value, heads = config["qk_nope_head_dim"], config["v_head_dim"], config["num_attention_heads"]
    rows = torch.arange(heads * (nope + value)).reshape(heads, -1)
    order = torch.cat([rows[:, value:], rows[:, :value]], 1).reshape(-1)
    return lambda model: _permuted(model, lambda a: a.kv_b_proj, order)


def rope_first(config: dict[str, Any]) -> Wiring:
    nope, rope, heads = config["qk_nope_head_dim"], config["qk_rope_head_dim"], config["num_attention_heads"]
    rows = torch.arange(heads * (nope + rope)).reshape(heads, -1)
    order = torch.cat([rows[:, rope:], rows[:, :rope]], 1).reshape(-1)
    return lambda model: _permuted(model, lambda a: a.q_proj if a.q_proj is not None else a.q_b_proj, order)


def latent_eps(eps: float) -> Wiring:
    @contextlib.contextmanager
    def wrong(model):
        norms = [n for la in model.model.layers for n in (la.self_attn.q_a_layernorm, la.self_attn.kv_a_layernorm)]
        norms = [norm for norm in norms if norm is not None]
        assert all(norm.variance_epsilon == LATENT_EPS for norm in norms)
        for norm in norms:
            norm.variance_epsilon = eps
        yield
        for norm in norms:
            norm.variance_epsilon = LATENT_EPS

    return wrong


def shared(factor: float) -> Wiring:
    @contextlib.contextmanager
    def wrong(model):
        handles = [
            layer.mlp.shared_experts.register_forward_hook(lambda _, __, output: output * factor)
            for layer in model.model.layers
            if hasattr(layer.mlp, "shared_experts")
        ]
        yield
        for handle in handles:
            handle.remove()

    return wrong


MASK = "router: masked groups filled with 0"
CLAMP = "router: sum clamped at 2^-14"
NO_EPSILON = "router: sum without its epsilon of 1e-20"
BF16_BIAS = "router: bias rounded to bfloat16"
ONE_GROUP = frozenset({MASK, "router: group score is the largest, not the sum of two", "router: no groups"})
RECOVERED = "router: score recovered as (score + bias) - bias in float32"
OTHERS = frozenset({MASK, CLAMP, NO_EPSILON, BF16_BIAS, RECOVERED})
BY_BIAS = frozenset(
    {BF16_BIAS, "router: softmax over the chosen logits", "router: bias added before the sigmoid", "router: bias absent"}
)
"""What does not show where the scores are small and the bias alone decides the choice."""

TINY_SCORES = {"embedding_mean": 3.0, "router_gain": 0.5, "correction_std": 2.0}
"""With a fitting `router_mean`, router logits around -43. At -46 the share of the epsilon, and with it the result, would hang on the last
bits of a logit: each is worth 4e-6 of a score there."""

DeepseekV3.cases = [
    Case(
        id="deepseek-v3-base",
        seed=3201,
        config=base_config(),
        prompt_lengths=(1, 2, 9, 41),
        style={"mtp": True},
        quiet_wiring=OTHERS,
        exercises="latent attention with q_lora; YaRN with mscale 1.0 beside mscale_all_dim 0.7, prompt past the original context "
        "of 24; 1 dense and 2 MoE layers, 12 experts in 4 groups, 2 open, 4 chosen; correction bias of either sign; "
        "a multi-token prediction layer in the file; latent norms whose eps stays 1e-6 "
        "under rms_norm_eps 0.003",
        notes="model.layers.3.* is the multi-token prediction layer and takes no part.",
    ),
    Case(
        id="deepseek-v3-no-q-lora",
        seed=3223,
        config=base_config(
            q_lora_rank=None,
            first_k_dense_replace=2,
            num_hidden_layers=4,
            n_shared_experts=2,
            n_routed_experts=8,
            n_group=2,
            topk_group=1,
            num_experts_per_tok=3,
            num_nextn_predict_layers=0,
            norm_topk_prob=False,
            num_attention_heads=4,
            num_key_value_heads=4,
            hidden_size=44,
            rope_scaling=None,
            rope_theta=10000,
            routed_scaling_factor=1.7,
            rms_norm_eps=0.002,
        ),
        prompt_lengths=(1, 2, 9, 33),
        style={"kv_latent": 0.08},
        quiet_wiring=OTHERS,
        exercises="q_lora_rank null: one q_proj; 2 dense and 2 MoE layers; 2 shared experts as one MLP; norm_topk_prob false; "
        "unscaled rope; 1 of 2 groups",
        notes="",
    ),
    Case(
        id="deepseek-v3-negative-bias",
        seed=3241,
        config=base_config(num_nextn_predict_layers=0, num_hidden_layers=2, tie_word_embeddings=...),
        prompt_lengths=(1, 2, 9, 37),
        style={"correction_mean": -1.6, "correction_std": 0.25},
        quiet_wiring=OTHERS - {MASK},
        exercises="every biased score is negative: masking closed groups with 0 instead of -inf chooses from them",
        notes="Hugging Face 5.18 masks with -inf, as DeepSeek's own inference code does; older remote code masks with 0.",
    ),
    Case(
        id="deepseek-v3-small-scores",
        seed=3251,
        config=base_config(
            num_nextn_predict_layers=0,
            num_hidden_layers=2,
            n_routed_experts=5,
            n_group=1,
            topk_group=1,
            num_experts_per_tok=4,
        ),
        prompt_lengths=(1, 2, 9, 33),
        style={"embedding_mean": 1.5, "router_mean": -0.5, "router_gain": 1.0, "correction_std": 2.0},
        quiet_wiring=ONE_GROUP | BY_BIAS | {NO_EPSILON},
        exercises="router logits far below zero beside correction biases of size 2: the chosen scores sum to less than 6e-5, where a "
        "clamped denominator or a score recovered as (score + bias) - bias goes wrong",
        notes="The bias alone decides the choice here, so one of the five experts is never chosen.",
        unused_experts=True,
    ),
    Case(
        id="deepseek-v3-tiny-scores",
        seed=3403,
        config=base_config(
            num_nextn_predict_layers=0,
            num_hidden_layers=2,
            n_routed_experts=5,
            n_group=1,
            topk_group=1,
            num_experts_per_tok=3,
            routed_scaling_factor=0.5,  # so that float32 loses no more in a logit of -43 than everywhere else
        ),
        prompt_lengths=(1, 2, 9, 33),
        style=TINY_SCORES | {"router_mean": -1.03},
        quiet_wiring=ONE_GROUP | BY_BIAS,
        exercises="router logits around -43: the epsilon of 1e-20 counts in the sum of the chosen scores, which is 1e-17 to 1e-18",
        notes="The bias alone decides the choice here, so some of the five experts are never chosen.",
        unused_experts=True,
    ),
    Case(
        id="deepseek-v3-fp8",
        seed=3262,
        config=base_config(
            num_nextn_predict_layers=0,
            n_routed_experts=8,
            num_experts_per_tok=3,
            kv_lora_rank=24,
            quantization_config={
                "activation_scheme": "dynamic",
                "fmt": "e4m3",
                "quant_method": "fp8",
                "weight_block_size": [16, 16],
            },
        ),
        prompt_lengths=(1, 2, 9, 37),
        quiet_wiring=OTHERS,
        exercises="float8 E4M3 matrices with a scale per 16 x 16 block, ragged last blocks, some values at +-448; embedding, norms, "
        "router and head stay bf16",
        notes="The oracle runs on weight * scale, exact in float64; activations are not quantised. The float32 yardstick "
        "includes rounding that product to float32.",
    ),
    Case(
        id="deepseek-v3-yarn-5x",
        seed=3282,
        config=base_config(
            attention_bias=True,
            dtype="bfloat16",
            torch_dtype=...,
            num_hidden_layers=2,
            num_nextn_predict_layers=0,
            n_routed_experts=8,
            n_group=2,
            topk_group=1,
            num_experts_per_tok=3,
            rms_norm_eps=1e-06,
            rope_interleave=True,
            rope_scaling=...,
            rope_theta=...,
            rope_parameters={
                "beta_fast": 32,
                "beta_slow": 1,
                "factor": 8.0,
                "mscale": 1.0,
                "mscale_all_dim": 1.0,
                "original_max_position_embeddings": 6,
                "rope_theta": 100.0,
                "rope_type": "yarn",
            },
            transformers_version="5.18.0",
        ),
        prompt_lengths=(1, 2, 9, 41),
        style={"embedding_std": 0.004, "residual": 0.01, "q_latent": 0.05},
        inert={
            "rope_parameters.beta_fast": "the ramp is clamped to start at 0 for any beta_fast of 1 or more: its two ends "
            "coincide, which is what this case is for"
        },
        quiet_wiring=OTHERS | {"attention: latent norms use rms_norm_eps"},
        exercises="5.x config, rope_interleave explicit; mscale equal to mscale_all_dim: cos and sin unscaled, scores scaled; "
        "original context 6: both ends of the ramp clamp to 0, which divides by zero unless guarded; biases on the "
        "a-projections and o_proj; residual stream around 0.01, so that the usual eps 1e-6 shows",
        notes="No published DeepSeek V3 has biases; the field is honoured by Hugging Face.",
    ),
    Case(
        id="deepseek-v3-half-split",
        seed=3321,
        config=base_config(
            n_group=5,
            n_routed_experts=10,
            num_experts_per_tok=3,
            num_hidden_layers=2,
            num_nextn_predict_layers=0,
            qk_rope_head_dim=10,
            rope_interleave=False,
            rope_scaling={"factor": 4.0, "rope_type": "linear"},
            tie_word_embeddings=True,
        ),
        prompt_lengths=(1, 2, 9, 37),
        quiet_wiring=OTHERS,
        exercises="rope_interleave false: pairs (i, i+5) of the rotated part, in queries and in the shared key; linear scaling, which has no "
        "mscale; 2 of 5 groups; tied head",
        notes="Every published DeepSeek V3 interleaves, and its code has no other way; the field is Hugging Face's.",
    ),
    Case(
        id="kimi-k2-base",
        seed=3302,
        config=base_config(
            aux_loss_alpha=0.001,
            ep_size=...,
            max_position_embeddings=1024,
            model_type="kimi_k2",
            n_group=1,
            n_routed_experts=9,
            num_attention_heads=2,
            num_key_value_heads=2,
            num_experts_per_tok=3,
            num_nextn_predict_layers=0,
            pretraining_tp=1,
            rope_scaling=KIMI_YARN,
            routed_scaling_factor=2.827,
            seq_aux=True,
            topk_group=1,
            transformers_version="4.48.3",
        ),
        prompt_lengths=(1, 2, 9, 37),
        style={"correction_mean": 10.0},
        inert={"rope_scaling.truncate": "the ramp is one step wide, and no whole index lies inside it either way"},
        quiet_wiring=ONE_GROUP | OTHERS - {BF16_BIAS},
        exercises="model_type kimi_k2; one group; beta_fast = beta_slow = 1, a ramp one step wide; routed_scaling_factor 2.827; "
        "correction biases around 10, closer to one another than bf16 resolves; no multi-token prediction layer",
        notes="Hugging Face 5.18 has no kimi_k2; the oracle runs it as deepseek_v3, as the model's remote code does.",
    ),
    Case(
        id="kimi-k2-tiny-scores",
        seed=3501,
        config=base_config(
            ep_size=...,
            model_type="kimi_k2",
            n_group=1,
            n_routed_experts=6,
            num_experts_per_tok=4,
            num_hidden_layers=2,
            num_nextn_predict_layers=0,
            rope_scaling=KIMI_YARN | {"mscale_all_dim": 0.7},
            routed_scaling_factor=0.5,
            topk_group=1,
            transformers_version="4.48.3",
        ),
        prompt_lengths=(1, 2, 9, 37),
        style=TINY_SCORES | {"router_mean": -1.27},
        inert={"rope_scaling.truncate": "the ramp is one step wide, and no whole index lies inside it either way"},
        quiet_wiring=ONE_GROUP | BY_BIAS,
        exercises="model_type kimi_k2; router logits around -43: the epsilon of 1e-20 counts in the sum of the chosen scores, which "
        "is 1e-16 to 1e-19; mscale 1.0 beside mscale_all_dim 0.7",
        notes="Every published Kimi K2 has equal mscales. The bias alone decides the choice here, so some experts are never chosen.",
        unused_experts=True,
    ),
]

FAMILY = DeepseekV3()
