"""Golden models as ONNX graphs without their weights, for engines that run graphs.

A graph takes `input_ids` [1][T], a whole sequence of any length, and gives `logits` [1][T][V]. It has no KV cache. Its
weights are initialisers that name a tensor of the published checkpoint and hold none of its values: an engine
supplies them, in float32, in the published shape. What follows from the configuration alone, such as rotary
frequencies, is in the graph.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx_ir as ir
import onnxscript
import torch
import transformers
from onnx_ir.passes import common as passes

from . import format as files
from . import oracle
from .cases import Case, Family
from .generate import checkpoint

FOLDER = (
    Path(__file__).resolve().parents[3]
    / "adapters/onnxruntime/src/main/resources/dev/assay/adapter/onnxruntime/graphs"
)

OPSET = 20
TRACED_LENGTH = 11
"""Tokens of the traced run. The graph is for every length; 0 and 1 would be taken for constants."""

EXTERNAL = "checkpoint"
"""Where initialisers say that their values are. No such file exists: engines supply values by name."""


class NotAWhole(Exception):
    """A tensor of the model is not made of whole tensors of the checkpoint."""


class Logits(torch.nn.Module):
    """All that the graph is to compute."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids):
        return self.model(input_ids=input_ids, use_cache=False).logits


def parts(config: dict[str, Any], weights: dict[str, np.ndarray], ignored: set[str]) -> dict[str, list[str]]:
    """Which published tensors each tensor of the model holds, one after the other: a stack of experts holds many.

    Found by loading a checkpoint whose elements are numbered.
    """
    numbered, first = {}, 1
    for name, array in weights.items():
        numbered[name] = np.arange(first, first + array.size, dtype=np.float64).reshape(array.shape)
        first += array.size
    state = oracle.load_double(config, numbered, ignored).state_dict()
    return {target: whole(target, tensor.numpy(), numbered) for target, tensor in state.items()}


def whole(target: str, numbers: np.ndarray, numbered: dict[str, np.ndarray]) -> list[str]:
    """The numbered tensors that another consists of, in row-major order."""
    starting = {int(array.flat[0]): name for name, array in numbered.items()}
    numbers = numbers.reshape(-1)
    names, done = [], 0
    while done < numbers.size:
        name = starting.get(int(numbers[done]))
        size = numbered[name].size if name else 1
        if name is None or not np.array_equal(numbers[done : done + size], numbered[name].reshape(-1)):
            raise NotAWhole(f"{target}: element {done} does not begin a whole tensor of the checkpoint")
        names.append(name)
        done += size
    return names


def graph(family: Family, case: Case) -> bytes:
    """The graph of a case, as the bytes of an ONNX file."""
    specs, published = checkpoint(family, case)
    exact = family.dequantise(case, published)
    if any(spec.values_of for spec in specs):
        del exact["lm_head.weight"]  # the head of a tied model, stored all the same: Assay's checkpoints leave it out
    ignored = set(family.ignored_tensors(case))
    config = family.oracle_config(case.config)
    model = oracle.load(config, exact, torch.float32, ignored)
    # The eager one loops over the experts that were chosen, which a graph cannot.
    model.config._experts_implementation = "batched_mm"
    with family.exportable(model):
        exported = torch.onnx.export(
            Logits(model).eval(),
            kwargs={"input_ids": torch.arange(TRACED_LENGTH)[None, :]},
            dynamic_shapes={"input_ids": {1: torch.export.Dim("T", min=1, max=4096)}},
            input_names=["input_ids"],
            output_names=["logits"],
            opset_version=OPSET,
            dynamo=True,
            optimize=False,
            verbose=False,
        )
    made = exported.model
    supplied = publish(made.graph, parts(config, exact, ignored), {name: a.shape for name, a in exact.items()})
    for value in supplied:
        value.name = value.name.removeprefix("transformer.")  # as Assay calls those of GPT-2, however they are stored
    # While they are inputs, nothing is folded into them.
    made.graph.inputs.extend(supplied)
    onnxscript.optimizer.optimize(made)
    for value in supplied:
        made.graph.inputs.remove(value)
        value.const_value = ir.ExternalTensor(
            EXTERNAL, None, None, ir.DataType.FLOAT, name=value.name, shape=value.shape
        )
        made.graph.register_initializer(value)
    return ir.serde.serialize_model(slim(made)).SerializeToString(deterministic=True)


