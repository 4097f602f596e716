"""Llama 4: Scout and Maverick."""

from __future__ import annotations

import contextlib
from random import Random
from typing import Any
from unittest import mock

import numpy as np
import torch
from torch.nn import functional

from ..cases import Case, ConfigChanges, Wiring
from ..synthesis import TensorSpec
from . import common, draw, exportable

CHUNK_MASK = "create_chunked_causal_mask"

DEFAULTS = {"attn_scale": 0.1, "floor_scale": 8192, "no_rope_layer_interval": 4, "tie_word_embeddings": False}


def _text(**other):
    config = {
        "attention_bias": False,
        "attention_chunk_size": 8,
        "attention_dropout": 0.0,
        "bos_token_id": 1,
        "eos_token_id": [2, 3],
        "floor_scale": 4,
        "head_dim": 12,
        "hidden_act": "silu",
        "hidden_size": 52,
        "initializer_range": 0.02,
        "interleave_moe_layer_step": 1,
        "intermediate_size": 36,
        "intermediate_size_mlp": 76,
        "max_position_embeddings": 256,
        "model_type": "llama4_text",
        "no_rope_layers": [],
        "num_attention_heads": 6,
        "num_experts_per_tok": 1,
        "num_hidden_layers": 5,
        "num_key_value_heads": 2,
        "num_local_experts": 4,
        "output_router_logits": False,
        "pad_token_id": 0,
        "rms_norm_eps": 1e-05,
        "rope_scaling": None,
        "rope_theta": 1000.0,
        "router_aux_loss_coef": 0.001,
        "router_jitter_noise": 0.0,
        "torch_dtype": "bfloat16",
        "use_cache": True,
        "use_qk_norm": True,
        "vocab_size": 163,
    }
    config.update(other)
    return {name: value for name, value in config.items() if value is not ...}


def _config(**other):
    return {
        "architectures": ["Llama4ForCausalLM"],
        **_text(**{"tie_word_embeddings": False, "transformers_version": "4.51.0.dev0", **other}),
    }


def no_rope_layers(config: dict[str, Any]) -> list[int]:
    """1 where a layer has RoPE, despite the name."""
    interval = config.get("no_rope_layer_interval", 4)
    given = config.get("no_rope_layers")
    return given or [int((i + 1) % interval != 0) for i in range(config["num_hidden_layers"])]


def moe_layers(config: dict[str, Any]) -> list[int]:
    step = config.get("interleave_moe_layer_step", 1)
    given = config.get("moe_layers")
    return list(range(step - 1, config["num_hidden_layers"], step)) if given is None else given


def _half_split(xq, xk, freqs):
    def turn(x):
        cos, sin = freqs.real[:, :, None, :], freqs.imag[:, :, None, :]
        a, b = x.chunk(2, -1)
        return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)

    return turn(xq), turn(xk)


def _temperature_on_rope_layers(model):
    module = common.modeling(model)
    right = module.apply_rotary_emb

    def wrong(xq, xk, freqs):
        xq, xk = right(xq, xk, freqs)
        position = torch.arange(xq.shape[1], dtype=xq.dtype)
        scale = torch.log1p(torch.floor((position + 1) / model.config.floor_scale)) * model.config.attn_scale + 1
        return xq * scale[None, :, None, None], xk

    return mock.patch.object(module, "apply_rotary_emb", wrong)


def _floor_of_position(model):
    """floor(pos / floor_scale) instead of floor((pos + 1) / floor_scale)."""
    right = torch.floor
    return mock.patch.object(torch, "floor", lambda x: right(x - 1.0 / model.config.floor_scale))


def _chunks_as_window(model):
    """The chunk slides with the query."""
    module = common.modeling(model)
    from transformers.masking_utils import create_sliding_window_causal_mask

    @contextlib.contextmanager
    def wrong():
        model.config.sliding_window = model.config.attention_chunk_size
        try:
            with mock.patch.object(module, CHUNK_MASK, create_sliding_window_causal_mask):
                yield
        finally:
            del model.config.sliding_window

    return wrong()


def _use_rope(change) -> Wiring:
    """RoPE switched per layer, QK norm, temperature and mask left where they were."""

    @contextlib.contextmanager
    def wrong(model):
        attention = [layer.self_attn for layer in model.model.layers]
        saved = [a.use_rope for a in attention]
        tuned = [a.attn_temperature_tuning for a in attention]
        for i, (a, now) in enumerate(zip(attention, change([*saved]), strict=True)):
            a.use_rope = now
            a.attn_temperature_tuning = tuned[i] and not saved[i] and not now
        yield
        for a, use, tune in zip(attention, saved, tuned, strict=True):
            a.use_rope, a.attn_temperature_tuning = use, tune

    return wrong


