"""Gemma 3n."""

from __future__ import annotations

import contextlib
import math
from random import Random
from typing import Any
from unittest import mock

import torch
from torch import nn

from .. import synthesis
from ..cases import Case, ConfigChanges, Wiring
from ..synthesis import TensorSpec
from . import common, draw, exportable, gemma3

S, F = "sliding_attention", "full_attention"

NOTE = (
    "hidden.i is the active one of the residual streams. The embedding is multiplied by the unrounded square root of {0}; Hugging Face in "
    "bfloat16 rounds it, as it does the other scalars and the sparsity's deviation multiplier. Its answers here go through its cache, "
    "which 4.57 needed for shared layers; 5.18 gives the same without."
)
NO_FINAL_AVERAGE = "altup: the streams but the first left out of the average"


def _text(**other):
    config = {
        "activation_sparsity_pattern": [0.95, 0.0, 0.6, 0.95, 0.0, 0.9, 0.0],
        "altup_active_idx": 0,
        "altup_coef_clip": 120.0,
        "altup_correct_scale": True,
        "altup_lr_multiplier": 1.0,
        "altup_num_inputs": 4,
        "attention_bias": False,
        "attention_dropout": 0.0,
        "bos_token_id": 2,
        "eos_token_id": 1,
        "final_logit_softcapping": 30.0,
        "head_dim": 12,
        "hidden_activation": "gelu_pytorch_tanh",
        "hidden_size": 52,
        "hidden_size_per_layer_input": 10,
        "initializer_range": 0.02,
        "intermediate_size": [76, 60, 76, 44, 76, 52, 60],
        "laurel_rank": 7,
        "layer_types": [S, S, F, S, F, S, F],
        "max_position_embeddings": 128,
        "model_type": "gemma3n_text",
        "num_attention_heads": 4,
        "num_hidden_layers": 7,
        "num_key_value_heads": 2,
        "num_kv_shared_layers": 3,
        "pad_token_id": 0,
        "rms_norm_eps": 1e-06,
        "rope_local_base_freq": 100.0,
        "rope_scaling": None,
        "rope_theta": 10000.0,
        "sliding_window": 8,
        "torch_dtype": "bfloat16",
        "use_cache": True,
        "vocab_size": 163,
        "vocab_size_per_layer_input": 160,
    }
    config.update(other)
    return {name: value for name, value in config.items() if value is not ...}


def _config(**other):
    return {"architectures": ["Gemma3nForCausalLM"], **_text(**{"transformers_version": "4.53.0.dev0", **other})}


def layer_types(config: dict[str, Any]) -> list[str]:
    given = config.get("layer_types")
    return given or [F if (i + 1) % 5 == 0 else S for i in range(config["num_hidden_layers"])]


def inner_sizes(config: dict[str, Any]) -> list[int]:
    size = config["intermediate_size"]
    return size if isinstance(size, list) else [size] * config["num_hidden_layers"]


def shared_layers(config: dict[str, Any]) -> range:
    """Layers that read another layer's keys and values."""
    layers, shared = config["num_hidden_layers"], config["num_kv_shared_layers"]
    return range(layers - shared, layers)


def _rotate_pairs(x, cos, sin, unsqueeze_dim=1):
    half = cos.shape[-1] // 2
    cos, sin = cos[..., :half].unsqueeze(unsqueeze_dim), sin[..., :half].unsqueeze(unsqueeze_dim)
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.cat([even * cos - odd * sin, odd * cos + even * sin], -1)


