"""The commands: generate, check, materialize, graphs, seeds, random, list, vectors."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from . import cases, synthesis
from . import format as files

ROOT = Path(__file__).resolve().parents[2] / "cases"
README = ROOT.parent / "README.md"
VECTORS = Path(__file__).resolve().parents[1] / "synthesis-vectors.json"


def selected(names: list[str]) -> dict[str, tuple[cases.Family, cases.Case]]:
    known = cases.all_cases()
    if not names:
        return known
    for name in names:
        if name not in known:
            raise SystemExit(f"no case {name}; there are: {', '.join(known)}")
    return {name: known[name] for name in names}


def generate(names: list[str]) -> int:
    from .certificate import Insensitive
    from .generate import Refused, make

    refused = 0
    for name, (family, case) in selected(names).items():
        start = time.monotonic()
        try:
            made = make(family, case)
        except (Refused, Insensitive) as reason:
            print(f"REFUSED {reason}", file=sys.stderr)
            refused += 1
            continue
        folder = ROOT / name
        folder.mkdir(parents=True, exist_ok=True)
        for file, data in made.files.items():
            (folder / file).write_bytes(data)
        golden, certificate = (json.loads(made.files[f]) for f in ("golden.json", "sensitivity.json"))
        size = sum(map(len, made.files.values()))
        print(
            f"{name}: {size / 1024:.0f} KiB, stepwise {golden['oracle']['stepwise_vs_one_shot']:.1e}, "
            f"smallest {certificate['smallest']['budgets']:.0f} ({certificate['smallest']['what']}), "
            f"{time.monotonic() - start:.1f} s",
            flush=True,
        )
    write_index()
    README.write_text(readme_text(), encoding="utf-8")
    return 1 if refused else 0


def write_index() -> None:
    """Lists what is on disk, so that a partial run leaves a true index."""
    known = cases.all_cases()
    entries = []
    for folder in sorted(ROOT.iterdir()):
        if not (folder / "golden.json").exists():
            continue
        if folder.name not in known:
            raise SystemExit(f"{folder} belongs to no case: remove it")
        config = json.loads((folder / "config.json").read_bytes())
        entries.append(
            {
                "id": folder.name,
                "architecture": config["architectures"][0],
                "model_type": config["model_type"],
                "path": folder.name,
                "sha256": {"golden.json": files.sha256(folder / "golden.json")},
            }
        )
    lines = "".join(f"{entry['id']} {entry['sha256']['golden.json']}\n" for entry in entries)
    index = {"format": "assay-golden-index/1", "suite_sha256": files.sha256(lines.encode()), "cases": entries}
    rows = ",\n".join("  " + json.dumps(entry) for entry in entries)
    text = f'{{\n "format": "{index["format"]}",\n "suite_sha256": "{index["suite_sha256"]}",\n "cases": [\n{rows}\n ]\n}}\n'
    assert json.loads(text) == index
    (ROOT / "index.json").write_text(text, encoding="utf-8")


SIZES = {
    "num_hidden_layers": "{} layers",
    "n_layer": "{} layers",
    "hidden_size": "hidden {}",
    "n_embd": "hidden {}",
    "num_attention_heads": "{} heads",
    "n_head": "{} heads",
}
"""What the table of cases says of a config, under either set of names."""

BEGIN, END = "<!-- table of cases: written by the generator -->", "<!-- end of the table of cases -->"


def readme_text() -> str:
    """README.md with the table of cases brought up to date."""
    rows = ["| case | config | prompts | exercises |", "|---|---|---|---|"]
    for name, (_, case) in cases.all_cases().items():
        config = case.config.get("text_config", case.config)
        sizes = [text.format(config[key]) for key, text in SIZES.items() if key in config]
        rows.append(f"| `{name}` | {', '.join(sizes)} | {', '.join(map(str, case.prompt_lengths))} | {case.exercises} |")
    before, _, rest = README.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + "\n" + "\n".join(rows) + "\n" + END + after


def differences(want: Any, got: Any, path: str) -> list[str]:
    """Between two JSON values; floats, which depend on the processor's last bits, within a tolerance."""
    if isinstance(want, dict) and isinstance(got, dict) and want.keys() == got.keys():
        return [d for key in want for d in differences(want[key], got[key], f"{path}.{key}")]
    if isinstance(want, list) and isinstance(got, list) and len(want) == len(got):
        return [d for i, (a, b) in enumerate(zip(want, got, strict=True)) for d in differences(a, b, f"{path}[{i}]")]
    if isinstance(want, float) and isinstance(got, float | int):
        if "f32_" in path or "budgets" in path or ".tensors[" in path:
            return [] if 0.25 <= (got or 1.0) / (want or 1.0) <= 4 else [f"{path}: {want} is now {got}"]
        if "stepwise" in path:
            return []
        return [] if abs(want - got) <= 1e-9 * max(1.0, abs(want)) else [f"{path}: {want} is now {got}"]
    return [] if want == got else [f"{path}: {want!r} is now {got!r}"]


