"""Gemma 3."""

from __future__ import annotations

import contextlib
import math
from random import Random
from typing import Any
from unittest import mock

import torch

from ..cases import Case, ConfigChanges, Wiring
from ..synthesis import TensorSpec
from . import common, draw

WINDOW_MASK = "create_sliding_window_causal_mask"

DEFAULTS = {
    "attention_bias": False,
    "final_logit_softcapping": None,
    "head_dim": 256,
    "num_attention_heads": 8,
    "num_key_value_heads": 4,
    "query_pre_attn_scalar": 256,
    "sliding_window_pattern": 6,
    "tie_word_embeddings": True,
}
"""What a sparse text_config, as the published 4B, 12B and 27B have, leaves to the class."""


def _config(**other):
    config = {
        "architectures": ["Gemma3ForCausalLM"],
        "attention_bias": False,
        "attention_dropout": 0.0,
        "attn_logit_softcapping": None,
        "bos_token_id": 2,
        "eos_token_id": 1,
        "final_logit_softcapping": None,
        "head_dim": 20,
        "hidden_activation": "gelu_pytorch_tanh",
        "hidden_size": 52,
        "initializer_range": 0.02,
        "intermediate_size": 76,
        "max_position_embeddings": 128,
        "model_type": "gemma3_text",
        "num_attention_heads": 4,
        "num_hidden_layers": 7,
        "num_key_value_heads": 2,
        "pad_token_id": 0,
        "query_pre_attn_scalar": 20,
        "rms_norm_eps": 1e-06,
        "rope_local_base_freq": 100.0,
        "rope_scaling": None,
        "rope_theta": 10000.0,
        "sliding_window": 8,
        "sliding_window_pattern": 6,
        "torch_dtype": "bfloat16",
        "transformers_version": "4.50.0.dev0",
        "use_cache": True,
        "vocab_size": 163,
    }
    config.update(other)
    return {name: value for name, value in config.items() if value is not ...}


class Rules(common.Rules):
    """Gemma 3 stores a norm's gain less one."""

    def norm(self, name: str, size: int) -> None:
        self.add(name, (size,), 0.0, 0.25)


def norm_forward(gain):
    """Gemma3RMSNorm with another gain."""

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps) * gain(self.weight)

    return forward


def _eps_outside(self, x):
    return x / (x.pow(2).mean(-1, keepdim=True).sqrt() + self.eps) * (1.0 + self.weight)


def rope_of(layer_type: str, owner: str) -> Wiring:
    """Every layer takes the rotary table of one layer type."""

    def wrong(model):
        right = getattr(common.modeling(model), owner).forward
        return mock.patch.object(
            getattr(common.modeling(model), owner),
            "forward",
            lambda self, x, position_ids, _: right(self, x, position_ids, layer_type),
        )

    return wrong


@contextlib.contextmanager
def _factor_on_local(model):
    rope = model.model.rotary_emb
    saved = rope.sliding_attention_inv_freq
    rope.sliding_attention_inv_freq = saved / model.config.rope_parameters["full_attention"]["factor"]
    yield
    rope.sliding_attention_inv_freq = saved


def qk_norm_after_rope(model):
    module = common.modeling(model)
    right = module.apply_rotary_pos_emb
    norms = iter([(layer.self_attn.q_norm, layer.self_attn.k_norm) for layer in model.model.layers])

    def late(q, k, cos, sin, *rest, **more):
        q_norm, k_norm = next(norms)
        q, k = right(q, k, cos, sin, *rest, **more)
        return q_norm(q), k_norm(k)

    @contextlib.contextmanager
    def wrong(model):
        with (
            common.without("self_attn.q_norm", "self_attn.k_norm")(model),
            common.patched("", "apply_rotary_pos_emb", late)(model),
        ):
            yield

    return wrong(model)