def _layer(root: float = math.sqrt(2), into: slice = slice(1, None), scale_active: bool | None = None, laurel: bool = True) -> Wiring:
    """Gemma3nTextDecoderLayer.forward with one thing changed."""

    def forward(self, hidden_states, position_embeddings=None, per_layer_input=None, **kwargs):
        config = self.config
        predictions = self.altup.predict(hidden_states)
        active = predictions[config.altup_active_idx]
        normed = self.input_layernorm(active)
        attention, _ = self.self_attn(hidden_states=normed, position_embeddings=position_embeddings, **kwargs)
        attended = active + self.post_attention_layernorm(attention)
        beside = self.laurel(normed)
        beside = beside if laurel else beside - normed
        summed = (attended + beside) / root
        fed = summed + self.post_feedforward_layernorm(self.mlp(self.pre_feedforward_layernorm(summed)))
        corrected = self.altup.correct(predictions, fed)
        first = corrected[config.altup_active_idx].clone()
        if config.altup_correct_scale if scale_active is None else scale_active:
            first = self.altup.scale_corrected_output(first)
        first = self.act_fn(self.per_layer_input_gate(first)) * per_layer_input
        corrected[into] += self.post_per_layer_input_norm(self.per_layer_projection(first))
        return corrected

    return common.patched("Gemma3nTextDecoderLayer", "forward", forward)


def _attention(change) -> Wiring:
    """Attention of the sharing layers, given other rotations, keys or values."""

    def wrong(model):
        owner = common.modeling(model).Gemma3nTextAttention
        right = owner.forward

        def forward(self, hidden_states, position_embeddings, attention_mask, shared_kv_states=None, **kwargs):
            if self.is_kv_shared_layer:
                index = self.kv_shared_layer_index
                position_embeddings, pair = change(model, self, hidden_states, position_embeddings, shared_kv_states[index])
                shared_kv_states = {index: pair}
            return right(
                self, hidden_states, position_embeddings, attention_mask, shared_kv_states=shared_kv_states, **kwargs
            )

        return mock.patch.object(owner, "forward", forward)

    return wrong


def _late_queries(model, attention, hidden, rotation, pair):
    tokens = hidden.shape[1]
    positions = torch.arange(tokens, 2 * tokens).unsqueeze(0)
    return model.model.rotary_emb(hidden, positions, attention.layer_type), pair


def _rotated_twice(model, attention, hidden, rotation, pair):
    keys, values = pair
    source = model.model.layers[attention.kv_shared_layer_index].self_attn
    keys = common.modeling(model).apply_rotary_pos_emb(source.k_norm(keys), *rotation, unsqueeze_dim=1)
    return rotation, (keys, source.v_norm(values))


def _own_keys(case: Case, specs: dict[str, TensorSpec], rename) -> Wiring:
    """Sharing layers use the k_proj, v_proj and k_norm that the file has for them."""

    def weight(layer, name):
        spec = specs[f"model.layers.{layer}.self_attn.{name}.weight"]
        bits = synthesis.synthesise(case.seed, TensorSpec(rename(spec.name), spec.dtype, spec.shape, spec.mean, spec.std))
        return torch.from_numpy(synthesis.decode(bits, spec.dtype))

    def change(model, attention, hidden, rotation, pair):
        source = model.model.layers[attention.kv_shared_layer_index].self_attn
        i, width = attention.layer_idx, attention.head_dim
        keys = (hidden @ weight(i, "k_proj").T).unflatten(-1, (-1, width))
        keys = source.k_norm(keys) / source.k_norm.weight * weight(i, "k_norm")
        keys = common.modeling(model).apply_rotary_pos_emb(keys, *rotation, unsqueeze_dim=2).transpose(1, 2)
        values = source.v_norm((hidden @ weight(i, "v_proj").T).unflatten(-1, (-1, width))).transpose(1, 2)
        return rotation, (keys, values)

    return _attention(change)


def _attribute(path: str, name: str, value) -> Wiring:
    """An attribute of a submodule of every layer; `value(layer index, right value)`."""

    @contextlib.contextmanager
    def wrong(model):
        modules = [layer.get_submodule(path) for layer in model.model.layers]
        saved = [getattr(module, name) for module in modules]
        for i, (module, right) in enumerate(zip(modules, saved, strict=True)):
            setattr(module, name, value(i, right))
        yield
        for module, right in zip(modules, saved, strict=True):
            setattr(module, name, right)

    return wrong


