"""What several families share: decoder tensor rules, what to try on a config, wrong wirings of attention."""

from __future__ import annotations

import contextlib
import math
import sys
from dataclasses import replace
from typing import Any
from unittest import mock

import numpy as np
import torch

from ..cases import Case, ConfigChanges, Family, Tensors, Wiring, flatten
from ..synthesis import TensorSpec

SHAPE = "fixes tensor shapes: a wrong value cannot be loaded"
TOKENS = "names special tokens: not part of the forward pass"
TRAINING = "used in training only"
STORAGE = "names how weights are stored: the file's own dtypes decide"
LENGTH = "a declared maximum: the forward pass does not read it"
LABEL = "identifies the architecture or the writer of the file"
CACHE = "switches the cache, not the result"
WRAPPER = "describes images or audio, or belongs to the wrapper: no part of the text model"

MASKS = ("create_causal_mask", "create_sliding_window_causal_mask", "create_chunked_causal_mask")

INERT = {
    "architectures": LABEL,
    "model_type": LABEL,
    "transformers_version": LABEL,
    "attention_dropout": TRAINING,
    "initializer_range": TRAINING,
    "bos_token_id": TOKENS,
    "eos_token_id": TOKENS,
    "pad_token_id": TOKENS,
    "torch_dtype": STORAGE,
    "dtype": STORAGE,
    "max_position_embeddings": LENGTH,
    "use_cache": CACHE,
    "pretraining_tp": TRAINING,
    "hidden_size": SHAPE,
    "intermediate_size": SHAPE,
    "vocab_size": SHAPE,
    "num_attention_heads": SHAPE,
    "num_key_value_heads": SHAPE,
    "head_dim": SHAPE,
    "output_router_logits": TRAINING,
    "router_aux_loss_coef": TRAINING,
    "router_jitter_noise": TRAINING,
    "attention_bias": "the bias tensors are in the file or not: a wrong value cannot be loaded",
    "mlp_bias": "the bias tensors are in the file or not: a wrong value cannot be loaded",
}


def text_config(config: dict[str, Any]) -> dict[str, Any]:
    """The text model's part of a multimodal wrapper's config, or all of a plain one."""
    return config.get("text_config", config)


class TextFamily(Family):
    """A family whose text model is also published inside a multimodal wrapper."""

    text_class: str
    """What Hugging Face calls the text model."""

    def oracle_config(self, config: dict[str, Any]) -> dict[str, Any]:
        if "text_config" not in config:
            return config
        return {**config["text_config"], "architectures": [self.text_class]}

    def published_name(self, name: str) -> str:
        """What a tensor of the text model is called in a wrapper's file."""
        return f"language_model.{name}"

    def text_tensors(self, case: Case) -> list[TensorSpec]:
        """The text model's tensors under its own names."""
        raise NotImplementedError

    def other_tensors(self, case: Case) -> list[TensorSpec]:
        """A few of the tensors of a wrapper's vision or audio tower."""
        return []

    def tensors(self, case: Case) -> list[TensorSpec]:
        specs = self.text_tensors(case)
        if "text_config" not in case.config:
            return specs
        rename = self.published_name
        specs = [
            replace(spec, name=rename(spec.name), values_of=spec.values_of and rename(spec.values_of)) for spec in specs
        ]
        return specs + self.other_tensors(case)

    def ignored_tensors(self, case: Case) -> dict[str, str]:
        if "text_config" not in case.config:
            return {}
        return dict.fromkeys((spec.name for spec in self.other_tensors(case)), "not part of the text model")

    def dequantise(self, case: Case, tensors: Tensors) -> dict[str, np.ndarray]:
        exact = super().dequantise(case, tensors)
        if "text_config" not in case.config:
            return exact
        own = {self.published_name(spec.name): spec.name for spec in self.text_tensors(case)}
        return {own[name]: array for name, array in exact.items() if name in own}