@contextlib.contextmanager
def _no_qk_norm(model):
    saved = [(layer.self_attn, layer.self_attn.qk_norm) for layer in model.model.layers if hasattr(layer.self_attn, "qk_norm")]
    for attention, _ in saved:
        del attention.qk_norm
    yield
    for attention, norm in saved:
        attention.qk_norm = norm


@contextlib.contextmanager
def _qk_norm_everywhere(model):
    norm = common.modeling(model).Llama4TextL2Norm(model.config.rms_norm_eps)
    added = [layer.self_attn for layer in model.model.layers if not hasattr(layer.self_attn, "qk_norm")]
    for attention in added:
        attention.qk_norm = norm
    yield
    for attention in added:
        del attention.qk_norm


def _norm_over_heads(self, x):
    """One statistic over all heads: x is [B][T][heads][head_dim]."""
    return x * torch.rsqrt(x.pow(2).mean((-2, -1), keepdim=True) + self.eps)


def _l2_norm(self, x):
    """As the class's name says: a norm without the mean."""
    return x * torch.rsqrt(x.pow(2).sum(-1, keepdim=True) + self.eps)


def _router(score) -> Any:
    def forward(self, hidden_states):
        logits = functional.linear(hidden_states, self.weight)
        _, chosen = torch.topk(logits, self.top_k, dim=1)
        kept = torch.zeros_like(logits).scatter_(1, chosen, 1.0)
        return score(logits, kept), logits

    return forward


def _moe(weigh_output: bool = False, shared: bool = True) -> Any:
    def forward(self, hidden_states):
        x = hidden_states.reshape(-1, self.hidden_dim)
        scores, logits = self.router(x)
        weights = scores.transpose(0, 1).reshape(-1, 1)
        routed = x.repeat(self.num_experts, 1)
        routed = self.experts(routed) * weights if weigh_output else self.experts(routed * weights)
        out = routed.reshape(self.num_experts, -1, self.hidden_dim).sum(0)
        return (out + self.shared_expert(x) if shared else out), logits

    return forward


def _experts(split) -> Any:
    def forward(self, hidden_states):
        x = hidden_states.view(self.num_experts, -1, self.hidden_size)
        gate, up = split(torch.bmm(x, self.gate_up_proj))
        return torch.bmm(up * self.act_fn(gate), self.down_proj).view(-1, self.hidden_size)

    return forward


def _eps_outside(self, x):
    return self.weight * (x / (x.pow(2).mean(-1, keepdim=True).sqrt() + self.eps))


