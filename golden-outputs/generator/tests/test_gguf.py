"""GGUF files that `assay materialize` writes, read back with llama.cpp's own `gguf` package.

Needs that package (`pip install gguf==0.19.0`) and a JDK 25 for `./assay`. Names come from the package's tensor map and
layouts from formulas of llama.cpp's converter, so nothing here is the writer's.
"""

import json
import subprocess
import tempfile
import unittest
from pathlib import Path

import assay_goldens  # noqa: F401  (sets the environment before torch is imported)
import gguf
import numpy as np

from assay_goldens import cases, synthesis
from assay_goldens.generate import checkpoint

ROOT = Path(__file__).resolve().parents[3]
CASES = {
    "llama3-no-head-dim": "llama",
    "mistral3-wrapper": "llama",
    "qwen3-base": "qwen3",
    "qwen3-moe-base": "qwen3moe",
    "gemma3-base": "gemma3",
    "olmo2-yarn": "olmo2",
    "smollm3-base": "smollm3",
    "gpt2-base": "gpt2",
    "deepseek-r1-base": "deepseek2",
    "kimi-k2-base": "deepseek2",
}


def read(name: str, kind: str, what: str = "--case") -> gguf.GGUFReader:
    with tempfile.TemporaryDirectory() as folder:
        command = [ROOT / "assay", "materialize", what, name, "--format", "gguf", "--type", kind, "--out", folder]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return gguf.GGUFReader(Path(folder) / "model.gguf", "c")  # private copy of the map: the file may go


def published(case: str) -> dict[str, np.ndarray]:
    """The tensors of the text model in float32, FP8 multiplied out."""
    family, definition = cases.all_cases()[case]
    _, tensors = checkpoint(family, definition)
    decoded = {name: synthesis.decode(data, dtype) for name, (dtype, data) in tensors.items()}
    block = definition.config.get("quantization_config", {}).get("weight_block_size")
    result = {}
    for name, data in decoded.items():
        if name.endswith("_scale_inv"):
            continue
        scale = decoded.get(name + "_scale_inv")
        if scale is not None:
            rows, columns = data.shape
            scale = scale.repeat(block[0], 0)[:rows].repeat(block[1], 1)[:, :columns]
            data = (data * scale.astype(np.float32)).astype(np.float32)
        result[name.removeprefix("language_model.")] = np.asarray(data, dtype=np.float32)
    return result


