"""The sensitivity certificate: how far the logits of a case move when something is wrong.

The unit is the budget of an engine in float32: twice the rms error of Hugging Face in float32, pooled over the
prompts of the case. Whatever should matter must move the logits of the longest prompt by at least MINIMUM budgets, or
the case cannot tell a right engine from a wrong one, and is refused.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import torch

from . import oracle
from .cases import Case, Family, Tensors, flatten

MINIMUM = 100.0


class Insensitive(Exception):
    pass


def changed_config(config: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    config = copy.deepcopy(config)
    *parents, leaf = path.split(".")
    inner = config
    for parent in parents:
        inner = inner[parent]
    if leaf == "num_hidden_layers":
        for name, items in inner.items():
            if isinstance(items, list) and len(items) == inner[leaf]:
                inner[name] = items[:value]
    inner[leaf] = value
    return config


def _round(x: float) -> float:
    return float(f"{x:.4g}")


class Scatter:
    """Where each element of the published tensors ends up in the model, found by loading numbered elements."""

    def __init__(self, config: dict[str, Any], weights: dict[str, np.ndarray], ignored: set[str]):
        numbered, start = {}, 1
        self.offsets = {}
        for name, array in weights.items():
            numbered[name] = np.arange(start, start + array.size, dtype=np.float64).reshape(array.shape)
            self.offsets[name] = start
            start += array.size
        model = oracle.load_double(config, numbered, ignored)
        self.targets = {}
        for name, tensor in model.state_dict().items():
            self.targets[name] = tensor.numpy().astype(np.int64)
        self.sizes = {name: array.size for name, array in weights.items()}

    def apply(self, model, name: str, values: np.ndarray) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """Writes a published tensor into the model; what to copy back is returned."""
        first, size = self.offsets[name], self.sizes[name]
        undo = []
        flat = values.reshape(-1)
        seen = set()
        for target, tensor in model.state_dict().items():
            index = self.targets[target]
            here = (index >= first) & (index < first + size)
            if not here.any() or tensor.data_ptr() in seen:
                continue
            seen.add(tensor.data_ptr())
            undo.append((tensor, tensor.clone()))
            tensor[torch.from_numpy(here)] = torch.from_numpy(flat[index[here] - first])
        return undo


def certify(family: Family, case: Case, published: Tensors, model, prompt: list[int], f32_rms: float) -> dict[str, Any]:
    base = oracle.logits(model, prompt)
    config = family.oracle_config(case.config)
    state = model.state_dict()
    ignored = family.ignored_tensors(case)
    weak: list[str] = []

    def budgets(moved: np.ndarray) -> float:
        rms = float(np.sqrt(np.mean((moved - base) ** 2)))
        return _round(rms / (2 * f32_rms)) if np.isfinite(rms) else 1e9

    def require(what: str, value: float) -> None:
        if not value >= MINIMUM:
            weak.append(f"{what} moves the logits by {value} budgets")

    # Config fields: all of config.json, each either changed or inert for a reason.
    changes = family.changes(case)
    inert = {**changes.inert, **case.inert}
    present = flatten(case.config)
    fields = []
    for path in present:
        if path not in changes.changed and path not in inert:
            raise Insensitive(f"{case.id}: the certificate does not know the config field {path}")
    for path, value in changes.changed.items():
        if path in case.inert:
            continue
        broken = oracle.build_double(family.oracle_config(changed_config(case.config, path, value)), state)
        moved = budgets(oracle.logits(broken, prompt))
        require(path, moved)
        shown = present.get(path, "(absent)")
        fields.append({"field": path, "is": shown, "tried": value, "budgets": moved})

    # Weight tensors, at the level of the published file.
    exact = family.dequantise(case, published)
    scatter = Scatter(config, exact, set(ignored))
    tensors = []
    for name, (dtype, bits) in sorted(published.items()):
        if name in ignored:
            continue
        entry: dict[str, Any] = {"name": name}
        tries = {"reversed": bits.reshape(-1)[::-1].reshape(bits.shape)}
        if bits.ndim == 1:
            tries["scaled"] = None
        for kind, changed in tries.items():
            if changed is None:
                # A correction bias acts through the choice of experts alone, which a tenth may leave as it is.
                factor = 1.5 if name.endswith("correction_bias") else 1.1
                stored = family.dequantise(case, {name: (dtype, bits)})
                values = {key: array * factor for key, array in stored.items()}
            else:
                after = family.dequantise(case, {**_quantised_group(published, name), name: (dtype, changed)})
                values = after
            undo = [pair for key, array in values.items() for pair in scatter.apply(model, key, array)]
            entry[kind] = budgets(oracle.logits(model, prompt))
            for tensor, saved in reversed(undo):
                tensor.copy_(saved)
            unused = case.unused_experts and entry[kind] == 0.0 and ".experts." in name
            if unused:
                entry["reason"] = "no token chooses this expert"
            elif case.unused_experts and kind == "scaled" and name.endswith("correction_bias"):
                entry["reason"] = "the bias alone decides the choice, and scaling keeps its order"
            else:
                require(f"{name} {kind}", entry[kind])
        tensors.append(entry)

    wiring = []
    for name, breakage in family.wiring(case).items():
        with breakage(model):
            moved = budgets(oracle.logits(model, prompt))
        quiet = name in case.quiet_wiring
        if not quiet:
            require(f"wiring: {name}", moved)
        wiring.append({"name": name, "budgets": moved, "required": not quiet})

    if not np.array_equal(oracle.logits(model, prompt), base):
        raise AssertionError(f"{case.id}: the certificate did not restore the model")
    if weak:
        shown = weak[:12] + ([f"and {len(weak) - 12} more"] if len(weak) > 12 else [])
        raise Insensitive(f"{case.id}: " + "; ".join(shown))
    smallest = min(
        [(f["budgets"], f["field"]) for f in fields]
        + [(t[k], f"{t['name']} {k}") for t in tensors for k in ("reversed", "scaled") if k in t and "reason" not in t]
        + [(w["budgets"], f"wiring: {w['name']}") for w in wiring if w["required"]]
    )
    return {
        "format": "assay-sensitivity/1",
        "case": case.id,
        "unit": "rms change of the longest prompt's logits / (2 * f32 rms error pooled over the case)",
        "f32_rms": f32_rms,
        "minimum": MINIMUM,
        "smallest": {"what": smallest[1], "budgets": smallest[0]},
        "config": fields,
        "inert": [{"field": path, "reason": inert[path]} for path in present if path in inert],
        "tensors": tensors,
        "ignored_tensors": [{"name": name, "reason": reason} for name, reason in sorted(ignored.items())],
        "wiring": wiring,
    }


def _quantised_group(published: Tensors, name: str) -> Tensors:
    """A block-quantised weight and its scales belong together; everything else stands alone."""
    stem = name.removesuffix("_scale_inv")
    return {key: published[key] for key in (stem, stem + "_scale_inv") if key in published}