def _softcapped_scores(cap: float) -> Wiring:
    def wrong(model):
        module = common.modeling(model)
        right = module.eager_attention_forward
        return mock.patch.object(
            module, "eager_attention_forward", lambda *args, **more: right(*args, **{**more, "softcap": cap})
        )

    return wrong


def _llama_order(self, hidden_states, **kwargs):
    """post_attention_layernorm in the place it has in Llama: in front of the MLP."""
    attention, _ = self.self_attn(hidden_states=self.input_layernorm(hidden_states), **kwargs)
    hidden_states = hidden_states + attention
    fed = self.mlp(self.pre_feedforward_layernorm(self.post_attention_layernorm(hidden_states)))
    return hidden_states + self.post_feedforward_layernorm(fed)


@contextlib.contextmanager
def _bfloat16_embedding_scale(model):
    module = model.model.embed_tokens
    saved = module.embed_scale
    module.embed_scale = common.to_bfloat16(saved)
    yield
    module.embed_scale = saved


@contextlib.contextmanager
def _no_embedding_scale(model):
    module = model.model.embed_tokens
    saved = module.embed_scale
    module.embed_scale = torch.ones_like(saved)
    yield
    module.embed_scale = saved


def _bfloat16_gain(weight):
    return common.to_bfloat16(1.0 + weight)


