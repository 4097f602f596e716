"""One case, from its definition to its files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import transformers

from . import format as files
from . import certificate, oracle, synthesis
from .cases import Case, Family, Tensors

GREEDY = 12
STEPWISE_LIMIT = 1e-12
ROUTING_LIMIT = 1e-4


class Refused(Exception):
    """The case is not fit to judge anything."""


class Pool:
    """Absolute error of float32 against float64, pooled over prompts."""

    def __init__(self) -> None:
        self.squares = 0.0
        self.count = 0
        self.largest = 0.0

    def add(self, float32: np.ndarray, float64: np.ndarray) -> None:
        error = np.abs(float32 - float64)
        self.squares += float(np.sum(error * error))
        self.count += error.size
        self.largest = max(self.largest, float(error.max()))

    @property
    def rms(self) -> float:
        return float(np.sqrt(self.squares / self.count))

    def json(self) -> dict[str, float]:
        return {"rms": self.rms, "max": self.largest}


@dataclass
class Made:
    files: dict[str, bytes]
    model: bytes


def checkpoint(family: Family, case: Case) -> tuple[list[synthesis.TensorSpec], Tensors]:
    specs = sorted(family.tensors(case), key=lambda spec: spec.name)
    names = [spec.name for spec in specs]
    if len(set(names)) != len(names):
        raise ValueError(f"{case.id}: a tensor is defined twice")
    return specs, {spec.name: (spec.dtype, synthesis.synthesise(case.seed, spec)) for spec in specs}


def prompts(family: Family, case: Case) -> list[tuple[str, list[int]]]:
    """Random tokens; the longest prompt starts with the last and the first id of the vocabulary."""
    vocabulary = family.vocabulary(case)
    made = []
    for length in case.prompt_lengths:
        name = f"len{length}"
        tokens = synthesis.token_stream(case.seed, f"prompt/{name}", length, vocabulary)
        if length == max(case.prompt_lengths):
            tokens[0], tokens[1] = vocabulary - 1, 0
        made.append((name, tokens))
    return made


def make(family: Family, case: Case, certified: bool = True) -> Made:
    """With `certified`, a case that some mistake does not show in is refused, and the certificate is one of the files."""
    specs, published = checkpoint(family, case)
    ignored = set(family.ignored_tensors(case))
    exact = family.dequantise(case, published)
    config = family.oracle_config(case.config)
    double = oracle.load_double(config, exact, ignored)
    single = oracle.load(config, exact, torch.float32, ignored)

    longest = max(case.prompt_lengths)
    tensors: dict[str, tuple[str, np.ndarray]] = {}
    prompt_rows: list[dict[str, Any]] = []
    all_logits = Pool()
    tap_error: dict[str, Pool] = {}
    worst_step = 0.0
    margin = np.inf
    routed = False
    for name, tokens in prompts(family, case):
        right = oracle.run(double, tokens, taps=True)
        yard = oracle.run(single, tokens, taps=True)
        try:
            steps, greedy, gaps = oracle.stepwise(double, tokens, GREEDY, family.vocabulary(case))
        except oracle.NotText as not_text:
            raise Refused(f"{case.id}: {not_text}") from not_text
        worst_step = max(worst_step, float(np.max(np.abs(steps - right.logits)) / right.logits.std()))
        error = Pool()
        error.add(yard.logits, right.logits)
        all_logits.add(yard.logits, right.logits)
        prompt_rows.append(
            {"id": name, "tokens": tokens, "greedy": greedy, "greedy_gap": gaps, "f32_error": error.json()}
        )
        tensors[f"{name}/logits"] = ("F64", right.logits)
        for i, (h64, h32) in enumerate(zip(right.hidden, yard.hidden, strict=True)):
            tensors[f"{name}/hidden.{i}"] = ("F32", h64.astype(np.float32))
            tap_error.setdefault(f"hidden.{i}", Pool()).add(h32, h64)
        for tap, value in right.taps.items():
            kind, index = tap.split(".")
            if kind == "experts":
                routed = True
                router_logits = right.taps[f"router_logits.{index}"]
                margin = min(margin, routing_margin(family, case, double, int(index), router_logits))
                score = family.order_experts(case, double, int(index), router_logits)
                value = in_order(value, score)
                other = in_order(yard.taps[tap], score)
                if not np.array_equal(value, other):
                    raise Refused(f"{case.id}: float32 routes differently at {name}/{tap}")
                if len(tokens) == longest:
                    unused = sorted(set(range(score.shape[1])) - set(value.ravel().tolist()))
                    if unused and not case.unused_experts:
                        raise Refused(f"{case.id}: no token of {name} chooses experts {unused} of layer {index}")
                    tensors[f"{name}/{tap}"] = ("I32", value.astype(np.int32))
            elif len(tokens) == longest:
                tensors[f"{name}/{tap}"] = ("F32", value.astype(np.float32))
                tap_error.setdefault(tap, Pool()).add(yard.taps[tap], value)

    if worst_step > STEPWISE_LIMIT:
        raise Refused(f"{case.id}: stepwise and one shot differ by {worst_step}")
    if margin < ROUTING_LIMIT:
        raise Refused(f"{case.id}: routing margin {margin}")

    name, tokens = max(prompts(family, case), key=lambda prompt: len(prompt[1]))
    if not np.all(np.isfinite(tensors[f"{name}/logits"][1])):
        raise Refused(f"{case.id}: logits are not finite")
    certificates = {}
    if certified:
        sensitivity = certificate.certify(family, case, published, double, tokens, all_logits.rms)
        certificates["sensitivity.json"] = files.json_text(sensitivity)

    config_bytes = files.config_text(case.config)
    model_bytes = files.safetensors(published)
    tensor_bytes = files.safetensors(tensors)
    golden: dict[str, Any] = {
        "format": "assay-golden/1",
        "case": case.id,
        "architecture": case.architecture,
        "notes": case.notes,
        "oracle": {
            "library": "transformers",
            "version": transformers.__version__,
            "torch": torch.__version__,
            "dtype": "float64",
            "attention": "eager",
            "float32_casts_lifted": True,
            "stepwise_vs_one_shot": worst_step,
        },
        "sha256": {
            "config.json": files.sha256(config_bytes),
            "golden.safetensors": files.sha256(tensor_bytes),
            "model.safetensors": files.sha256(model_bytes),
        },
        "prompts": prompt_rows,
        "tap_f32_error": {tap: pool.json() for tap, pool in sorted(tap_error.items(), key=_tap_order)},
    }
    if routed:
        golden["routing"] = {"smallest_margin": margin if np.isfinite(margin) else None}
    golden["synthetic"] = {
        "algorithm": synthesis.ALGORITHM,
        "seed": case.seed,
        "tensors": [spec_json(spec) for spec in specs],
    }
    return Made(
        {
            "config.json": config_bytes,
            "golden.json": files.json_text(golden),
            "golden.safetensors": tensor_bytes,
            **certificates,
        },
        model_bytes,
    )


def _tap_order(item: tuple[str, Any]) -> tuple[str, int]:
    kind, index = item[0].split(".")
    return kind, int(index)


def spec_json(spec: synthesis.TensorSpec) -> dict[str, Any]:
    row: dict[str, Any] = {
        "name": spec.name,
        "dtype": spec.dtype,
        "shape": list(spec.shape),
        "mean": spec.mean,
        "std": spec.std,
    }
    if spec.values_of:
        row["values_of"] = spec.values_of
    if spec.rounded_to:
        row["rounded_to"] = spec.rounded_to
    return row


def in_order(ids: np.ndarray, score: np.ndarray) -> np.ndarray:
    """Expert ids of each token by descending choice score."""
    chosen = np.take_along_axis(score, ids, axis=1)
    return np.take_along_axis(ids, np.argsort(-chosen, axis=1, kind="stable"), axis=1)


def routing_margin(family: Family, case: Case, model, layer: int, router_logits: np.ndarray) -> float:
    smallest = np.inf
    for scores, kept in family.choices(case, model, layer, router_logits):
        if kept < scores.shape[1]:
            descending = -np.sort(-scores, axis=1)
            smallest = min(smallest, float(np.min(descending[:, kept - 1] - descending[:, kept])))
    return smallest