def adjacent_pairs(matrix: np.ndarray, heads: int) -> np.ndarray:
    """`LlamaModel.permute` of llama.cpp's converter."""
    return matrix.reshape(heads, 2, matrix.shape[0] // heads // 2, *matrix.shape[1:]).swapaxes(1, 2).reshape(matrix.shape)


def converted(case: str, arch: str) -> dict[str, np.ndarray]:
    """What llama.cpp's converter makes of a checkpoint."""
    config = cases.all_cases()[case][1].config
    config = config.get("text_config", config)
    layers = config.get("num_hidden_layers", config.get("n_layer"))
    heads = config.get("num_attention_heads", config.get("n_head"))
    architecture = next(a for a, name in gguf.MODEL_ARCH_NAMES.items() if name == arch)
    names = gguf.get_tensor_name_map(architecture, layers)
    result: dict[str, np.ndarray] = {}
    experts: dict[str, dict[int, np.ndarray]] = {}

    def put(name: str, data: np.ndarray) -> None:
        name = name.replace("e_score_correction_bias", "e_score_correction.bias")
        candidates = (names.get_name(prefix + name, (".weight", ".bias")) for prefix in ("", "transformer."))
        mapped = next((candidate for candidate in candidates if candidate is not None), None)
        assert mapped is not None, name
        result[mapped] = data

    for name, data in published(case).items():
        layer = name.split(".")[2] if name.startswith("model.layers.") else None
        if layer is not None and int(layer) >= layers or name.startswith(("vision_tower.", "multi_modal_projector.")):
            continue  # not of the text model
        if name.endswith((".attn.bias", ".attn.masked_bias")):
            continue  # GPT-2's causal mask
        if ".mlp.experts." in name:
            before, _, after = name.partition(".experts.")
            index, _, projection = after.partition(".")
            experts.setdefault(f"{before}.experts.{projection}", {})[int(index)] = data
            continue
        if arch in ("llama", "smollm3") and ".q_proj." in name:
            data = adjacent_pairs(data, heads)
        if arch in ("llama", "smollm3") and ".k_proj." in name:
            data = adjacent_pairs(data, config.get("num_key_value_heads", heads))
        if arch == "gemma3" and name.endswith("norm.weight"):
            data = data + np.float32(1)
        if arch == "gpt2" and name.endswith((".c_attn.weight", ".c_proj.weight", ".c_fc.weight")):
            data = data.T
        if arch == "deepseek2":
            # Not llama.cpp's: HF's norms of latents have an eps of their own, which these factors give to engines.
            factor = np.float32(np.sqrt(config["rms_norm_eps"] / 1e-6))
            if ".q_a_proj." in name:
                data = data * factor
            if ".kv_a_proj_with_mqa." in name:
                data = np.concatenate([data[: config["kv_lora_rank"]] * factor, data[config["kv_lora_rank"] :]])
            if ".kv_b_proj." in name:
                kept, value = config["qk_nope_head_dim"], config["v_head_dim"]
                split = data.reshape(heads, kept + value, -1)
                put(name.replace("kv_b_proj", "k_b_proj"), split[:, :kept].swapaxes(1, 2))
                put(name.replace("kv_b_proj", "v_b_proj"), split[:, kept:])
                continue
        put(name, data)
    for name, each in experts.items():
        put(name, np.stack([each[e] for e in range(len(each))]))
    if arch in ("olmo2", "gpt2") and "output.weight" not in result:
        result["output.weight"] = result["token_embd.weight"]
    return result


class ReadingBack(unittest.TestCase):
    def test_every_number_is_the_converters(self):
        for case, arch in CASES.items():
            with self.subTest(case):
                found = {tensor.name: tensor for tensor in read(case, "F32").tensors}
                expected = converted(case, arch)
                self.assertEqual(sorted(found), sorted(expected))
                for name, data in expected.items():
                    self.assertEqual(list(found[name].shape), list(reversed(data.shape)), name)
                    np.testing.assert_array_equal(found[name].data, data, err_msg=name)

    def test_quantised_blocks_are_the_packages_own(self):
        """Byte for byte, of a published shape."""
        found = {tensor.name: tensor for tensor in read("gpt2-124m", "Q8_0", "--shape").tensors}
        values = synthesis.values(1, "h.0.attn.c_proj.weight", 768 * 768, 0.0, 768**-0.5)
        weights = synthesis.decode(synthesis.encode(values, "BF16"), "BF16").astype(np.float32).reshape(768, 768).T
        tensor = found["blk.0.attn_output.weight"]
        self.assertEqual(tensor.tensor_type, gguf.GGMLQuantizationType.Q8_0)
        np.testing.assert_array_equal(tensor.data, gguf.quants.quantize(weights, gguf.GGMLQuantizationType.Q8_0))

    def test_a_case_of_q8_values_is_the_same_in_q8(self):
        """So that its golden holds for both files."""
        for case, arch in (("llama3-q8", "llama"), ("qwen3-q8", "qwen3")):
            expected = converted(case, arch)
            kinds = []
            for tensor in read(case, "Q8_0").tensors:
                kinds.append(tensor.tensor_type)
                stored = gguf.quants.quantize(expected[tensor.name], tensor.tensor_type)
                np.testing.assert_array_equal(tensor.data, stored, err_msg=tensor.name)
                values = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
                np.testing.assert_array_equal(values, expected[tensor.name], err_msg=tensor.name)
            self.assertEqual(set(kinds), {gguf.GGMLQuantizationType.F32, gguf.GGMLQuantizationType.Q8_0})
            self.assertGreater(kinds.count(gguf.GGMLQuantizationType.Q8_0), 14)

    def test_rows_that_are_no_whole_blocks_are_f16(self):
        expected = converted("qwen3-moe-base", "qwen3moe")
        kinds = set()
        for tensor in read("qwen3-moe-base", "Q8_0").tensors:
            kinds.add(tensor.tensor_type)
            quantised = gguf.quants.quantize(expected[tensor.name], tensor.tensor_type)
            np.testing.assert_array_equal(tensor.data, quantised, err_msg=tensor.name)
        self.assertEqual(kinds, {gguf.GGMLQuantizationType.F32, gguf.GGMLQuantizationType.F16})

    def test_keys_are_the_packages_own(self):
        known = {
            value.replace("{arch}", "llama")
            for group in vars(gguf.Keys).values()
            if isinstance(group, type)
            for value in vars(group).values()
            if isinstance(value, str)
        }
        fields = read("llama3-no-head-dim", "BF16").fields
        keys = {key for key in fields if not key.startswith("GGUF.")}
        self.assertGreater(len(keys), 20)
        self.assertEqual(keys - known, set())
        tokens = fields["tokenizer.ggml.tokens"].contents()
        self.assertEqual(len(tokens), len(set(tokens)))
        config = json.loads((ROOT / "golden-outputs/cases/llama3-no-head-dim/config.json").read_text())
        self.assertEqual(len(tokens), config["vocab_size"])


if __name__ == "__main__":
    unittest.main()