def _buffer(path: str, name: str, value) -> Wiring:
    """A scalar of the model; `value(right value)`."""

    @contextlib.contextmanager
    def wrong(model):
        module = model.get_submodule(path)
        saved = getattr(module, name)
        setattr(module, name, torch.as_tensor(value(saved), dtype=saved.dtype))
        yield
        setattr(module, name, saved)

    return wrong


@contextlib.contextmanager
def _no_value_norm(model):
    owners = [layer.self_attn for layer in model.model.layers if hasattr(layer.self_attn, "v_norm")]
    saved = [owner.v_norm for owner in owners]
    for owner in owners:
        owner.v_norm = nn.Identity()
    yield
    for owner, norm in zip(owners, saved, strict=True):
        owner.v_norm = norm


def _magnitude_kept(phase: int) -> Wiring:
    """The projected streams are not rescaled to the first one's magnitude: 0 at the embedding, 1 at the end."""

    def wrong(model):
        others = model.config.altup_num_inputs - 1
        mean, maximum = torch.mean, torch.maximum
        means, targets, calls = [], {}, [0]

        def watched(*args, **more):
            means.append(mean(*args, **more))
            return means[-1]

        def floor(magnitude, epsilon):
            now, first = divmod(calls[0], others)
            calls[0] += 1
            if first == 0:
                targets[now] = means[-2]
            return targets[now] if now == phase else maximum(magnitude, epsilon)

        @contextlib.contextmanager
        def both():
            with mock.patch.object(torch, "mean", watched), mock.patch.object(torch, "maximum", floor):
                yield

        return both()

    return wrong


@contextlib.contextmanager
def _first_stream_only(model):
    modules = model.model.altup_unembed_projections
    saved = [module.weight.clone() for module in modules]
    for module in modules:
        module.weight.zero_()
    yield
    for module, weight in zip(modules, saved, strict=True):
        module.weight.copy_(weight)


def _predict(self, hidden_states):
    """The coefficient matrices not transposed."""
    modalities = self.compute_router_modalities(hidden_states[self.config.altup_active_idx])
    n = self.config.altup_num_inputs
    coefficients = self.prediction_coefs(modalities).unflatten(-1, (n, n))
    return (hidden_states.permute(1, 2, 3, 0) @ coefficients).permute(3, 0, 1, 2) + hidden_states


def _correct(self, predictions, activated):
    """Correction coefficients without the added one."""
    coefficients = self.correction_coefs(self.compute_router_modalities(activated))
    innovation = activated - predictions[self.config.altup_active_idx]
    return predictions + innovation * coefficients.permute(2, 0, 1).unsqueeze(-1)


def _modalities(self, x):
    """The router without tanh."""
    return self.modality_router(self.router_norm(x) * self.router_input_scale)


def _sparse(with_mean: bool = True, subtract: bool = True, correction: int = 0, rounded: bool = False) -> Wiring:
    def forward(self, x):
        multiplier = torch.erfinv(torch.tensor(2 * self.activation_sparsity - 1)) * math.sqrt(2)
        if rounded:
            multiplier = common.to_bfloat16(multiplier)
        cutoff = x.std(-1, keepdim=True, correction=correction) * multiplier
        cutoff = cutoff + x.mean(-1, keepdim=True) if with_mean else cutoff
        return torch.relu(x - cutoff) if subtract else torch.where(x > cutoff, x, 0.0)

    return common.patched("Gemma3nTextMLP", "_gaussian_topk", forward)


def _norm_gain(self, x):
    """Gain 1 + w, as in Gemma 3."""
    x = x * torch.pow(x.pow(2).mean(-1, keepdim=True) + self.eps, -0.5)
    return x * (1.0 + self.weight) if self.with_scale else x


