"""Wrong wirings that several families share, beside those in `common`."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any
from unittest import mock

import torch

from ..cases import Wiring
from . import common


@contextlib.contextmanager
def both(*contexts):
    with contextlib.ExitStack() as stack:
        for context in contexts:
            stack.enter_context(context)
        yield


@contextlib.contextmanager
def experts_swapped(model):
    """Gate and up halves of every routed expert change places."""
    weights = [layer.mlp.experts.gate_up_proj for layer in model.model.layers if hasattr(layer.mlp, "experts")]
    saved = [w.detach().clone() for w in weights]
    for w in weights:
        gate, up = w.chunk(2, dim=1)
        w.copy_(torch.cat([up, gate], 1))
    yield
    for w, kept in zip(weights, saved, strict=True):
        w.copy_(kept)


@contextlib.contextmanager
def dense_mlp_swapped(model):
    """`common.swapped` for models of which only some layers have a dense MLP."""
    layers = [layer.mlp for layer in model.model.layers if hasattr(layer.mlp, "gate_proj")]

    def exchange():
        for mlp in layers:
            mlp.gate_proj.weight.data, mlp.up_proj.weight.data = mlp.up_proj.weight.data, mlp.gate_proj.weight.data

    exchange()
    yield
    exchange()


def weighted_input(experts_class: str) -> Wiring:
    """The routing weight multiplies the expert's input instead of its output."""

    def forward(experts, x, ids, weights):
        out = torch.zeros_like(x)
        for token in range(len(x)):
            for e, w in zip(ids[token].tolist(), weights[token], strict=True):
                gate, up = (experts.gate_up_proj[e] @ (x[token] * w)).chunk(2)
                out[token] += experts.down_proj[e] @ (experts.act_fn(gate) * up)
        return out

    return lambda model: mock.patch.object(getattr(common.modeling(model), experts_class), "forward", forward)


def unnormed_router(norm_class: str, router_class: str) -> Wiring:
    """The router is given what the norm before it was given."""

    def wrong(model):
        kept = []
        module = common.modeling(model)
        norms, routers = getattr(module, norm_class), getattr(module, router_class)
        right_norm, right_router = norms.forward, routers.forward

        def norm(self, x):
            kept[:] = [x]
            return right_norm(self, x)

        def router(self, x):
            return right_router(self, kept[0].reshape(x.shape))

        return both(mock.patch.object(norms, "forward", norm), mock.patch.object(routers, "forward", router))

    return wrong


def masks(function: str, change: Callable[[torch.Tensor], torch.Tensor]) -> Wiring:
    """What `function` of the model's module returns, an additive mask [1][1][T][keys], is changed."""

    def wrong(model):
        right = getattr(common.modeling(model), function)
        return mock.patch.object(common.modeling(model), function, lambda **more: change(right(**more)))

    return wrong


def window_wiring(window: int) -> dict[str, Wiring]:
    """A sliding window that is one too wide, one too narrow, or not there. For one-shot runs."""

    def of_width(width: int | None):
        def change(mask):
            rows, columns = (torch.arange(n) for n in mask.shape[-2:])
            distance = rows[:, None] - columns[None, :]
            hidden = distance < 0 if width is None else (distance < 0) | (distance >= width)
            return torch.zeros_like(mask).masked_fill(hidden, torch.finfo(mask.dtype).min)

        return masks("create_sliding_window_causal_mask", change)

    return {
        "window: one key too many": of_width(window + 1),
        "window: one key too few": of_width(window - 1),
        "window: not applied": of_width(None),
    }


def _masks_of(model, choose: Callable[[dict[str, Any]], dict[str, Any]]):
    """Layers are given other masks than their type's: `choose` maps each type's right function to the one used."""
    module = common.modeling(model)
    right = {"full_attention": module.create_causal_mask, "sliding_attention": module.create_sliding_window_causal_mask}
    used = choose(right)
    return both(
        mock.patch.object(module, "create_causal_mask", used["full_attention"]),
        mock.patch.object(module, "create_sliding_window_causal_mask", used["sliding_attention"]),
    )


def same_mask_everywhere(kind: str) -> Wiring:
    """Every layer is masked as those of one type are."""
    return lambda model: _masks_of(model, lambda right: dict.fromkeys(right, right[kind]))


def masks_exchanged(model):
    """Full layers are masked as sliding ones, and the other way round."""
    return _masks_of(model, lambda right: dict(zip(right, reversed(right.values()), strict=True)))