class Gemma3(common.TextFamily):
    name = "gemma3"
    text_class = "Gemma3ForCausalLM"

    def full(self, case: Case) -> dict[str, Any]:
        return {**DEFAULTS, **common.text_config(case.config)}

    def text_tensors(self, case: Case) -> list[TensorSpec]:
        config = self.full(case)
        rules = Rules(case)
        rules.ends(config)
        hidden = config["hidden_size"]
        for i in range(config["num_hidden_layers"]):
            layer = f"model.layers.{i}"
            rules.norm(f"{layer}.input_layernorm.weight", hidden)
            rules.gqa(f"{layer}.self_attn", config)
            rules.norm(f"{layer}.self_attn.q_norm.weight", config["head_dim"])
            rules.norm(f"{layer}.self_attn.k_norm.weight", config["head_dim"])
            rules.norm(f"{layer}.post_attention_layernorm.weight", hidden)
            rules.norm(f"{layer}.pre_feedforward_layernorm.weight", hidden)
            rules.gated_mlp(f"{layer}.mlp", hidden, config["intermediate_size"])
            rules.norm(f"{layer}.post_feedforward_layernorm.weight", hidden)
        return rules.specs

    def other_tensors(self, case: Case) -> list[TensorSpec]:
        rules = common.Rules(case)
        hidden = case.config["text_config"]["hidden_size"]
        tower = "vision_tower.vision_model"
        rules.add(f"{tower}.embeddings.patch_embedding.weight", (12, 3, 2, 2), 0.0, 0.3)
        rules.add(f"{tower}.embeddings.patch_embedding.bias", (12,), 0.0, 0.3)
        rules.matrix(f"{tower}.encoder.layers.0.self_attn.q_proj.weight", 12, 12)
        rules.add("multi_modal_projector.mm_input_projection_weight", (12, hidden), 0.0, 0.3)
        rules.add("multi_modal_projector.mm_soft_emb_norm.weight", (12,), 0.0, 0.25)
        return rules.specs

    def changes(self, case: Case) -> ConfigChanges:
        config, full = common.text_config(case.config), self.full(case)
        scalar, cap = full["query_pre_attn_scalar"], full["final_logit_softcapping"]
        changed: dict[str, Any] = {
            "hidden_activation": "gelu",
            "query_pre_attn_scalar": scalar + 9,
            "sliding_window": config["sliding_window"] + 1,
            "final_logit_softcapping": cap * 1.5 if cap else 30.0,
        }
        inert = {"attn_logit_softcapping": "null: Gemma 3 has QK norms instead; Hugging Face never reads it"}
        if "rms_norm_eps" not in config:
            changed["rms_norm_eps"] = 3e-6
        if "rope_parameters" not in config:
            changed["rope_local_base_freq"] = config.get("rope_local_base_freq", 10000.0) * 1.5
            changed["rope_theta"] = config["rope_theta"] * 1.5 if "rope_theta" in config else 10000.0
        for layer_type, fields in (config.get("rope_parameters") or {}).items():
            for path, value in common.rope_changes({"rope_parameters": fields}).items():
                changed[path.replace("rope_parameters", f"rope_parameters.{layer_type}")] = value
            inert[f"rope_parameters.{layer_type}.rope_type"] = "default: every other type needs further fields"
        types = config.get("layer_types")
        if types:
            changed["layer_types"] = [types[-1], *types[:-1]]
        else:
            changed["sliding_window_pattern"] = 2 if full["sliding_window_pattern"] != 2 else 3
        if "use_bidirectional_attention" in config:
            changed["use_bidirectional_attention"] = True
        found = common.changes(case, changed, inert)
        if not config.get("tie_word_embeddings", True):
            return found
        # Unlike most families this one is tied where the config does not say so.
        found.changed.pop("tie_word_embeddings", None)
        found.changed.pop("text_config.tie_word_embeddings", None)
        return found

    def random_config(self, rng: Random) -> dict[str, Any]:
        head_dim = 2 * rng.randint(3, 11)
        config = draw.sizes(rng, head_dim)
        layers = config["num_hidden_layers"] = rng.randint(2, 7)
        config |= {
            "architectures": ["Gemma3ForCausalLM"],
            "attention_bias": draw.maybe(rng, 0.25),
            "final_logit_softcapping": rng.choice((None, None, 30.0)),
            "head_dim": head_dim,
            "hidden_activation": "gelu_pytorch_tanh",
            "hidden_size": config["num_attention_heads"] * rng.randint(2, 4) * 3,
            "max_position_embeddings": 128,
            "model_type": "gemma3_text",
            "query_pre_attn_scalar": rng.choice((head_dim, rng.randint(5, 40))),
            "rope_local_base_freq": rng.choice((100.0, 10000.0)),
            "sliding_window": rng.randint(2, 19),
            **draw.rope(rng, ("default", "linear", "linear", "yarn")),
        }
        if draw.maybe(rng, 0.5):
            config["layer_types"] = [rng.choice(("full_attention", "sliding_attention")) for _ in range(layers)]
        elif draw.maybe(rng, 0.7):
            config["sliding_window_pattern"] = rng.randint(2, 6)
        if draw.maybe(rng, 0.6):
            config["tie_word_embeddings"] = draw.maybe(rng, 0.6)
        config = draw.rope_by_layer_type(draw.tail(rng, config))
        vision = {"hidden_size": 12, "model_type": "siglip_vision_model"}
        return draw.maybe_wrapped(
            rng, config, "Gemma3ForConditionalGeneration", model_type="gemma3", mm_tokens_per_image=4, vision_config=vision
        )

    def wiring(self, case: Case) -> dict[str, Wiring]:
        config = self.full(case)
        hidden, width, scalar = config["hidden_size"], config["head_dim"], config["query_pre_attn_scalar"]
        layers, window = config["num_hidden_layers"], config["sliding_window"]
        types = config.get("layer_types") or [
            "sliding_attention" if (i + 1) % config["sliding_window_pattern"] else "full_attention" for i in range(layers)
        ]
        patch = common.patched
        found: dict[str, Wiring] = {
            "rope: pairs (2i, 2i+1) instead of (i, i+d/2)": common.rope_interleaved,
            "rope: absent": common.rope_absent(),
            "rope: global table on local layers": rope_of("full_attention", "Gemma3RotaryEmbedding"),
            "rope: local table on global layers": rope_of("sliding_attention", "Gemma3RotaryEmbedding"),
            "attention: not causal": common.not_causal,
            "attention: window ignored": common.mask_of_all_keys(WINDOW_MASK),
            "attention: window on every layer": lambda model: mock.patch.object(
                common.modeling(model), "create_causal_mask", common.modeling(model).create_sliding_window_causal_mask
            ),
            "attention: window one shorter": common.config_field("sliding_window", window - 1),
            "attention: window one longer": common.config_field("sliding_window", window + 1),
            "attention: layer pattern one layer late": common.config_field("layer_types", [types[-1], *types[:-1]]),
            "attention: QK norm absent": common.without("self_attn.q_norm", "self_attn.k_norm"),
            "attention: QK norm after RoPE": qk_norm_after_rope,
            "attention: q_norm and k_norm swapped": common.swapped("self_attn.q_norm", "self_attn.k_norm"),
            "attention: scores softcapped at 50, as in Gemma 2": _softcapped_scores(50.0),
            "attention: scores scaled by hidden_size / num_attention_heads": common.score_scale(
                hidden / config["num_attention_heads"]
            ),
            "embedding: not scaled": _no_embedding_scale,
            "norm: gain w instead of 1 + w": patch("Gemma3RMSNorm", "forward", norm_forward(lambda w: w)),
            "norm: gain 2 + w": patch("Gemma3RMSNorm", "forward", norm_forward(lambda w: 2.0 + w)),
            "norm: 1 + w rounded to bfloat16": patch("Gemma3RMSNorm", "forward", norm_forward(_bfloat16_gain)),
            "norm: eps outside the root": patch("Gemma3RMSNorm", "forward", _eps_outside),
            "norm: post_attention_layernorm in Llama's place": patch("Gemma3DecoderLayer", "forward", _llama_order),
            "norm: input and pre-feed-forward swapped": common.swapped("input_layernorm", "pre_feedforward_layernorm"),
            "norm: post-attention and post-feed-forward swapped": common.swapped(
                "post_attention_layernorm", "post_feedforward_layernorm"
            ),
            "norm: post-attention and pre-feed-forward swapped": common.swapped(
                "post_attention_layernorm", "pre_feedforward_layernorm"
            ),
            "mlp: gate and up swapped": common.swapped("mlp.gate_proj", "mlp.up_proj"),
        }
        if 1 < config["num_key_value_heads"] < config["num_attention_heads"]:
            found["attention: query head h reads KV head h mod n"] = common.kv_heads_dealt_out
        if scalar != width:
            found["attention: scores scaled by head_dim"] = common.score_scale(width)
        scaled = config.get("rope_scaling") or (config.get("rope_parameters") or {}).get("full_attention", {})
        if "factor" in scaled and scaled.get("rope_type") == "linear":
            found["rope: linear factor on local layers too"] = _factor_on_local
        if math.isqrt(hidden) ** 2 != hidden:
            found["embedding: scale rounded to bfloat16"] = _bfloat16_embedding_scale
        return found

    cases = [
        Case(
            id="gemma3-base",
            seed=4201,
            config=_config(rms_norm_eps=0.003),
            style={"embedding_std": 0.2},
            prompt_lengths=(1, 2, 7, 8, 9, 10, 27),
            exercises="as 1B: 4.x config, tied although no field says so; 7 layers, of which sliding_window_pattern 6 makes the sixth full "
            "and lets a sliding one follow; window 8; thetas 100 and 10000; query_pre_attn_scalar equal to head_dim; eps 0.003",
            notes="The embedding is multiplied by the unrounded square root of 52, 7.2111. Hugging Face in bfloat16 multiplies by 7.21875.",
        ),
        Case(
            id="gemma3-scaled",
            seed=4202,
            config=_config(
                head_dim=12,
                hidden_size=36,
                intermediate_size=60,
                final_logit_softcapping=2.5,
                num_attention_heads=6,
                num_hidden_layers=5,
                num_key_value_heads=3,
                query_pre_attn_scalar=17,
                rms_norm_eps=0.002,
                rope_local_base_freq=30.0,
                rope_scaling={"factor": 8.0, "rope_type": "linear"},
                rope_theta=500.0,
                sliding_window=5,
                sliding_window_pattern=2,
                tie_word_embeddings=False,
            ),
            style={"embedding_std": 0.2},
            prompt_lengths=(1, 2, 4, 5, 6, 7, 33),
            exercises="as 27B: query_pre_attn_scalar 17 beside head_dim 12; linear factor 8 on the full layers alone; pattern 2; window 5; "
            "logits softcapped at 2.5; untied lm_head; head_dim 12 beside hidden/heads 6",
            notes="The embedding is multiplied by 6, the same in every type. The published Gemma 3 are tied and cap no logits.",
        ),
        Case(
            id="gemma3-5x",
            seed=4203,
            config=_config(
                attention_bias=True,
                dtype="bfloat16",
                torch_dtype=...,
                hidden_size=54,
                layer_types=[
                    "full_attention",
                    "sliding_attention",
                    "sliding_attention",
                    "full_attention",
                    "sliding_attention",
                ],
                num_attention_heads=3,
                num_hidden_layers=5,
                num_key_value_heads=1,
                query_pre_attn_scalar=25,
                rope_local_base_freq=...,
                rope_scaling=...,
                rope_theta=...,
                rope_parameters={
                    "full_attention": {"factor": 3.0, "rope_theta": 2000.0, "rope_type": "linear"},
                    "sliding_attention": {"rope_theta": 80.0, "rope_type": "default"},
                },
                sliding_window=6,
                sliding_window_pattern=...,
                tie_word_embeddings=True,
                transformers_version="5.18.0",
                use_bidirectional_attention=False,
            ),
            style={"embedding_std": 0.2, "residual": 0.02},
            prompt_lengths=(1, 2, 5, 6, 7, 8, 31),
            exercises="5.x config: rope_parameters by layer type, layer_types that no pattern gives, beginning with a full one; window 6; "
            "q/k/v/o biases; 3 query heads on 1 KV head; small block outputs, so that the usual eps 1e-6 shows",
            notes="The published Gemma 3 have attention_bias false; Hugging Face honours the field. The embedding is multiplied by "
            "the unrounded square root of 54.",
        ),
        Case(
            id="gemma3-wrapper",
            seed=4204,
            config={
                "architectures": ["Gemma3ForConditionalGeneration"],
                "boi_token_index": 160,
                "eoi_token_index": 161,
                "eos_token_id": [1, 106],
                "image_token_index": 162,
                "initializer_range": 0.02,
                "mm_tokens_per_image": 4,
                "model_type": "gemma3",
                "text_config": {
                    "head_dim": 10,
                    "hidden_size": 56,
                    "intermediate_size": 76,
                    "model_type": "gemma3_text",
                    "num_hidden_layers": 7,
                    "rope_scaling": {"factor": 8.0, "rope_type": "linear"},
                    "sliding_window": 8,
                    "vocab_size": 163,
                },
                "torch_dtype": "bfloat16",
                "transformers_version": "4.50.0.dev0",
                "vision_config": {
                    "hidden_size": 12,
                    "image_size": 8,
                    "intermediate_size": 20,
                    "model_type": "siglip_vision_model",
                    "num_attention_heads": 2,
                    "num_hidden_layers": 1,
                    "patch_size": 2,
                    "vision_use_head": False,
                },
            },
            style={"embedding_std": 0.2, "residual": 0.02},
            quiet_wiring=frozenset({"attention: scores softcapped at 50, as in Gemma 2"}),
            prompt_lengths=(1, 2, 8, 9, 10, 27),
            exercises="as 4B: wrapper with a sparse text_config, so that 8 heads on 4 KV heads, query_pre_attn_scalar 256, thetas 1e6 and 1e4, "
            "pattern 6 and eps 1e-6 are the class's own; names under language_model.; vision tensors to skip; linear factor 8",
            notes="The published files leave out head_dim and vocab_size as well. Image tokens would see each other in both directions; "
            "there are none here. The embedding is multiplied by the unrounded square root of 56.",
        ),
    ]


FAMILY = Gemma3()