class Rules:
    """Tensor rules for one case: dtype and magnitudes, with defaults."""

    def __init__(self, case: Case):
        style = case.style
        self.dtype = style.get("dtype", "BF16")
        self.rounded = style.get("rounded_to")  # of matrices, as in files of a block format
        self.gain = style.get("gain", 1.2)
        self.embedding = style.get("embedding_std", 0.7)
        self.residual = style.get("residual", 1.0)
        self.up = style.get("up", 1.0)  # up_proj larger, down_proj smaller by this factor
        self.head = style.get("head_gain", 2.0)
        self.case = case
        self.specs: list[TensorSpec] = []

    def add(self, name: str, shape: tuple[int, ...], mean: float, std: float, dtype: str | None = None) -> None:
        rounded = self.rounded if len(shape) == 2 else None
        spec = TensorSpec(name, dtype or self.dtype, shape, float(mean), round(float(std), 6), rounded_to=rounded)
        self.specs.append(spec)

    def norm(self, name: str, size: int) -> None:
        self.add(name, (size,), 1.0, 0.25)

    def matrix(self, name: str, rows: int, columns: int, gain: float = 1.0, dtype: str | None = None) -> None:
        self.add(name, (rows, columns), 0.0, self.gain * gain / math.sqrt(columns), dtype)

    def bias(self, name: str, size: int, std: float = 0.3) -> None:
        self.add(name, (size,), 0.0, std)

    def linear(self, stem: str, rows: int, columns: int, bias: bool, gain: float = 1.0) -> None:
        self.matrix(f"{stem}.weight", rows, columns, gain)
        if bias:
            self.bias(f"{stem}.bias", rows, 0.3 * gain)

    def ends(self, config: dict[str, Any]) -> None:
        """Embedding, final norm, and the output head where the file has one."""
        vocabulary, hidden = config["vocab_size"], config["hidden_size"]
        mean = self.case.style.get("embedding_mean", 0.0)
        self.add("model.embed_tokens.weight", (vocabulary, hidden), mean, self.embedding)
        self.norm("model.norm.weight", hidden)
        if not config.get("tie_word_embeddings", False):
            self.add("lm_head.weight", (vocabulary, hidden), 0.0, self.head / math.sqrt(hidden))
        elif self.case.style.get("duplicate_head"):
            self.specs.append(
                TensorSpec(
                    "lm_head.weight",
                    self.dtype,
                    (vocabulary, hidden),
                    0.0,
                    self.embedding,
                    values_of="model.embed_tokens.weight",
                )
            )

    def gqa(self, prefix: str, config: dict[str, Any]) -> None:
        hidden = config["hidden_size"]
        heads, kv_heads = config["num_attention_heads"], config["num_key_value_heads"]
        width = config.get("head_dim") or hidden // heads
        bias = config.get("attention_bias", False)
        self.linear(f"{prefix}.q_proj", heads * width, hidden, bias)
        self.linear(f"{prefix}.k_proj", kv_heads * width, hidden, bias)
        self.linear(f"{prefix}.v_proj", kv_heads * width, hidden, bias)
        self.linear(f"{prefix}.o_proj", hidden, heads * width, bias, self.residual)

    def gated_mlp(self, prefix: str, hidden: int, inner: int, bias: bool = False) -> None:
        self.linear(f"{prefix}.gate_proj", inner, hidden, bias)
        self.linear(f"{prefix}.up_proj", inner, hidden, bias, self.up)
        self.linear(f"{prefix}.down_proj", hidden, inner, bias, self.residual / self.up)


