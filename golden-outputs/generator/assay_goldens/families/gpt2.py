"""GPT-2: LayerNorm, learned positions, Conv1D weights, one packed query-key-value projection."""

from __future__ import annotations

import contextlib
from random import Random
from typing import Any
from unittest import mock

import torch
from torch import nn

from ..cases import Case, ConfigChanges, Family, Wiring
from ..synthesis import TensorSpec
from . import common, draw, mistakes

DROPOUT = "dropout: used in training only"
SUMMARY = "belongs to the classification heads"
BUFFER = "the causal mask as a stored buffer: not part of the model"

SUBNORMALS = "weights: float16 subnormals read as zero"


def _config(**other):
    config = {
        "activation_function": "gelu_new",
        "architectures": ["GPT2LMHeadModel"],
        "attn_pdrop": 0.1,
        "bos_token_id": 162,
        "embd_pdrop": 0.1,
        "eos_token_id": 162,
        "initializer_range": 0.02,
        "layer_norm_epsilon": 0.003,
        "model_type": "gpt2",
        "n_ctx": 64,
        "n_embd": 54,
        "n_head": 6,
        "n_layer": 3,
        "n_positions": 64,
        "resid_pdrop": 0.1,
        "summary_activation": None,
        "summary_first_dropout": 0.1,
        "summary_proj_to_labels": True,
        "summary_type": "cls_index",
        "summary_use_proj": True,
        "task_specific_params": {"text-generation": {"do_sample": True, "max_length": 50}},
        "vocab_size": 163,
    }
    config.update(other)
    return {name: value for name, value in config.items() if value is not ...}