class Llama4(common.TextFamily):
    name = "llama4"
    text_class = "Llama4ForCausalLM"

    def text_tensors(self, case: Case) -> list[TensorSpec]:
        config = common.text_config(case.config)
        rules = common.Rules(case)
        rules.ends(config)
        hidden, inner, experts = config["hidden_size"], config["intermediate_size"], config["num_local_experts"]
        sparse = moe_layers(config)
        for i in range(config["num_hidden_layers"]):
            layer = f"model.layers.{i}"
            rules.norm(f"{layer}.input_layernorm.weight", hidden)
            rules.norm(f"{layer}.post_attention_layernorm.weight", hidden)
            rules.gqa(f"{layer}.self_attn", config)
            block = f"{layer}.feed_forward"
            if i not in sparse:
                rules.gated_mlp(block, hidden, config["intermediate_size_mlp"])
                continue
            rules.matrix(f"{block}.router.weight", experts, hidden)
            rules.gated_mlp(f"{block}.shared_expert", hidden, inner)
            gain = rules.gain
            rules.add(f"{block}.experts.gate_up_proj", (experts, hidden, 2 * inner), 0.0, 1.5 * gain / hidden**0.5)
            rules.add(f"{block}.experts.down_proj", (experts, inner, hidden), 0.0, 1.5 * gain * rules.residual / inner**0.5)
        return rules.specs

    def other_tensors(self, case: Case) -> list[TensorSpec]:
        rules = common.Rules(case)
        hidden = case.config["text_config"]["hidden_size"]
        rules.add("vision_model.class_embedding", (12,), 0.0, 0.3)
        rules.matrix("vision_model.patch_embedding.linear.weight", 12, 12)
        rules.norm("vision_model.layernorm_pre.weight", 12)
        rules.matrix("vision_model.vision_adapter.mlp.fc1.weight", 12, 12)
        rules.matrix("multi_modal_projector.linear_1.weight", hidden, 12)
        return rules.specs

    def choices(self, case: Case, model: Any, layer: int, router_logits: np.ndarray) -> list[tuple[np.ndarray, int]]:
        return [(router_logits, common.text_config(case.config)["num_experts_per_tok"])]

    def changes(self, case: Case) -> ConfigChanges:
        config = common.text_config(case.config)
        layers = config["num_hidden_layers"]
        rope = no_rope_layers(config)
        nope = 0 in rope
        tuned = nope and config.get("attn_temperature_tuning", True)
        temperature = {
            "attn_scale": config.get("attn_scale", DEFAULTS["attn_scale"]) * 3,
            "floor_scale": config.get("floor_scale", DEFAULTS["floor_scale"]) + 2,
        }
        changed: dict[str, Any] = {
            "attention_chunk_size": config["attention_chunk_size"] + 1,
            "no_rope_layers": [1 - use for use in rope],
            "num_experts_per_tok": config["num_experts_per_tok"] + 1,
        }
        inert = {
            "interleave_moe_layer_step": "fixes which layers hold experts: a wrong value cannot be loaded",
            "moe_layers": "fixes which layers hold experts: a wrong value cannot be loaded",
            "intermediate_size_mlp": common.SHAPE,
            "num_local_experts": common.SHAPE,
            "no_rope_layer_interval": "no_rope_layers is given",
        }
        if not config.get("no_rope_layers"):
            changed["no_rope_layer_interval"] = config.get("no_rope_layer_interval", 4) + 1
        if tuned:
            changed |= temperature
        else:
            why = "no layer without RoPE" if not nope else "attn_temperature_tuning is false"
            inert |= dict.fromkeys(temperature, why)
        if nope:
            changed["attn_temperature_tuning"] = not config.get("attn_temperature_tuning", True)
        else:
            inert["attn_temperature_tuning"] = "no layer without RoPE"
        changed["use_qk_norm"] = not config["use_qk_norm"]
        if "layer_types" in config:
            changed["layer_types"] = ["full_attention"] * layers
        return common.changes(case, changed, inert)

    def exportable(self, model):
        return exportable.real_rotary(model, "Llama4TextRotaryEmbedding", heads_axis=2)

    def random_config(self, rng: Random) -> dict[str, Any]:
        head_dim = 2 * rng.randint(3, 9)
        config = draw.sizes(rng, head_dim)
        layers = config["num_hidden_layers"] = rng.randint(2, 6)
        experts = rng.randint(2, 6)
        config |= {
            "architectures": ["Llama4ForCausalLM"],
            "attention_bias": draw.maybe(rng, 0.25),
            "attention_chunk_size": rng.randint(3, 19),
            "attn_scale": rng.choice((0.1, 0.3)),
            "floor_scale": rng.randint(2, 9),
            "head_dim": head_dim,
            "hidden_act": "silu",
            "interleave_moe_layer_step": rng.choice((1, 1, 2)),
            "intermediate_size_mlp": rng.randint(30, 80),
            "max_position_embeddings": 128,
            "model_type": "llama4_text",
            "num_experts_per_tok": rng.choice((1, 1, min(2, experts))),
            "num_local_experts": experts,
            "pad_token_id": 0,
            "use_qk_norm": draw.maybe(rng, 0.6),
            **draw.rope(rng, ("default", "llama3", "llama3")),
        }
        if draw.maybe(rng, 0.6):
            config["no_rope_layers"] = rng.choice(([], [int(draw.maybe(rng, 0.6)) for _ in range(layers)]))
        if draw.maybe(rng, 0.5):
            config["no_rope_layer_interval"] = rng.randint(2, 5)
        for field in ("attn_temperature_tuning", "tie_word_embeddings"):
            if draw.maybe(rng, 0.5):
                config[field] = draw.maybe(rng, 0.5)
        config = draw.tail(rng, config)
        vision = {"hidden_size": 12, "model_type": "llama4_vision_model"}
        return draw.maybe_wrapped(
            rng, config, "Llama4ForConditionalGeneration", model_type="llama4", image_token_index=3, vision_config=vision
        )

    def wiring(self, case: Case) -> dict[str, Wiring]:
        config = {**DEFAULTS, **common.text_config(case.config)}
        layers, chunk, top = config["num_hidden_layers"], config["attention_chunk_size"], config["num_experts_per_tok"]
        rope = no_rope_layers(config)
        patch = common.patched
        interval = [int(i % config["no_rope_layer_interval"] != 0) for i in range(layers)]
        found: dict[str, Wiring] = {
            "rope: pairs (i, i+d/2) instead of (2i, 2i+1)": patch("", "apply_rotary_emb", _half_split),
            "rope: absent": patch("", "apply_rotary_emb", lambda q, k, _: (q, k)),
            "rope: none on the last layer": _use_rope(lambda use: [*use[:-1], 0]),
            "rope: no_rope_layers inverted": _use_rope(lambda use: [1 - u for u in use]),
            "attention: not causal": common.not_causal,
            "attention: chunks ignored": common.mask_of_all_keys(CHUNK_MASK),
            "attention: chunk as a sliding window": _chunks_as_window,
            "attention: chunk one shorter": common.config_field("attention_chunk_size", chunk - 1),
            "attention: chunk one longer": common.config_field("attention_chunk_size", chunk + 1),
            "attention: scores scaled by hidden_size / num_attention_heads": common.score_scale(
                config["hidden_size"] / config["num_attention_heads"]
            ),
            "norm: eps outside the root": patch("Llama4TextRMSNorm", "forward", _eps_outside),
            "norm: the two norms of a layer swapped": common.swapped("input_layernorm", "post_attention_layernorm"),
            "moe: score on the expert's output instead of its input": patch("Llama4TextMoe", "forward", _moe(weigh_output=True)),
            "moe: no shared expert": patch("Llama4TextMoe", "forward", _moe(shared=False)),
            "moe: softmax instead of sigmoid": patch(
                "Llama4Router", "forward", _router(lambda logits, kept: logits.softmax(1) * kept)
            ),
            "moe: scores renormalised": patch(
                "Llama4Router",
                "forward",
                _router(lambda logits, kept: logits.sigmoid() * kept / (logits.sigmoid() * kept).sum(1, keepdim=True)),
            ),
            "moe: experts' gate and up swapped": patch(
                "Llama4TextExperts", "forward", _experts(lambda x: tuple(reversed(x.chunk(2, -1))))
            ),
            "moe: experts' gate and up interleaved": patch(
                "Llama4TextExperts", "forward", _experts(lambda x: (x[..., 0::2], x[..., 1::2]))
            ),
        }
        if 1 < config["num_key_value_heads"] < config["num_attention_heads"]:
            found["attention: query head h reads KV head h mod n"] = common.kv_heads_dealt_out
        if rope[-1] == 0:
            del found["rope: none on the last layer"]
        if 0 in rope:
            found["rope: on every layer"] = _use_rope(lambda use: [1] * layers)
            found["rope: none on layers 0, n, 2n, ..."] = _use_rope(lambda use: interval)
            found["attention: mask of layer types inverted"] = common.config_field(
                "layer_types", ["full_attention" if use else "chunked_attention" for use in rope]
            )
            if config.get("attn_temperature_tuning", True):
                found["attention: temperature on layers with RoPE too"] = _temperature_on_rope_layers
                found["attention: temperature by floor(pos / floor_scale)"] = _floor_of_position
        if config["use_qk_norm"]:
            found["attention: QK norm absent"] = _no_qk_norm
            found["attention: QK norm over all heads at once"] = patch("Llama4TextL2Norm", "_norm", _norm_over_heads)
            found["attention: QK norm by the sum of squares"] = patch("Llama4TextL2Norm", "_norm", _l2_norm)
            if 0 in rope:
                found["attention: QK norm on layers without RoPE too"] = _qk_norm_everywhere
        else:
            found["attention: QK norm although use_qk_norm is false"] = _qk_norm_everywhere
        return found

    cases = [
        Case(
            id="llama4-scout",
            seed=4301,
            config={
                "architectures": ["Llama4ForConditionalGeneration"],
                "boi_token_index": 160,
                "eoi_token_index": 161,
                "image_token_index": 162,
                "model_type": "llama4",
                "text_config": _text(
                    rms_norm_eps=0.003,
                    rope_scaling={
                        "factor": 16.0,
                        "high_freq_factor": 1.0,
                        "low_freq_factor": 1.0,
                        "original_max_position_embeddings": 24,
                        "rope_type": "llama3",
                    },
                ),
                "tie_word_embeddings": False,
                "torch_dtype": "bfloat16",
                "transformers_version": "4.51.0.dev0",
                "vision_config": {
                    "hidden_size": 12,
                    "image_size": 4,
                    "intermediate_size": 20,
                    "model_type": "llama4_vision_model",
                    "num_attention_heads": 2,
                    "num_hidden_layers": 1,
                    "patch_size": 2,
                    "projector_input_dim": 12,
                    "projector_output_dim": 12,
                    "vision_output_dim": 12,
                },
            },
            prompt_lengths=(1, 2, 3, 4, 7, 8, 9, 10, 37),
            exercises="as Scout: wrapper, names under language_model., vision tensors to skip; every layer routes, top 1 of 4; QK norm; "
            "no_rope_layers empty, so layer 3 of 5 has no RoPE; chunk 8; temperature on by default, floor_scale 4; llama3 scaling with "
            "low_freq_factor equal to high_freq_factor; eps 0.003",
            notes="attn_temperature_tuning and attn_scale are absent, as published: Hugging Face's defaults true and 0.1 hold; Meta's own code "
            "has the tuning off. The temperature of position p is 1 + 0.1 ln(1 + floor((p + 1) / 4)).",
        ),
        Case(
            id="llama4-maverick",
            seed=4302,
            config=_config(
                attn_temperature_tuning=True,
                attn_scale=0.3,
                floor_scale=5,
                hidden_size=54,
                interleave_moe_layer_step=2,
                no_rope_layers=[1, 0, 1, 1, 0],
                num_attention_heads=4,
                num_local_experts=5,
                rms_norm_eps=0.004,
                use_qk_norm=False,
            ),
            prompt_lengths=(1, 2, 4, 5, 8, 9, 10, 37),
            exercises="as Maverick: routed layers 1 and 3 between dense ones of width intermediate_size_mlp; no QK norm; no scaling; uneven "
            "no_rope_layers, the last layer among them; temperature with attn_scale 0.3 and floor_scale 5; top 1 of 5",
            notes="",
        ),
        Case(
            id="llama4-5x",
            seed=4303,
            config=_config(
                attention_chunk_size=6,
                attn_temperature_tuning=False,
                attn_scale=0.1,
                dtype="bfloat16",
                torch_dtype=...,
                layer_types=[
                    "full_attention",
                    "chunked_attention",
                    "chunked_attention",
                    "full_attention",
                ],
                moe_layers=[0, 3],
                no_rope_layers=[0, 1, 1, 0],
                num_attention_heads=3,
                num_experts_per_tok=2,
                num_hidden_layers=4,
                num_key_value_heads=1,
                rope_scaling=...,
                rope_theta=...,
                rope_parameters={"rope_theta": 500.0, "rope_type": "default"},
                tie_word_embeddings=True,
                transformers_version="5.18.0",
            ),
            style={"embedding_std": 0.02, "residual": 0.05},
            prompt_lengths=(1, 2, 5, 6, 7, 8, 31),
            exercises="5.x config: rope_parameters, layer_types, moe_layers; first layer without RoPE; temperature off; top 2 of 4, scores "
            "not renormalised; tied; chunk 6; residual stream around 0.05, so that the usual eps 1e-5 shows",
            notes="The published Llama 4 route to one expert; Hugging Face adds as many as num_experts_per_tok says, each on its own scaled input.",
        ),
        Case(
            id="llama4-all-rope",
            seed=4304,
            config=_config(
                attention_bias=True,
                attention_chunk_size=7,
                head_dim=20,
                interleave_moe_layer_step=3,
                no_rope_layers=[1, 1, 1, 1],
                num_hidden_layers=4,
                rms_norm_eps=0.003,
                rope_scaling={
                    "factor": 8.0,
                    "high_freq_factor": 4.0,
                    "low_freq_factor": 1.0,
                    "original_max_position_embeddings": 32,
                    "rope_type": "llama3",
                },
            ),
            prompt_lengths=(1, 2, 6, 7, 8, 9, 36),
            exercises="RoPE and chunks on every layer, the fourth and last too; QK norm; q/k/v/o biases; routed layer 2 alone, the step being 3; llama3 scaling "
            "with all three bands; chunk 7, prompt past five chunks",
            notes="The published Llama 4 have attention_bias false; Hugging Face honours the field. On a layer without RoPE the key bias "
            "would cancel in the softmax.",
        ),
        Case(
            id="llama4-interval",
            seed=4305,
            config=_config(
                attention_chunk_size=5,
                attn_scale=0.2,
                floor_scale=3,
                head_dim=14,
                no_rope_layer_interval=2,
                no_rope_layers=...,
                num_attention_heads=4,
                num_hidden_layers=4,
                num_key_value_heads=4,
                rms_norm_eps=0.003,
                rope_scaling={"rope_type": "linear", "factor": 2.0},
            ),
            inert={"no_rope_layers": "absent: no_rope_layer_interval decides"},
            style={"dtype": "F16"},
            prompt_lengths=(1, 2, 3, 4, 5, 6, 7, 33),
            exercises="no_rope_layer_interval 2 without no_rope_layers; float16 weights; as many KV heads as query heads; linear scaling; chunk 5, "
            "floor_scale 3",
            notes="",
        ),
    ]


FAMILY = Llama4()