def compare(folder: Path, made) -> tuple[list[str], bool]:
    """What differs, and whether every byte is the same."""
    wrong: list[str] = []
    identical = True
    for file, data in made.files.items():
        try:
            stored = (folder / file).read_bytes()
        except FileNotFoundError:
            return [f"{file}: missing"], False
        if stored == data:
            continue
        identical = False
        if file == "config.json":
            wrong.append("config.json: the bytes differ")
        elif file == "golden.safetensors":
            wrong += compare_tensors(stored, data)
        else:
            want, got = json.loads(stored), json.loads(data)
            for golden in (want, got):
                golden.get("sha256", {}).pop("golden.safetensors", None)  # its tensors are compared instead
                if "smallest" in golden:
                    golden["smallest"].pop("what", None)
            wrong += differences(want, got, file)
    golden = json.loads((folder / "golden.json").read_bytes())
    for file in ("config.json", "golden.safetensors"):
        if golden["sha256"][file] != files.sha256(folder / file):
            wrong.append(f"{file}: not the file golden.json names")
    if golden["sha256"]["model.safetensors"] != files.sha256(made.model):
        wrong.append("model.safetensors: the synthesised weights differ")
    return wrong, identical


def compare_tensors(stored: bytes, data: bytes) -> list[str]:
    want, got = files.read_safetensors(stored), files.read_safetensors(data)
    if want.keys() != got.keys():
        return [f"golden.safetensors: other tensors: {sorted(want.keys() ^ got.keys())}"]
    wrong = []
    for name, (dtype, a) in want.items():
        other, b = got[name]
        if dtype != other or a.shape != b.shape:
            wrong.append(f"{name}: {dtype} {a.shape} is now {other} {b.shape}")
        elif dtype == "I32":
            if not np.array_equal(a, b):
                wrong.append(f"{name}: expert ids differ")
        else:
            limit = (1e-12 if dtype == "F64" else 2e-7) * max(float(a.std()), float(np.abs(a).max()) * 0.1)
            worst = float(np.max(np.abs(a.astype(np.float64) - b.astype(np.float64))))
            if not worst <= limit:
                wrong.append(f"{name}: differs by {worst}, allowed {limit}")
    return wrong


def check(names: list[str]) -> int:
    from .certificate import Insensitive
    from .generate import Refused, make

    failed = 0
    for name, (family, case) in selected(names).items():
        try:
            wrong, identical = compare(ROOT / name, make(family, case))
        except (Refused, Insensitive) as reason:
            wrong, identical = [str(reason)], False
        if wrong:
            failed += 1
            for line in wrong[:20]:
                print(f"{name}: {line}", file=sys.stderr)
        else:
            print(f"{name}: {'the same bytes' if identical else 'the same within rounding, other bytes'}", flush=True)
    index = ROOT / "index.json"
    before = index.read_bytes() if index.exists() else b""
    write_index()
    if index.read_bytes() != before:
        index.write_bytes(before)
        print("index.json: does not describe the cases", file=sys.stderr)
        failed += 1
    if README.read_text(encoding="utf-8") != readme_text():
        print("README.md: the table of cases is out of date", file=sys.stderr)
        failed += 1
    if not names and VECTORS.read_bytes() != vectors_text():
        print("synthesis-vectors.json: differs", file=sys.stderr)
        failed += 1
    return 1 if failed else 0


def materialize(name: str, folder: Path) -> int:
    from .generate import checkpoint

    family, case = selected([name])[name]
    _, tensors = checkpoint(family, case)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_bytes(files.config_text(case.config))
    (folder / "model.safetensors").write_bytes(files.safetensors(tensors))
    print(f"{folder}: config.json, model.safetensors {files.sha256(folder / 'model.safetensors')}")
    return 0


def export_graphs(names: list[str], check: bool) -> int:
    from . import graphs

    if not check:
        graphs.write(selected(names))
        return 0
    wrong = graphs.check(selected(names))
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


def seeds(name: str, first: int, count: int) -> int:
    """For the author of a case: which seeds are accepted."""
    from .certificate import Insensitive
    from .generate import Refused, make

    family, case = selected([name])[name]
    for seed in range(first, first + count):
        try:
            make(family, dataclasses.replace(case, seed=seed))
        except (Refused, Insensitive) as reason:
            print(f"{seed}: {reason}")
        else:
            print(f"{seed}: accepted")
            return 0
    return 1


