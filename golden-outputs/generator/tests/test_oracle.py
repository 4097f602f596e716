import contextlib
import dataclasses
import io
import json
import tempfile
import unittest
from pathlib import Path

import assay_goldens  # noqa: F401  (sets the environment before torch is imported)
import numpy as np
import torch

from assay_goldens import __main__ as commands
from assay_goldens import cases, certificate, generate, oracle
from assay_goldens import format as files
from assay_goldens.families import deepseek_v3


def double(name):
    family, case = cases.all_cases()[name]
    _, published = generate.checkpoint(family, case)
    exact = family.dequantise(case, published)
    ignored = set(family.ignored_tensors(case))
    return family, case, exact, oracle.load_double(family.oracle_config(case.config), exact, ignored)


class Lifting(unittest.TestCase):
    def test_nothing_stays_patched(self):
        before = torch.float32
        with oracle.lifted():
            self.assertIs(torch.float32, torch.float64)
            self.assertEqual(torch.ones(2, dtype=torch.float16).float().dtype, torch.float64)
        self.assertIs(torch.float32, before)
        self.assertEqual(torch.ones(2).float().dtype, before)

    def test_a_double_model_that_is_not_lifted_is_caught(self):
        family, case, exact, _ = double("qwen3-f32")
        model = oracle.load(case.config, exact, torch.float64, set())
        with self.assertRaisesRegex(AssertionError, "inv_freq|float64 oracle"):
            oracle.assert_double(model)
        with self.assertRaisesRegex(AssertionError, "inside the float64 oracle"), oracle.OnlyDouble():
            model(torch.tensor([[1, 2]]))

    def test_taps_fit_together(self):
        _, case, _, model = double("deepseek-v3-negative-bias")
        run = oracle.run(model, [5, 9, 11], taps=True)
        for i in range(2):
            summed = run.hidden[i] + run.taps[f"attention.{i}"] + run.taps[f"feed_forward.{i}"]
            if i + 1 < 2:
                np.testing.assert_allclose(summed, run.hidden[i + 1], atol=1e-12)
        head = model.lm_head.weight.numpy()
        np.testing.assert_allclose(run.hidden[2] @ head.T, run.logits, atol=1e-12)
        self.assertEqual(run.taps["experts.1"].shape, (3, case.config["num_experts_per_tok"]))
        self.assertNotIn("experts.0", run.taps)

    def test_the_materialised_folder_loads_as_any_other(self):
        """The public loader on the bf16 file, in float32, lands within float32 error of the golden."""
        import transformers

        for name in ("qwen3-f16", "deepseek-v3-negative-bias"):
            with self.subTest(name), tempfile.TemporaryDirectory() as folder:
                with contextlib.redirect_stdout(io.StringIO()):
                    commands.materialize(name, Path(folder))
                architecture = json.loads(Path(folder, "config.json").read_text())["architectures"][0]
                model = getattr(transformers, architecture).from_pretrained(folder, dtype=torch.float32)
                golden = json.loads((commands.ROOT / name / "golden.json").read_text())
                self.assertEqual(
                    files.sha256(Path(folder, "model.safetensors")), golden["sha256"]["model.safetensors"]
                )
                stored = files.read_safetensors((commands.ROOT / name / "golden.safetensors").read_bytes())
                for prompt in golden["prompts"]:
                    got = model(torch.tensor([prompt["tokens"]])).logits[0].double().numpy()
                    error = np.abs(got - stored[f"{prompt['id']}/logits"][1])
                    self.assertLess(error.max(), 8 * prompt["f32_error"]["max"])


class Certificate(unittest.TestCase):
    def test_the_rewritten_router_without_a_mistake_is_the_right_one(self):
        _, case, _, model = double("deepseek-v3-base")
        prompt = [3, 1, 4, 1, 5]
        right = oracle.logits(model, prompt)
        with deepseek_v3._router(case.config)(model):
            np.testing.assert_allclose(oracle.logits(model, prompt), right, atol=1e-13)

    def test_scatter_finds_every_element(self):
        for name in ("deepseek-v3-negative-bias", "qwen3-f16"):
            with self.subTest(name):
                family, case, exact, model = double(name)
                scatter = certificate.Scatter(family.oracle_config(case.config), exact, set())
                before = {key: value.clone() for key, value in model.state_dict().items()}
                for tensor in model.state_dict().values():
                    tensor.zero_()
                for key, values in exact.items():
                    self.assertTrue(scatter.apply(model, key, values), key)
                for key, value in model.state_dict().items():
                    self.assertTrue(torch.equal(value, before[key]), key)

    def test_an_inert_feature_is_refused(self):
        family, case = cases.all_cases()["llama3-no-head-dim"]
        dull = dataclasses.replace(case, config={**case.config, "rms_norm_eps": 1e-12})
        with self.assertRaisesRegex(certificate.Insensitive, "rms_norm_eps"):
            generate.make(family, dull)

    def test_an_unknown_config_field_is_refused(self):
        family, case = cases.all_cases()["llama3-no-head-dim"]
        with self.assertRaisesRegex(certificate.Insensitive, "does not know the config field surprise"):
            generate.make(family, dataclasses.replace(case, config={**case.config, "surprise": 1}))


class Stored(unittest.TestCase):
    def test_goldens_name_their_files(self):
        for name in cases.all_cases():
            with self.subTest(name):
                folder = commands.ROOT / name
                golden = json.loads((folder / "golden.json").read_bytes())
                for file in ("config.json", "golden.safetensors"):
                    self.assertEqual(files.sha256(folder / file), golden["sha256"][file])
                self.assertLessEqual(golden["oracle"]["stepwise_vs_one_shot"], 1e-12)

    def test_a_changed_tensor_is_a_difference(self):
        data = (commands.ROOT / "qwen3-f32" / "golden.safetensors").read_bytes()
        tensors = files.read_safetensors(data)
        self.assertEqual(commands.compare_tensors(data, data), [])
        dtype, logits = tensors["len1/logits"]
        moved = logits.copy()
        moved[0, 0] += 1e-10
        tensors["len1/logits"] = (dtype, moved)
        self.assertRegex(commands.compare_tensors(data, files.safetensors(tensors))[0], "len1/logits: differs")
        moved[0, 0] = np.nan
        self.assertRegex(commands.compare_tensors(data, files.safetensors(tensors))[0], "len1/logits: differs")


if __name__ == "__main__":
    unittest.main()