def changes(case: Case, extra: dict[str, Any] | None = None, inert: dict[str, str] | None = None) -> ConfigChanges:
    """The usual fields of a decoder: norms, rope in either style, depth, activation, tying.

    In a wrapper they are those of `text_config`, and so are the names in `extra` and `inert`.
    """
    config = text_config(case.config)
    changed: dict[str, Any] = {}
    if "rms_norm_eps" in config:
        changed["rms_norm_eps"] = config["rms_norm_eps"] * 3
    changed["num_hidden_layers"] = config["num_hidden_layers"] - 1
    if "hidden_act" in config:
        changed["hidden_act"] = "gelu_pytorch_tanh"
    reasons = dict(INERT)
    if config.get("tie_word_embeddings", False):
        reasons["tie_word_embeddings"] = "the file has no lm_head.weight: read as untied it cannot be loaded"
        if case.style.get("duplicate_head"):
            reasons["tie_word_embeddings"] = "the file holds lm_head.weight as well, equal to the embedding"
    else:
        changed["tie_word_embeddings"] = True
    changed.update(rope_changes(config))
    for path in ("rope_scaling", "rope_scaling.type", "rope_parameters.type"):
        reasons[path] = "null: no scaling" if path == "rope_scaling" else "the old name of rope_type"
    for holder in ("rope_scaling", "rope_parameters"):
        reasons[f"{holder}.rope_type"] = "default: every other type needs further fields"
    changed.update(extra or {})
    reasons.update(inert or {})
    reasons = {path: why for path, why in reasons.items() if path not in changed}
    if config is not case.config:
        changed = {f"text_config.{path}": value for path, value in changed.items()}
        reasons = {f"text_config.{path}": why for path, why in reasons.items()}
        for path in flatten(case.config):
            if not path.startswith("text_config."):
                reasons[path] = INERT.get(path, WRAPPER)
    return ConfigChanges(changed, reasons)


def rope_changes(config: dict[str, Any]) -> dict[str, Any]:
    changed: dict[str, Any] = {}
    if "rope_theta" in config:
        changed["rope_theta"] = config["rope_theta"] * 1.5
    for holder in ("rope_scaling", "rope_parameters"):
        fields = config.get(holder)
        if not fields:
            continue
        kind_key = "rope_type" if "rope_type" in fields else "type"
        kind = fields.get(kind_key, "default")
        if "rope_theta" in fields:
            changed[f"{holder}.rope_theta"] = fields["rope_theta"] * 1.5
        if kind != "default":
            changed[f"{holder}.{kind_key}"] = "default"
            for name in ("factor", "low_freq_factor", "high_freq_factor"):
                if name in fields:
                    changed[f"{holder}.{name}"] = fields[name] * 1.5
            if "original_max_position_embeddings" in fields:
                changed[f"{holder}.original_max_position_embeddings"] = fields["original_max_position_embeddings"] * 4
        if kind == "yarn":
            changed[f"{holder}.beta_fast"] = 32 if fields.get("beta_fast", 32) != 32 else 1
            changed[f"{holder}.beta_slow"] = fields.get("beta_slow", 1) / 4
            changed[f"{holder}.truncate"] = not fields.get("truncate", True)
            for name in ("mscale", "mscale_all_dim"):
                if name in fields:
                    changed[f"{holder}.{name}"] = fields[name] + 0.5
            changed[f"{holder}.attention_factor"] = fields.get("attention_factor", 1.0) * 1.25
    return changed


def modeling(model) -> Any:
    """The Python module that holds the model's classes and functions."""
    return sys.modules[type(model).__module__]


def _rotate_pairs(x, cos, sin):
    half = cos.shape[-1] // 2
    cos, sin = cos[..., :half].unsqueeze(1), sin[..., :half].unsqueeze(1)
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.cat([even * cos - odd * sin, odd * cos + even * sin], -1)


def rope_interleaved(model):
    def wrong(q, k, cos, sin, *_, **__):
        return _rotate_pairs(q, cos, sin), _rotate_pairs(k, cos, sin)

    return mock.patch.object(modeling(model), "apply_rotary_pos_emb", wrong)


def rope_absent(function: str = "apply_rotary_pos_emb") -> Wiring:
    return lambda model: mock.patch.object(modeling(model), function, lambda q, k, *_, **__: (q, k))


def kv_heads_dealt_out(model):
    """Query head h reads KV head h mod n instead of h div group."""
    return mock.patch.object(modeling(model), "repeat_kv", lambda x, times: x.repeat(1, times, 1, 1))


@contextlib.contextmanager
def not_causal(model):
    with contextlib.ExitStack() as stack:
        for name in MASKS:
            if hasattr(modeling(model), name):
                stack.enter_context(mock.patch.object(modeling(model), name, lambda **_: None))
        yield


def mask_of_all_keys(name: str) -> Wiring:
    """A window or chunk that is not there: `name` makes the plain causal mask."""
    return lambda model: mock.patch.object(modeling(model), name, modeling(model).create_causal_mask)


