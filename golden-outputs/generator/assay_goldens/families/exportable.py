"""What a graph can express in the place of what it cannot. Used while a model is exported, never by the oracle."""

from __future__ import annotations

import contextlib
from unittest import mock

import torch

from . import common


@contextlib.contextmanager
def real_rotary(model, rotary: str, heads_axis: int):
    """Complex rotations, which ONNX lacks, as pairs of real numbers.

    :param rotary: the class that makes the table
    :param heads_axis: of queries and keys; they are [1][H][T][d] or [1][T][H][d]
    """
    module = common.modeling(model)

    def table(self, x, position_ids):
        angles = position_ids[:, :, None].float() * self.inv_freq.float()  # [1][T][d/2]
        return torch.stack((angles.cos(), angles.sin()), -1) * self.attention_scaling  # [1][T][d/2][2]

    def rotate(x, cos, sin):
        first, second = x.reshape(*x.shape[:-1], -1, 2).unbind(-1)
        return torch.stack((first * cos - second * sin, first * sin + second * cos), -1).flatten(-2)

    def apply(q, k, turns):
        cos, sin = turns.unsqueeze(heads_axis).unbind(-1)
        return rotate(q, cos, sin), rotate(k, cos, sin)

    with (
        mock.patch.object(getattr(module, rotary), "forward", table),
        mock.patch.object(module, "apply_rotary_emb", apply),
    ):
        yield


@contextlib.contextmanager
def fixed_sparsity(model):
    """Gemma 3n: the normal quantile of a layer's sparsity, which ONNX has no operator for, as the constant that it is."""
    owner = type(model.model.layers[0].mlp)
    quantiles = {
        layer.mlp.activation_sparsity: torch.distributions.normal.Normal(0, 1)
        .icdf(torch.tensor(layer.mlp.activation_sparsity, dtype=torch.float32))
        .item()
        for layer in model.model.layers
        if layer.mlp.activation_sparsity > 0
    }

    def sparse(self, x):
        mean = torch.mean(x, dim=-1, keepdim=True)
        deviation = torch.std(x, dim=-1, keepdim=True, unbiased=False)
        return torch.nn.functional.relu(x - (mean + deviation * quantiles[self.activation_sparsity]))

    with mock.patch.object(owner, "_gaussian_topk", sparse):
        yield