def _eps_outside(self, x):
    x = x / (x.pow(2).mean(-1, keepdim=True).sqrt() + self.eps)
    return x * self.weight if self.with_scale else x


def _next_layers_inputs(model):
    owner = common.modeling(model).Gemma3nTextModel
    right = owner.project_per_layer_inputs
    return mock.patch.object(owner, "project_per_layer_inputs", lambda *args: right(*args).roll(1, dims=2))


class Gemma3n(common.TextFamily):
    name = "gemma3n"
    text_class = "Gemma3nForCausalLM"

    def published_name(self, name: str) -> str:
        return name.replace("model.", "model.language_model.", 1)

    def text_tensors(self, case: Case) -> list[TensorSpec]:
        config = {"tie_word_embeddings": True, **common.text_config(case.config)}
        rules = common.Rules(case)
        rules.ends(config)
        hidden, layers, streams = config["hidden_size"], config["num_hidden_layers"], config["altup_num_inputs"]
        per_layer, rank, width = config["hidden_size_per_layer_input"], config["laurel_rank"], config["head_dim"]
        rules.add("model.embed_tokens_per_layer.weight", (config["vocab_size_per_layer_input"], layers * per_layer), 0.0, 0.4)
        rules.add("model.per_layer_model_projection.weight", (layers * per_layer, hidden), 0.0, rules.residual)
        rules.norm("model.per_layer_projection_norm.weight", per_layer)
        for i in range(streams - 1):
            rules.matrix(f"model.altup_projections.{i}.weight", hidden, hidden)
            rules.matrix(f"model.altup_unembed_projections.{i}.weight", hidden, hidden)
        for i in range(layers):
            layer = f"model.layers.{i}"
            for norm in (
                "input_layernorm",
                "post_attention_layernorm",
                "pre_feedforward_layernorm",
                "post_feedforward_layernorm",
                "post_per_layer_input_norm",
                "laurel.post_laurel_norm",
                "altup.router_norm",
                "altup.correct_output_scale",
            ):
                rules.norm(f"{layer}.{norm}" + ("" if norm.endswith("scale") else ".weight"), hidden)
            rules.gqa(f"{layer}.self_attn", config)
            rules.norm(f"{layer}.self_attn.q_norm.weight", width)
            rules.norm(f"{layer}.self_attn.k_norm.weight", width)
            rules.gated_mlp(f"{layer}.mlp", hidden, inner_sizes(config)[i])
            # The router's input is divided by the hidden size once more after its norm.
            rules.add(f"{layer}.altup.modality_router.weight", (streams, hidden), 0.0, math.sqrt(hidden) / 2)
            rules.add(f"{layer}.altup.prediction_coefs.weight", (streams * streams, streams), 0.0, 0.15)
            rules.add(f"{layer}.altup.correction_coefs.weight", (streams, streams), 0.0, 0.4)
            rules.matrix(f"{layer}.laurel.linear_left.weight", rank, hidden)
            rules.matrix(f"{layer}.laurel.linear_right.weight", hidden, rank, rules.residual)
            rules.matrix(f"{layer}.per_layer_input_gate.weight", per_layer, hidden)
            rules.matrix(f"{layer}.per_layer_projection.weight", hidden, per_layer, rules.residual)
        return rules.specs

    def other_tensors(self, case: Case) -> list[TensorSpec]:
        rules = common.Rules(case)
        hidden = case.config["text_config"]["hidden_size"]
        rules.add("model.vision_tower.timm_model.conv_stem.conv.weight", (12, 3, 2, 2), 0.0, 0.3)
        rules.matrix("model.audio_tower.conformer.0.attention.attn.q_proj.weight", 12, 12)
        rules.add("model.embed_vision.embedding.weight", (2, 12), 0.0, 0.3)
        rules.matrix("model.embed_vision.embedding_projection.weight", hidden, 12)
        rules.add("model.embed_audio.embedding.weight", (1, 12), 0.0, 0.3)
        return rules.specs

    def ignored_tensors(self, case: Case) -> dict[str, str]:
        config = common.text_config(case.config)
        rename = self.published_name if "text_config" in case.config else str
        found = super().ignored_tensors(case)
        for i in shared_layers(config):
            for leaf in ("k_proj.weight", "v_proj.weight", "k_norm.weight"):
                found[rename(f"model.layers.{i}.self_attn.{leaf}")] = "the layer reads another layer's keys and values"
        if not config["altup_correct_scale"]:
            for i in range(config["num_hidden_layers"]):
                found[rename(f"model.layers.{i}.altup.correct_output_scale")] = "altup_correct_scale is false"
        return found

    def changes(self, case: Case) -> ConfigChanges:
        config = common.text_config(case.config)
        types = layer_types(config)
        sparsity = config.get("activation_sparsity_pattern") or [0.0] * config["num_hidden_layers"]
        changed: dict[str, Any] = {
            "activation_sparsity_pattern": [0.5, *sparsity[:-1]],
            "altup_active_idx": 1,
            "altup_correct_scale": not config["altup_correct_scale"],
            "final_logit_softcapping": config["final_logit_softcapping"] * 1.5,
            "hidden_activation": "gelu",
            "layer_types": [types[-1], *types[:-1]],
            "num_kv_shared_layers": config["num_kv_shared_layers"] + 1,
            "sliding_window": config["sliding_window"] + 1,
        }
        inert = {
            "altup_coef_clip": common.TRAINING,
            "altup_lr_multiplier": common.TRAINING,
            **dict.fromkeys(
                (
                    "altup_num_inputs",
                    "hidden_size_per_layer_input",
                    "laurel_rank",
                    "num_hidden_layers",
                    "vocab_size_per_layer_input",
                ),
                common.SHAPE,
            ),
        }
        if "rope_parameters" not in config:
            changed["rope_local_base_freq"] = config["rope_local_base_freq"] * 1.5
        for layer_type, fields in (config.get("rope_parameters") or {}).items():
            for path, value in common.rope_changes({"rope_parameters": fields}).items():
                changed[path.replace("rope_parameters", f"rope_parameters.{layer_type}")] = value
            inert[f"rope_parameters.{layer_type}.rope_type"] = "default: every other type needs further fields"
        found = common.changes(case, changed, inert)
        for prefix in ("", "text_config."):
            found.changed.pop(f"{prefix}num_hidden_layers", None)
            if config.get("tie_word_embeddings", True):
                found.changed.pop(f"{prefix}tie_word_embeddings", None)
        where = "text_config." if "text_config" in case.config else ""
        found.inert[f"{where}num_hidden_layers"] = common.SHAPE
        return found

    def exportable(self, model):
        return exportable.fixed_sparsity(model)

    def random_config(self, rng: Random) -> dict[str, Any]:
        head_dim = 2 * rng.randint(3, 9)
        config = draw.sizes(rng, head_dim)
        layers = config["num_hidden_layers"] = rng.randint(3, 7)
        streams = rng.randint(2, 4)
        config |= {
            "altup_active_idx": rng.choice((0, 0, streams - 1)),
            "altup_correct_scale": draw.maybe(rng, 0.7),
            "altup_num_inputs": streams,
            "architectures": ["Gemma3nForCausalLM"],
            "attention_bias": draw.maybe(rng, 0.25),
            "final_logit_softcapping": rng.choice((30.0, 4.0)),
            "head_dim": head_dim,
            "hidden_activation": "gelu_pytorch_tanh",
            "hidden_size": config["num_attention_heads"] * rng.randint(2, 4) * 3,
            "hidden_size_per_layer_input": rng.randint(5, 14),
            "laurel_rank": rng.randint(3, 12),
            "max_position_embeddings": 128,
            "model_type": "gemma3n_text",
            "rope_local_base_freq": rng.choice((100.0, 10000.0)),
            "sliding_window": rng.randint(2, 19),
            "vocab_size_per_layer_input": config["vocab_size"] - rng.randint(0, 5),
            **draw.rope(rng, ("default", "default", "linear", "yarn")),
        }
        if draw.maybe(rng, 0.6):
            config["layer_types"] = [rng.choice((F, S)) for _ in range(layers)]
        if draw.maybe(rng, 0.6):
            config["activation_sparsity_pattern"] = [rng.choice((0.0, 0.5, 0.95)) for _ in range(layers)]
        if draw.maybe(rng, 0.6):
            config["intermediate_size"] = [rng.randint(30, 80) for _ in range(layers)]
        if draw.maybe(rng, 0.6):
            config["tie_word_embeddings"] = draw.maybe(rng, 0.6)
        # A sharing layer needs an earlier layer of its type with keys and values of its own.
        types = layer_types(config)
        owners = rng.choice([n for n in range(1, layers + 1) if set(types[n:]) <= set(types[:n])])
        config["num_kv_shared_layers"] = layers - owners
        config = draw.rope_by_layer_type(draw.tail(rng, config))
        towers = {"audio_config": {"model_type": "gemma3n_audio"}, "vision_config": {"model_type": "gemma3n_vision"}}
        return draw.maybe_wrapped(rng, config, "Gemma3nForConditionalGeneration", model_type="gemma3n", **towers)

    def wiring(self, case: Case) -> dict[str, Wiring]:
        config = common.text_config(case.config)
        types, window = layer_types(config), config["sliding_window"]
        shared = shared_layers(config)
        rename = self.published_name if "text_config" in case.config else str
        patch = common.patched
        owner = "Gemma3nRotaryEmbedding"
        found: dict[str, Wiring] = {
            "rope: pairs (2i, 2i+1) instead of (i, i+d/2)": patch("", "apply_rotary_pos_emb", _rotate_pairs),
            "rope: absent": patch("", "apply_rotary_pos_emb", lambda x, *_, **__: x),
            "rope: global table on local layers": gemma3.rope_of(F, owner),
            "rope: local table on global layers": gemma3.rope_of(S, owner),
            "attention: not causal": common.not_causal,
            "attention: window ignored": common.mask_of_all_keys(gemma3.WINDOW_MASK),
            "attention: window one shorter": common.config_field("sliding_window", window - 1),
            "attention: window one longer": common.config_field("sliding_window", window + 1),
            "attention: scores scaled by head_dim": common.score_scale(config["head_dim"]),
            "attention: values not normed": _no_value_norm,
            "attention: QK norm absent": _attribute("self_attn", "q_norm", lambda i, norm: nn.Identity()),
            "norm: gain 1 + w": patch("Gemma3nRMSNorm", "forward", _norm_gain),
            "norm: eps outside the root": patch("Gemma3nRMSNorm", "forward", _eps_outside),
            "norm: input and pre-feed-forward swapped": common.swapped("input_layernorm", "pre_feedforward_layernorm"),
            "norm: post-attention and post-feed-forward swapped": common.swapped(
                "post_attention_layernorm", "post_feedforward_layernorm"
            ),
            "laurel: sum not divided by the root of 2": _layer(root=1.0),
            "laurel: without its own residual": _layer(laurel=False),
            "altup: correction without the added one": patch("Gemma3nTextAltUp", "correct", _correct),
            "altup: prediction coefficients not transposed": patch("Gemma3nTextAltUp", "predict", _predict),
            "altup: router without tanh": patch("Gemma3nTextAltUp", "compute_router_modalities", _modalities),
            "altup: router input not divided by the hidden size": _attribute(
                "altup", "router_input_scale", lambda i, scale: torch.ones_like(scale)
            ),
            "altup: projected streams keep their magnitude": _magnitude_kept(0),
            "altup: unembedded streams keep their magnitude": _magnitude_kept(1),
            NO_FINAL_AVERAGE: _first_stream_only,
            "per-layer input: added to every stream": _layer(into=slice(0, None)),
            "per-layer input: added to the active stream alone": _layer(into=slice(0, 1)),
            "per-layer input: not divided by the root of 2": _buffer("model", "per_layer_input_scale", lambda scale: 1.0),
            "per-layer input: embedding not scaled": _buffer("model.embed_tokens_per_layer", "embed_scale", lambda scale: 1.0),
            "per-layer input: of the layer before": _next_layers_inputs,
            "embedding: not scaled": _buffer("model.embed_tokens", "embed_scale", lambda scale: 1.0),
            "mlp: gate and up swapped": common.swapped("mlp.gate_proj", "mlp.up_proj"),
            "mlp: every layer sparse": _attribute("mlp", "activation_sparsity", lambda i, right: 0.95),
        }
        if math.isqrt(config["hidden_size"]) ** 2 != config["hidden_size"]:
            found["embedding: scale rounded to bfloat16"] = _buffer("model.embed_tokens", "embed_scale", common.to_bfloat16)
        if 1 < config["num_key_value_heads"] < config["num_attention_heads"]:
            found["attention: query head h reads KV head h mod n"] = common.kv_heads_dealt_out
        if any(config.get("activation_sparsity_pattern", [])):
            found |= {
                "mlp: no layer sparse": _attribute("mlp", "activation_sparsity", lambda i, right: 0.0),
                "mlp: sparsity with the sample deviation, n - 1": _sparse(correction=1),
                "mlp: sparsity cutoff without the mean": _sparse(with_mean=False),
                "mlp: sparsity keeps x instead of x - cutoff": _sparse(subtract=False),
                "mlp: sparsity multiplier rounded to bfloat16": _sparse(rounded=True),
            }
        if shared:
            specs = {spec.name: spec for spec in self.text_tensors(case)}
            found |= {
                "sharing: keys and values computed in sharing layers": _own_keys(case, specs, rename),
                "sharing: queries rotated at position + length": _attention(_late_queries),
                "sharing: norms and RoPE applied to shared keys and values again": _attention(_rotated_twice),
                "sharing: the last layer before, whatever its type": _attribute(
                    "self_attn", "kv_shared_layer_index", lambda i, right: None if right is None else shared.start - 1
                ),
            }
        return found

    cases = [
        Case(
            id="gemma3n-base",
            seed=4401,
            config=_config(rms_norm_eps=0.003),
            style={"embedding_std": 0.4},
            prompt_lengths=(1, 2, 7, 8, 9, 10, 29),
            exercises="text model alone, 4.x config; 7 layers, the last 3 (full, sliding, full) share keys and values of layers 3 and 2; uneven "
            "sparsity and widths, sparse in a sharing layer too; 4 streams; window 8; logits softcapped at 30; eps 0.003",
            notes=NOTE.format(52),
        ),
        Case(
            id="gemma3n-wrapper",
            seed=4423,
            config={
                "architectures": ["Gemma3nForConditionalGeneration"],
                "audio_config": {
                    "conf_num_attention_heads": 2,
                    "conf_num_hidden_layers": 1,
                    "hidden_size": 12,
                    "model_type": "gemma3n_audio",
                    "vocab_offset": 162,
                    "vocab_size": 1,
                },
                "audio_soft_tokens_per_image": 2,
                "audio_token_id": 162,
                "boa_token_id": 158,
                "boi_token_id": 159,
                "eoa_token_id": 162,
                "eoi_token_id": 160,
                "eos_token_id": [1, 106],
                "image_token_id": 161,
                "initializer_range": 0.02,
                "model_type": "gemma3n",
                "text_config": _text(
                    activation_sparsity_pattern=[0.95, 0.95, 0.0, 0.0, 0.0, 0.0],
                    head_dim=10,
                    hidden_size=54,
                    intermediate_size=[64] * 6,
                    layer_types=[S, S, F, S, S, F],
                    num_attention_heads=6,
                    num_hidden_layers=6,
                    num_kv_shared_layers=2,
                    rope_local_base_freq=10000.0,
                    rope_theta=1000000.0,
                    torch_dtype=...,
                ),
                "torch_dtype": "bfloat16",
                "transformers_version": "4.53.0.dev0",
                "vision_config": {
                    "architecture": "mobilenetv5_300m_enc",
                    "hidden_size": 12,
                    "model_type": "gemma3n_vision",
                    "vocab_offset": 160,
                    "vocab_size": 2,
                },
                "vision_soft_tokens_per_image": 4,
            },
            style={"embedding_std": 0.4, "residual": 0.02},
            prompt_lengths=(1, 2, 8, 9, 10, 29),
            exercises="as E2B: wrapper, names under model.language_model., vision and audio tensors to skip, k/v weights of the sharing layers in the "
            "file and unused; sparsity 0.95 on the first layers alone; thetas 1e6 and 1e4; small block outputs, so that the usual eps 1e-6 shows",
            notes=NOTE.format(54) + " Ids from vocab_size_per_layer_input 160 on stand for images and sound and are not used.",
        ),
        Case(
            id="gemma3n-5x",
            seed=4413,
            config=_config(
                activation_sparsity_pattern=...,
                altup_correct_scale=False,
                altup_num_inputs=3,
                attention_bias=True,
                dtype="bfloat16",
                torch_dtype=...,
                final_logit_softcapping=2.5,
                head_dim=14,
                hidden_size=36,
                hidden_size_per_layer_input=6,
                intermediate_size=60,
                laurel_rank=5,
                layer_types=...,
                num_attention_heads=3,
                num_hidden_layers=6,
                num_key_value_heads=1,
                num_kv_shared_layers=0,
                rms_norm_eps=0.002,
                rope_local_base_freq=...,
                rope_scaling=...,
                rope_theta=...,
                rope_parameters={
                    F: {"factor": 4.0, "rope_theta": 500.0, "rope_type": "linear"},
                    S: {"rope_theta": 40.0, "rope_type": "default"},
                },
                sliding_window=5,
                tie_word_embeddings=False,
                transformers_version="5.18.0",
            ),
            style={"embedding_std": 0.4},
            prompt_lengths=(1, 2, 4, 5, 6, 7, 29),
            exercises="5.x config: rope_parameters by layer type, linear factor 4 on the full one; no layer_types (every fifth full), no sparsity pattern "
            "(none up to 10 layers), one intermediate_size for all; 3 streams; altup_correct_scale false; no sharing; q/k/v/o biases; untied; "
            "logits softcapped at 2.5",
            notes=NOTE.format("36, which is exact in every type") + " The published Gemma 3n have four streams, no biases and a tied head.",
        ),
        Case(
            id="gemma3n-shared",
            seed=4404,
            config=_config(
                activation_sparsity_pattern=[0.0, 0.8, 0.0, 0.0, 0.95, 0.0, 0.5],
                altup_num_inputs=2,
                hidden_size=44,
                intermediate_size=[52, 60, 44, 68, 52, 36, 60],
                layer_types=[F, S, S, F, S, S, F],
                num_key_value_heads=1,
                num_kv_shared_layers=4,
                rms_norm_eps=0.003,
                rope_scaling={"factor": 2.0, "rope_type": "linear"},
                rope_theta=2000.0,
                sliding_window=6,
                vocab_size_per_layer_input=163,
            ),
            style={"embedding_std": 0.4, "dtype": "F16"},
            prompt_lengths=(1, 2, 5, 6, 7, 8, 27),
            exercises="4 of 7 layers share, the full ones from layer 0, the sliding ones from layer 2; 2 streams; 4 query heads on 1 KV head; linear "
            "scaling on the full layers; window 6; float16 weights; both vocabularies of one size",
            notes=NOTE.format(44),
        ),
    ]


FAMILY = Gemma3n()