def publish(
    graph: ir.Graph, parts: dict[str, list[str]], shapes: dict[str, tuple[int, ...]]
) -> list[ir.Value]:
    """Puts values named and shaped as in the checkpoint in the place of the model's parameters.

    Returns them, without a producer.
    """
    supplied: dict[str, ir.Value] = {}
    head: list[ir.Node] = []
    for name, value in list(graph.initializers.items()):
        own = name.removeprefix("model.")
        if own not in parts:
            continue
        del graph.initializers[name]
        for part in parts[own]:
            if part not in supplied:
                supplied[part] = ir.Value(
                    name=part, shape=ir.Shape(shapes[part]), type=ir.TensorType(ir.DataType.FLOAT)
                )
        whole = [supplied[part] for part in parts[own]]
        replacement = whole[0]
        if len(whole) > 1:
            joined = ir.node("Concat", whole, {"axis": 0})
            shape = ir.node("Constant", [], {"value": ir.tensor(list(value.shape), ir.DataType.INT64)})
            stacked = ir.node("Reshape", [joined.outputs[0], shape.outputs[0]])
            head += [joined, shape, stacked]
            replacement = stacked.outputs[0]
        value.replace_all_uses_with(replacement)
    if head:
        graph.insert_before(graph[0], head)
    return list(supplied.values())


def slim(model: ir.Model) -> ir.Model:
    """Without stack traces and inferred shapes, which are most of an exported file."""
    passes.ClearMetadataAndDocStringPass()(model)
    passes.NameFixPass()(model)
    kept = {*model.graph.inputs, *model.graph.outputs, *model.graph.initializers.values()}
    for value in kept:
        value.metadata_props.clear()
    for node in model.graph.all_nodes():
        node.name = None
        for output in node.outputs:
            if output not in kept:
                output.shape = output.type = None
    return model


def exporter() -> str:
    versions = {
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "onnxscript": onnxscript.__version__,
        "onnx-ir": ir.__version__,
    }
    return ", ".join(f"{name} {version}" for name, version in versions.items())


def index_text(entries: list[dict[str, Any]]) -> bytes:
    return files.json_text(
        {"format": "assay-graphs/1", "exporter": exporter(), "opset": OPSET, "graphs": sorted(entries, key=lambda e: e["case"])}
    )


def entry(case: Case, data: bytes) -> dict[str, Any]:
    return {"case": case.id, "file": f"{case.id}.onnx", "sha256": files.sha256(data), "config": case.config}


def write(selected: dict[str, tuple[Family, Case]]) -> None:
    """Exports cases. Graphs of other cases stay, if they come from the same versions."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    index = FOLDER / "index.json"
    stored = json.loads(index.read_bytes()) if index.exists() else {"exporter": exporter(), "graphs": []}
    kept = [e for e in stored["graphs"] if e["case"] not in selected]
    if kept and stored["exporter"] != exporter():
        raise SystemExit(f"{index}: made by {stored['exporter']}, this is {exporter()}: export all cases")
    for name, (family, case) in selected.items():
        data = graph(family, case)
        (FOLDER / f"{name}.onnx").write_bytes(data)
        kept.append(entry(case, data))
        index.write_bytes(index_text(kept))
        print(f"{name}: {len(data) / 1024:.0f} KiB", flush=True)


def check(selected: dict[str, tuple[Family, Case]]) -> list[str]:
    """What is not as the exporter makes it."""
    stored = {e["case"]: e for e in json.loads((FOLDER / "index.json").read_bytes())["graphs"]}
    wrong = []
    for name, (family, case) in selected.items():
        if stored.get(name) != entry(case, graph(family, case)):
            wrong.append(f"{name}: the graph or its line in index.json differs")
    return wrong
