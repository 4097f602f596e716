"""What a case and a family are, and the registry of families.

A new family is one module under families/ that ends in `FAMILY = <subclass of Family>(...)`, and one line in
`families()` below.
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

import numpy as np

from . import synthesis
from .synthesis import TensorSpec

FAMILIES = (
    "qwen3",
    "llama3",
    "deepseek_v3",
    "deepseek_r1",
    "qwen3_moe",
    "smollm3",
    "deepseek_v2",
    "gpt2",
    "olmo2",
    "mistral",
    "gemma3",
    "gemma3n",
    "llama4",
)

Tensors = dict[str, tuple[str, np.ndarray]]
"""A checkpoint as published: name -> (safetensors dtype, bits)."""


@dataclass(frozen=True)
class Case:
    id: str
    seed: int
    config: dict[str, Any]
    notes: str
    exercises: str
    """One line for the table of cases."""
    prompt_lengths: tuple[int, ...] = (1, 2, 9, 37)
    style: dict[str, Any] = field(default_factory=dict)
    """Magnitudes for the family's synthesis rules; what is absent takes the family's default."""
    inert: dict[str, str] = field(default_factory=dict)
    """Config fields without effect in this case, with the reason. They come on top of the family's."""
    unused_experts: bool = False
    """Some experts are never chosen, on purpose; otherwise such a case is refused."""
    quiet_wiring: frozenset[str] = frozenset()
    """Wiring mutants that this case is not built to expose: measured, never refused."""

    @property
    def architecture(self) -> str:
        return self.config["architectures"][0]


@dataclass(frozen=True)
class ConfigChanges:
    """The certificate's view of a config: every field is either changed and must show, or inert for a reason."""

    changed: dict[str, Any]
    inert: dict[str, str]


Wiring = Callable[[Any], contextlib.AbstractContextManager[None]]
"""Given the model, breaks its wiring for the duration of the context."""


class Family:
    name: str
    cases: list[Case]

    def tensors(self, case: Case) -> list[TensorSpec]:
        raise NotImplementedError

    def oracle_config(self, config: dict[str, Any]) -> dict[str, Any]:
        """The config Hugging Face is given. Differs where its library lacks a name or a format."""
        return config

    def vocabulary(self, case: Case) -> int:
        """Prompts hold ids below this."""
        config = self.oracle_config(case.config)
        return min(config["vocab_size"], config.get("vocab_size_per_layer_input", config["vocab_size"]))

    def dequantise(self, case: Case, tensors: Tensors) -> dict[str, np.ndarray]:
        """Exact float64 weights under the names Hugging Face loads."""
        return {name: synthesis.decode(bits, dtype) for name, (dtype, bits) in tensors.items()}

    def ignored_tensors(self, case: Case) -> dict[str, str]:
        """Tensors of the file that do not take part, with the reason."""
        return {}

    def inert_tensors(self, case: Case) -> dict[str, str]:
        """Tensors that take part and cannot show, with the reason."""
        return {}

    def changes(self, case: Case) -> ConfigChanges:
        raise NotImplementedError

    def wiring(self, case: Case) -> dict[str, Wiring]:
        """Known wrong wirings that the case's logits must tell from the right one."""
        return {}

    def choices(self, case: Case, model: Any, layer: int, router_logits: np.ndarray) -> list[tuple[np.ndarray, int]]:
        """For an MoE layer: [(scores [T][n], how many are kept)] of every choice made, in order."""
        raise NotImplementedError

    def exportable(self, model: Any) -> contextlib.AbstractContextManager[None]:
        """Puts what a graph can express in the place of what it cannot, for the duration of the context."""
        return contextlib.nullcontext()

    def random_config(self, rng: Random) -> dict[str, Any]:
        """Any configuration of the family that Hugging Face can run."""
        raise NotImplementedError

    def random_style(self, rng: Random, config: dict[str, Any]) -> dict[str, Any]:
        """Magnitudes for a random configuration."""
        from .families import draw

        return draw.style(rng, config)

    def order_experts(self, case: Case, model: Any, layer: int, router_logits: np.ndarray) -> np.ndarray:
        """Choice score of every expert, by which the recorded ids are ordered: [T][E]."""
        return self.choices(case, model, layer, router_logits)[-1][0]


def families() -> list[Family]:
    return [importlib.import_module(f"assay_goldens.families.{name}").FAMILY for name in FAMILIES]


def all_cases() -> dict[str, tuple[Family, Case]]:
    found: dict[str, tuple[Family, Case]] = {}
    for family in families():
        for case in family.cases:
            if case.id in found:
                raise ValueError(f"two cases are called {case.id}")
            found[case.id] = (family, case)
    return dict(sorted(found.items()))


def flatten(config: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """{"rope_scaling.factor": 4.0, ...}: nested objects by dotted path, lists as values."""
    flat: dict[str, Any] = {}
    for name, value in config.items():
        if isinstance(value, dict):
            flat.update(flatten(value, f"{prefix}{name}."))
        else:
            flat[prefix + name] = value
    return flat
