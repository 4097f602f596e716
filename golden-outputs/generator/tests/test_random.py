import json
import tempfile
import unittest
from pathlib import Path

import assay_goldens  # noqa: F401  (sets the environment before torch is imported)
import numpy as np
import torch

from assay_goldens import cases, generate, oracle, random_cases
from assay_goldens import format as files
from assay_goldens.families.common import TextFamily


def double(family, case):
    _, published = generate.checkpoint(family, case)
    exact = family.dequantise(case, published)
    return oracle.load_double(family.oracle_config(case.config), exact, set(family.ignored_tensors(case)))


class Random(unittest.TestCase):
    def test_every_family_draws(self):
        self.assertEqual([family.name for family in random_cases.offering()], list(cases.FAMILIES))

    def test_text_models_are_drawn_alone_and_in_wrappers(self):
        for family in random_cases.offering():
            with self.subTest(family.name):
                drawn = {"text_config" in random_cases.random_case(family, 5, i).config for i in range(20)}
                self.assertEqual(drawn, {False, True} if isinstance(family, TextFamily) else {False})

    def test_a_case_depends_on_nothing_but_its_seed_and_index(self):
        for family in random_cases.offering():
            with self.subTest(family.name):
                first, again = (random_cases.random_case(family, 5, 2) for _ in range(2))
                self.assertEqual(first, again)
                self.assertNotEqual(first.config, random_cases.random_case(family, 5, 3).config)

    def test_the_folder_is_complete(self):
        with tempfile.TemporaryDirectory() as out:
            self.assertEqual(random_cases.write(["gpt2"], 1, 4, Path(out)), 0)
            (folder,) = Path(out).iterdir()
            golden = json.loads((folder / "golden.json").read_bytes())
            self.assertEqual(golden["case"], folder.name)
            self.assertEqual(set(golden["sha256"]), {"config.json", "golden.safetensors", "model.safetensors"})
            for file, digest in golden["sha256"].items():
                self.assertEqual(digest, files.sha256(folder / file))


class Oracle(unittest.TestCase):
    def test_narrow_complex_numbers_are_caught(self):
        with self.assertRaisesRegex(AssertionError, "complex64"), oracle.OnlyDouble():
            torch.view_as_complex(torch.zeros(3, 2, dtype=torch.float64)).to(torch.complex64)

    def test_greedy_tokens_that_are_not_text_are_not_fed(self):
        family, case = cases.all_cases()["gpt2-unscaled-f16"]
        model = double(family, case)
        _, greedy, _ = oracle.stepwise(model, [5, 9], 2, family.vocabulary(case))
        with self.assertRaisesRegex(oracle.NotText, f"greedy token {greedy[0]} "):
            oracle.stepwise(model, [5, 9], 2, greedy[0])

    def test_gpt2_taps_fit_together(self):
        family, case = cases.all_cases()["gpt2-unscaled-f16"]
        model = double(family, case)
        run = oracle.run(model, [5, 9, 11], taps=True)
        block = model.transformer.h[0]
        summed = run.hidden[0] + run.taps["attention.0"] + run.taps["feed_forward.0"]
        np.testing.assert_allclose(summed, run.hidden[1], atol=1e-12)
        projected = run.taps["context.0"] @ block.attn.c_proj.weight.numpy() + block.attn.c_proj.bias.numpy()
        np.testing.assert_allclose(projected, run.taps["attention.0"], atol=1e-12)


if __name__ == "__main__":
    unittest.main()