def to_bfloat16(x: torch.Tensor) -> torch.Tensor:
    """Rounded to bfloat16's 8 bits, and still a double."""
    fraction, exponent = torch.frexp(x)
    return torch.ldexp(torch.round(fraction * 256) / 256, exponent)


def config_field(field: str, value: Any) -> Wiring:
    """A field that is read while the model runs."""
    return lambda model: mock.patch.object(model.config, field, value)


def without(*paths: str) -> Wiring:
    """Submodules of every layer, where they are there, become the identity."""

    @contextlib.contextmanager
    def wrong(model):
        saved = []
        for layer in model.model.layers:
            for path in paths:
                parent = layer.get_submodule(path.rpartition(".")[0])
                leaf = path.rpartition(".")[2]
                if hasattr(parent, leaf):
                    saved.append((parent, leaf, getattr(parent, leaf)))
                    setattr(parent, leaf, torch.nn.Identity())
        yield
        for parent, leaf, module in saved:
            setattr(parent, leaf, module)

    return wrong


def patched(owner: str, name: str, value: Any) -> Wiring:
    """A function or a class of the model's own file with another implementation of a method."""

    def wrong(model):
        target = modeling(model) if not owner else getattr(modeling(model), owner)
        return mock.patch.object(target, name, value)

    return wrong


def score_scale(width: float) -> Wiring:
    """Attention scores divided by the root of another width."""

    @contextlib.contextmanager
    def wrong(model):
        modules = [layer.self_attn for layer in model.model.layers]
        saved = [module.scaling for module in modules]
        for module in modules:
            module.scaling = width**-0.5
        yield
        for module, scaling in zip(modules, saved, strict=True):
            module.scaling = scaling

    return wrong


def eps_outside_root(norm_class: str) -> Wiring:
    def forward(self, x):
        return self.weight * (x / (x.pow(2).mean(-1, keepdim=True).sqrt() + self.variance_epsilon))

    return lambda model: mock.patch.object(getattr(modeling(model), norm_class), "forward", forward)


def swapped(first: str, second: str) -> Wiring:
    """Two weights of every layer change places."""

    @contextlib.contextmanager
    def wrong(model):
        pairs = []
        for layer in model.model.layers:
            pairs.append((layer.get_parameter(f"{first}.weight"), layer.get_parameter(f"{second}.weight")))
        _exchange(pairs)
        yield
        _exchange(pairs)

    return wrong


@contextlib.contextmanager
def half_subnormals_flushed(model):
    """Weights too small for a normal float16 read as zero."""
    changed = []
    for tensor in model.state_dict().values():
        changed.append((tensor, tensor.clone()))
        tensor[tensor.abs() < 2.0**-14] = 0.0
    yield
    for tensor, kept in reversed(changed):  # a tied head is there twice
        tensor.copy_(kept)


def _exchange(pairs) -> None:
    for a, b in pairs:
        kept = a.detach().clone()
        a.copy_(b)
        b.copy_(kept)


def gqa_wiring(case: Case, norm_class: str) -> dict[str, Wiring]:
    config = text_config(case.config)
    heads, kv_heads, hidden = (config[k] for k in ("num_attention_heads", "num_key_value_heads", "hidden_size"))
    found: dict[str, Wiring] = {
        "rope: pairs (2i, 2i+1) instead of (i, i+d/2)": rope_interleaved,
        "rope: absent": rope_absent(),
        "attention: not causal": not_causal,
        "norm: eps outside the root": eps_outside_root(norm_class),
        "norm: the two norms of a layer swapped": swapped("input_layernorm", "post_attention_layernorm"),
        "mlp: gate and up swapped": swapped("mlp.gate_proj", "mlp.up_proj"),
    }
    if 1 < kv_heads < heads:
        found["attention: query head h reads KV head h mod n"] = kv_heads_dealt_out
    if config.get("head_dim") and config["head_dim"] != hidden // heads:
        found["attention: scores scaled by hidden_size / num_attention_heads"] = score_scale(hidden / heads)
    return found