class GPT2(Family):
    name = "gpt2"

    def tensors(self, case: Case) -> list[TensorSpec]:
        config, style = case.config, case.style
        width, positions, vocabulary = config["n_embd"], config["n_positions"], config["vocab_size"]
        inner = config.get("n_inner") or 4 * width
        prefix = style.get("prefix", "")
        rules = common.Rules(case)

        up = style.get("attention_up", 1.0)  # ln_1 larger, the weights of c_attn smaller by this factor

        def norm(name: str, factor: float = 1.0) -> None:
            rules.add(f"{prefix}{name}.weight", (width,), factor, 0.25 * factor)
            rules.bias(f"{prefix}{name}.bias", width, 0.2 * factor)

        def conv(name: str, inputs: int, outputs: int, gain: float = 1.0, down: float = 1.0) -> None:
            rules.add(f"{prefix}{name}.weight", (inputs, outputs), 0.0, rules.gain * gain / inputs**0.5 / down)
            rules.bias(f"{prefix}{name}.bias", outputs, 0.3 * gain)

        rules.add(f"{prefix}wte.weight", (vocabulary, width), 0.0, rules.embedding)
        rules.add(f"{prefix}wpe.weight", (positions, width), 0.0, rules.embedding * 0.7)
        for i in range(config["n_layer"]):
            norm(f"h.{i}.ln_1", up)
            conv(f"h.{i}.attn.c_attn", width, 3 * width, down=up)
            conv(f"h.{i}.attn.c_proj", width, width, rules.residual)
            norm(f"h.{i}.ln_2")
            conv(f"h.{i}.mlp.c_fc", width, inner)
            conv(f"h.{i}.mlp.c_proj", inner, width, rules.residual)
            if style.get("mask_buffers"):
                # The real ones hold 0 and 1 below the diagonal. Random ones show who reads them.
                rules.add(f"{prefix}h.{i}.attn.bias", (1, 1, positions, positions), 0.5, 0.5)
            if style.get("masked_bias"):
                rules.add(f"{prefix}h.{i}.attn.masked_bias", (), -10000.0, 0.0)
        norm("ln_f")
        if not config.get("tie_word_embeddings", True):
            rules.add("lm_head.weight", (vocabulary, width), 0.0, rules.head / width**0.5)
        elif style.get("duplicate_head"):
            embedding = f"{prefix}wte.weight"
            rules.specs.append(
                TensorSpec("lm_head.weight", rules.dtype, (vocabulary, width), 0.0, rules.embedding, values_of=embedding)
            )
        return rules.specs

    def ignored_tensors(self, case: Case) -> dict[str, str]:
        return {s.name: BUFFER for s in self.tensors(case) if s.name.endswith((".attn.bias", ".attn.masked_bias"))}

    def changes(self, case: Case) -> ConfigChanges:
        config = case.config
        activation = config["activation_function"]
        changed: dict[str, Any] = {
            "layer_norm_epsilon": config["layer_norm_epsilon"] * 3,
            "n_layer": config["n_layer"] - 1,
            "activation_function": "gelu" if activation == "gelu_new" else "gelu_new",
            "scale_attn_weights": not config.get("scale_attn_weights", True),
            "scale_attn_by_inverse_layer_idx": not config.get("scale_attn_by_inverse_layer_idx", False),
        }
        inert = dict(common.INERT)
        inert |= dict.fromkeys(("n_embd", "n_inner", "n_positions"), common.SHAPE)
        inert |= dict.fromkeys(("attn_pdrop", "embd_pdrop", "resid_pdrop"), DROPOUT)
        inert |= {path: SUMMARY for path in config if path.startswith("summary_")}
        inert |= {
            "n_ctx": "the old name of n_positions: not read",
            "reorder_and_upcast_attn": "changes the order of the arithmetic, not the result",
            "add_cross_attention": "false: no encoder",
            "task_specific_params.text-generation.do_sample": common.TOKENS,
            "task_specific_params.text-generation.max_length": common.TOKENS,
        }
        changed["n_head"] = next(n for n in (2, 3, 9) if config["n_embd"] % n == 0 and n != config["n_head"])
        if config.get("tie_word_embeddings", True):
            inert["tie_word_embeddings"] = "the file has no lm_head.weight: read as untied it cannot be loaded"
            if case.style.get("duplicate_head"):
                inert["tie_word_embeddings"] = "the file holds lm_head.weight as well, equal to the embedding"
        else:
            changed["tie_word_embeddings"] = True
        return ConfigChanges(changed, {path: why for path, why in inert.items() if path not in changed})

    def random_config(self, rng: Random) -> dict[str, Any]:
        heads = rng.randint(1, 6)
        config = {
            "activation_function": rng.choice(("gelu_new", "gelu_new", "gelu", "gelu_pytorch_tanh")),
            "architectures": ["GPT2LMHeadModel"],
            "layer_norm_epsilon": draw.eps(rng),
            "model_type": "gpt2",
            "n_embd": heads * rng.randint(30 // heads, 60 // heads),
            "n_head": heads,
            "n_inner": rng.choice((None, rng.randint(30, 150))),
            "n_layer": rng.randint(1, 4),
            "n_positions": rng.randint(52, 64),
            "vocab_size": rng.randint(70, 220),
        }
        config["n_ctx"] = config["n_positions"]
        for field, share in (("scale_attn_weights", 0.7), ("scale_attn_by_inverse_layer_idx", 0.3)):
            if draw.maybe(rng, 0.5):
                config[field] = draw.maybe(rng, share)
        if draw.maybe(rng, 0.6):
            config["tie_word_embeddings"] = draw.maybe(rng, 0.5)
        return draw.tail(rng, config)

    def random_style(self, rng: Random, config: dict[str, Any]) -> dict[str, Any]:
        return draw.style(rng, config) | {
            "prefix": rng.choice(("", "transformer.")),
            "mask_buffers": draw.maybe(rng, 0.5),
            "masked_bias": draw.maybe(rng, 0.3),
            "duplicate_head": draw.maybe(rng, 0.3),
        }

    def wiring(self, case: Case) -> dict[str, Wiring]:
        config = case.config
        width, heads = config["n_embd"], config["n_head"]
        thirds = torch.arange(3 * width)
        q, k, v = thirds.chunk(3)
        by_head = torch.arange(3 * width).reshape(heads, 3, -1).transpose(0, 1).reshape(-1)
        found = {
            "positions: absent": _positions(lambda w: torch.zeros_like(w)),
            "positions: start at 1": _positions(lambda w: w.roll(-1, 0)),
            "positions: start at 2": _positions(lambda w: w.roll(-2, 0)),
            "attention: not causal": common.not_causal,
            "attention: the stored mask added to the scores": _stored_mask,
            "attention: packed as k, q, v": _packed(torch.cat([k, q, v])),
            "attention: packed as q, v, k": _packed(torch.cat([q, v, k])),
            "attention: packed by head": _packed(by_head),
            "attention: scores scaled by n_embd": _score_scale(heads**-0.5),
            "attention: output projection read as [out, in]": _transposed(lambda block: block.attn.c_proj),
            "norm: mean not subtracted": _layer_norm("rms"),
            "norm: bias absent": _layer_norm("no bias"),
            "norm: eps outside the root": _layer_norm("eps outside"),
            "norm: variance divided by n - 1": _layer_norm("unbiased"),
            "norm: after the residual sum instead of before the block": _post_norm,
            "norm: the final one absent": _no_final_norm,
            "norm: the two norms of a layer swapped": _norms_swapped,
            "mlp: relu": _activation(nn.functional.relu),
            "mlp: silu": _activation(nn.functional.silu),
            "mlp: gelu by the sigmoid": _activation(lambda x: x * torch.sigmoid(1.702 * x)),
        }
        if case.style.get("dtype") == "F16":
            found[SUBNORMALS] = common.half_subnormals_flushed
        return found


def _positions(change) -> Wiring:
    @contextlib.contextmanager
    def wrong(model):
        weight = model.transformer.wpe.weight
        saved = weight.detach().clone()
        weight.copy_(change(saved))
        yield
        weight.copy_(saved)

    return wrong


def _stored_mask(model):
    """A mask that is all ones below the diagonal, added in place of -inf above it: as if the buffer were a bias."""
    return mistakes.masks("create_causal_mask", lambda mask: torch.ones_like(mask).tril())(model)


def _packed(order: torch.Tensor) -> Wiring:
    @contextlib.contextmanager
    def wrong(model):
        parameters = [p for block in model.transformer.h for p in (block.attn.c_attn.weight, block.attn.c_attn.bias)]
        saved = [p.detach().clone() for p in parameters]
        for p in parameters:
            p.copy_(p[..., order])
        yield
        for p, kept in zip(parameters, saved, strict=True):
            p.copy_(kept)

    return wrong


def _score_scale(factor: float) -> Wiring:
    @contextlib.contextmanager
    def wrong(model):
        saved = [block.attn.scaling for block in model.transformer.h]
        for block in model.transformer.h:
            block.attn.scaling *= factor
        yield
        for block, scaling in zip(model.transformer.h, saved, strict=True):
            block.attn.scaling = scaling

    return wrong


def _transposed(pick) -> Wiring:
    @contextlib.contextmanager
    def wrong(model):
        weights = [pick(block).weight for block in model.transformer.h]
        saved = [w.detach().clone() for w in weights]
        for w, kept in zip(weights, saved, strict=True):
            w.copy_(kept.T)
        yield
        for w, kept in zip(weights, saved, strict=True):
            w.copy_(kept)

    return wrong


def _layer_norm(mistake: str) -> Wiring:
    def forward(norm, x):
        centred = x if mistake == "rms" else x - x.mean(-1, keepdim=True)
        count = x.shape[-1] - (1 if mistake == "unbiased" else 0)
        variance = centred.pow(2).sum(-1, keepdim=True) / count
        root = variance.sqrt() + norm.eps if mistake == "eps outside" else (variance + norm.eps).sqrt()
        scaled = centred / root * norm.weight
        return scaled if mistake == "no bias" else scaled + norm.bias

    return lambda model: mock.patch.object(nn.LayerNorm, "forward", forward)


def _post_norm(model):
    def forward(block, x, past_key_values=None, attention_mask=None, *_, **more):
        kwargs = {key: more[key] for key in ("use_cache", "position_ids") if key in more}
        attention, _ = block.attn(x, past_key_values=past_key_values, attention_mask=attention_mask, **kwargs)
        x = block.ln_1(x + attention)
        return block.ln_2(x + block.mlp(x))

    return mock.patch.object(common.modeling(model).GPT2Block, "forward", forward)


@contextlib.contextmanager
def _no_final_norm(model):
    saved = model.transformer.ln_f
    model.transformer.ln_f = nn.Identity()
    yield
    model.transformer.ln_f = saved


@contextlib.contextmanager
def _norms_swapped(model):
    def exchange():
        for block in model.transformer.h:
            block.ln_1, block.ln_2 = block.ln_2, block.ln_1

    exchange()
    yield
    exchange()


class _Activation(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.forward = function


def _activation(function) -> Wiring:
    @contextlib.contextmanager
    def wrong(model):
        saved = [block.mlp.act for block in model.transformer.h]
        for block in model.transformer.h:
            block.mlp.act = _Activation(function)
        yield
        for block, act in zip(model.transformer.h, saved, strict=True):
            block.mlp.act = act

    return wrong


GPT2.cases = [
    Case(
        id="gpt2-base",
        seed=4301,
        config=_config(),
        style={"dtype": "F32", "mask_buffers": True},
        prompt_lengths=(1, 2, 9, 41),
        exercises="names without prefix, as published; float32; h.i.attn.bias mask buffers in the file; no n_inner (4 * n_embd); gelu_new; "
        "tied by default; eps 0.003; the published file's summary and task keys",
        notes="h.*.attn.bias are stored causal masks, here filled with noise: they take no part. tie_word_embeddings is absent: tied.",
    ),
    Case(
        id="gpt2-prefix",
        seed=4311,
        config=_config(
            layer_norm_epsilon=1e-05,
            n_embd=52,
            n_head=4,
            n_inner=75,
            n_layer=2,
            scale_attn_weights=True,
            task_specific_params=...,
            tie_word_embeddings=True,
            torch_dtype="bfloat16",
            transformers_version="4.40.0",
            use_cache=True,
        ),
        style={
            "prefix": "transformer.",
            "mask_buffers": True,
            "masked_bias": True,
            "duplicate_head": True,
            "embedding_std": 0.01,
            "residual": 0.03,
        },
        prompt_lengths=(1, 2, 9, 33),
        exercises="names with the prefix `transformer.`; n_inner 75; tied, and lm_head.weight stored all the same; attn.masked_bias scalars "
        "beside the mask buffers; residual stream around 0.02, so that the usual eps 1e-5 shows",
        notes="lm_head.weight equals transformer.wte.weight: accept it, count it once.",
    ),
    Case(
        id="gpt2-untied-full-context",
        seed=4321,
        config=_config(
            dtype="bfloat16",
            n_ctx=...,
            n_head=3,
            n_inner=None,
            n_positions=44,
            reorder_and_upcast_attn=True,
            scale_attn_by_inverse_layer_idx=True,
            task_specific_params=...,
            tie_word_embeddings=False,
            transformers_version="5.18.0",
        ),
        style={"prefix": "transformer."},
        prompt_lengths=(1, 2, 9, 33),
        exercises="5.x config; untied lm_head; n_inner null; scale_attn_by_inverse_layer_idx: layer i divides its scores by i + 1 as well; prompt "
        "and greedy tokens fill the context of 44 to the last learned position",
        notes="reorder_and_upcast_attn changes the order of the arithmetic, not the result. No n_ctx in the file.",
    ),
    Case(
        id="gpt2-unscaled-f16",
        seed=4331,
        config=_config(
            activation_function="gelu",
            layer_norm_epsilon=0.002,
            n_embd=45,
            n_head=5,
            n_inner=70,
            n_layer=2,
            scale_attn_weights=False,
            torch_dtype="float16",
        ),
        style={"dtype": "F16"},
        prompt_lengths=(1, 2, 9, 37),
        quiet_wiring=frozenset({SUBNORMALS}),
        exercises="float16; odd n_embd 45; scale_attn_weights false; gelu by erf, as models derived from GPT-2 have it; no prefix and no buffers",
        notes="GPT-2 itself scales its scores and uses gelu_new.",
    ),
    Case(
        id="gpt2-even",
        seed=4341,
        config=_config(n_embd=64, n_head=4, n_layer=2, torch_dtype="float16"),
        style={"dtype": "F16", "attention_up": 100.0},
        prompt_lengths=(1, 2, 9, 33),
        exercises="float16 with subnormal weights in c_attn; gelu_new; every width a multiple of 16, for engines that run no others",
        notes="",
    ),
]

FAMILY = GPT2()