def vectors_text() -> bytes:
    """Test vectors for other implementations of the synthesis."""
    rows = []
    for seed, name, mean, std, count in (
        (0, "", 0.0, 1.0, 4),
        (1, "model.embed_tokens.weight", 0.0, 0.7, 12),
        (3001, "model.layers.0.input_layernorm.weight", 1.0, 0.25, 12),
        (-7, "é/日本", -1.5, 0.3, 8),
        (2**62 + 11, "tiny", 0.0, 1e-7, 8),
        (42, "subnormal", 0.0, 1e-40, 8),
        (9, "big", 0.0, 140.0, 12),
    ):
        exact = synthesis.values(seed, name, count, mean, std)
        row = {
            "seed": seed,
            "name": name,
            "mean": mean,
            "std": std,
            "count": count,
            "fnv1a64": f"{synthesis.fnv1a64(name):016x}",
            "key": f"{synthesis.key(seed, name):016x}",
            "words": [f"{int(w):016x}" for w in synthesis.bits(seed, name, count)],
            "double": [f"{int(w):016x}" for w in exact.view(np.uint64)],
        }
        for dtype in synthesis.STORAGE:
            encoded = synthesis.encode(exact, dtype)
            width = encoded.dtype.itemsize
            codes = encoded.view({1: np.uint8, 2: np.uint16, 4: np.uint32}[width])
            row[dtype] = [f"{int(c):0{2 * width}x}" for c in codes]
        rows.append(row)
    edges = []
    for dtype, fraction, lowest in (("BF16", 7, -126), ("F16", 10, -14), ("F8_E4M3", 3, -6), ("F32", 23, -126)):
        x = []
        for base in (1.0, 1.0 + 2.0**-fraction, 2.0**lowest, 3 * 2.0 ** (lowest - fraction)):
            spacing = 2.0 ** (max(np.frexp(base)[1] - 1, lowest) - fraction)
            for middle in (base + spacing / 2, base - spacing / 4):
                x += [middle, np.nextafter(middle, np.inf), np.nextafter(middle, -np.inf), -middle]
        x += [0.0, -0.0, 2.0 ** (lowest - fraction - 1), -(2.0 ** (lowest - fraction - 1)), 448.0, 463.9, 464.0, -1e6]
        array = np.array([v for v in x if dtype != "F16" or abs(v) < 65504], dtype=np.float64)
        encoded = synthesis.encode(array, dtype)
        width = encoded.dtype.itemsize
        codes = encoded.view({1: np.uint8, 2: np.uint16, 4: np.uint32}[width])
        edges.append(
            {
                "dtype": dtype,
                "double": [f"{int(w):016x}" for w in array.view(np.uint64)],
                "bits": [f"{int(c):0{2 * width}x}" for c in codes],
            }
        )
    return files.json_text({"algorithm": synthesis.ALGORITHM, "streams": rows, "rounding": edges})


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m assay_goldens", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, help_text in (
        ("generate", "write cases, all of them unless some are named"),
        ("check", "derive cases again and compare; exit 1 when something differs"),
    ):
        command = commands.add_parser(name, help=help_text)
        command.add_argument("cases", nargs="*", metavar="CASE")
    command = commands.add_parser("materialize", help="write a case as a Hugging Face folder, weights included")
    command.add_argument("case", metavar="CASE")
    command.add_argument("folder", metavar="DIR", type=Path)
    command = commands.add_parser("graphs", help="export cases as ONNX graphs without weights")
    command.add_argument("cases", nargs="*", metavar="CASE")
    command.add_argument("--check", action="store_true", help="export again and compare; exit 1 when something differs")
    command = commands.add_parser("seeds", help="try seeds for a case until one is accepted")
    command.add_argument("case", metavar="CASE")
    command.add_argument("first", type=int)
    command.add_argument("count", type=int)
    command = commands.add_parser("random", help="write cases of random configurations, weights included")
    command.add_argument("--count", type=int, default=10)
    command.add_argument("--seed", type=int, required=True)
    command.add_argument("--out", metavar="DIR", type=Path, required=True)
    command.add_argument("--family", action="append", default=[], help="only these; default: all in turn")
    commands.add_parser("list", help="the cases and what each exercises")
    commands.add_parser("vectors", help="write synthesis-vectors.json")
    arguments = parser.parse_args()
    match arguments.command:
        case "generate":
            return generate(arguments.cases)
        case "check":
            return check(arguments.cases)
        case "materialize":
            return materialize(arguments.case, arguments.folder)
        case "graphs":
            return export_graphs(arguments.cases, arguments.check)
        case "seeds":
            return seeds(arguments.case, arguments.first, arguments.count)
        case "random":
            from .random_cases import write

            return write(arguments.family, arguments.count, arguments.seed, arguments.out)
        case "vectors":
            VECTORS.write_bytes(vectors_text())
        case "list":
            for name, (_, case) in cases.all_cases().items():
                print(f"{name}\t{case.exercises}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
