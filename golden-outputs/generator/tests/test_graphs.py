import json
import unittest

import assay_goldens  # noqa: F401  (sets the environment before torch is imported)
import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator

from assay_goldens import __main__ as commands
from assay_goldens import cases, generate, graphs
from assay_goldens import format as files


def weights(name):
    family, case = cases.all_cases()[name]
    _, published = generate.checkpoint(family, case)
    return family, case, family.dequantise(case, published)


class Graphs(unittest.TestCase):
    def test_a_graph_computes_the_golden(self):
        """By ONNX's own evaluator, on every length of prompt, though it was traced on another."""
        name = "gpt2-prefix"
        family, case, exact = weights(name)
        model = onnx.load_model_from_string(graphs.graph(family, case))
        for tensor in model.graph.initializer:
            if tensor.data_location == onnx.TensorProto.EXTERNAL:
                values = onnx.numpy_helper.from_array(exact[f"transformer.{tensor.name}"].astype(np.float32), tensor.name)
                self.assertEqual(values.dims, tensor.dims)
                tensor.CopyFrom(values)
        evaluator = ReferenceEvaluator(model)
        golden = json.loads((commands.ROOT / name / "golden.json").read_text())
        stored = files.read_safetensors((commands.ROOT / name / "golden.safetensors").read_bytes())
        for prompt in golden["prompts"]:
            (got,) = evaluator.run(["logits"], {"input_ids": np.array([prompt["tokens"]], dtype=np.int64)})
            error = np.abs(got[0] - stored[f"{prompt['id']}/logits"][1])
            self.assertLess(error.max(), 8 * prompt["f32_error"]["max"])

    def test_experts_are_whole_tensors_of_the_checkpoint(self):
        family, case, exact = weights("qwen3-moe-base")
        parts = graphs.parts(family.oracle_config(case.config), exact, set())
        stack = parts["model.layers.0.mlp.experts.gate_up_proj"]
        experts = "model.layers.0.mlp.experts"
        self.assertEqual(stack[:2], [f"{experts}.0.gate_proj.weight", f"{experts}.0.up_proj.weight"])
        self.assertEqual(len(stack), 2 * case.config["num_experts"])

    def test_a_tensor_that_is_not_whole_is_refused(self):
        numbers = np.arange(1.0, 7.0)
        with self.assertRaisesRegex(graphs.NotAWhole, "weight: element 2 does not begin"):
            graphs.whole("weight", numbers[[0, 1, 3, 2]], {"a": numbers[:2], "b": numbers[2:4]})


class Stored(unittest.TestCase):
    def test_the_index_names_the_graphs_and_their_bytes(self):
        index = json.loads((graphs.FOLDER / "index.json").read_bytes())
        listed = {entry["file"]: entry["sha256"] for entry in index["graphs"]}
        self.assertEqual(listed, {path.name: files.sha256(path) for path in graphs.FOLDER.glob("*.onnx")})

    def test_a_graph_holds_no_weights(self):
        for path in sorted(graphs.FOLDER.glob("*.onnx")):
            with self.subTest(path.stem):
                model = onnx.load(path, load_external_data=False)
                inside = sum(len(tensor.raw_data) for tensor in model.graph.initializer)
                outside = {t.name for t in model.graph.initializer if t.data_location == onnx.TensorProto.EXTERNAL}
                self.assertLess(inside, 8192)
                self.assertGreater(len(outside), 20)


if __name__ == "__main__":
    unittest.main()
