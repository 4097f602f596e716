"""Random cases: configurations nobody wrote down, as complete folders with weights.

They are for `assay verify --case DIR/<case>`. A random case has no sensitivity certificate: its switches are
drawn, not chosen to show. The rules that make a golden true hold for it all the same: float64 throughout, stepwise
equal to one shot, routing margins.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from random import Random

from . import cases
from .cases import Case, Family
from .families import draw

ATTEMPTS = 60
"""Weight seeds tried for one configuration until the routing margins are wide enough."""


def offering() -> list[Family]:
    """The families that draw configurations."""
    return [family for family in cases.families() if type(family).random_config is not Family.random_config]


def random_case(family: Family, seed: int, index: int) -> Case:
    """A pure function of its arguments."""
    rng = Random(f"assay-random/{family.name}/{seed}/{index}")
    config = family.random_config(rng)
    window = draw.window(config)
    lengths = {1, 2, rng.randint(3, 12), rng.randint(25, 41)}
    if window is not None:
        lengths |= {window, window + 1}
    return Case(
        id=f"random-{family.name.replace('_', '-')}-{seed}-{index}",
        seed=rng.getrandbits(48),
        config=config,
        style=family.random_style(rng, config),
        prompt_lengths=tuple(sorted(lengths)),
        notes="A random configuration: it may combine what no published model combines.",
        exercises="",
        unused_experts=True,
    )


def write(names: list[str], count: int, seed: int, out: Path) -> int:
    """`count` cases, the families in turn."""
    from dataclasses import replace

    from .generate import Refused, make

    offered = offering()
    unknown = set(names) - {family.name for family in offered}
    if unknown:
        known = ", ".join(family.name for family in offered)
        raise SystemExit(f"no random configurations of {', '.join(sorted(unknown))}; there are: {known}")
    families = [family for family in offered if not names or family.name in names]
    failed = 0
    for i in range(count):
        family = families[i % len(families)]
        case = random_case(family, seed, i)
        start = time.monotonic()
        reason: Exception | None = None
        for attempt in range(ATTEMPTS):
            try:
                made = make(family, replace(case, seed=case.seed + attempt), certified=False)
                break
            except Refused as refusal:
                reason = refusal
        else:
            print(f"REFUSED {reason}", file=sys.stderr)
            failed += 1
            continue
        folder = out / case.id
        folder.mkdir(parents=True, exist_ok=True)
        for file, data in {**made.files, "model.safetensors": made.model}.items():
            (folder / file).write_bytes(data)
        print(f"{folder}: {attempt + 1} weight seeds, {time.monotonic() - start:.1f} s", flush=True)
    return 1 if failed else 0
