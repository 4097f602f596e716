"""Tests peer.py on a CPU with small models: python3 -m unittest cuda-impl/gpu/peer_test.py

What is compiled on a GPU is run as it is, unless PEER_COMPILE=1.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import torch

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import peer

CASES = pathlib.Path(__file__).parents[2] / "golden-outputs" / "cases"
COMPILE = os.environ.get("PEER_COMPILE") == "1"


def model(case):
    values = json.loads((CASES / case / "config.json").read_text())
    torch.manual_seed(1)
    # Larger than the published deviation, so that tokens follow from more than the last one.
    values |= {"max_position_embeddings": 4096, "initializer_range": 0.3}
    return peer.load(values, "cpu", torch.float32)


class PeerTest(unittest.TestCase):
    def test_decodes_the_tokens_of_generate_in_every_repetition(self):
        for case in ["qwen3-base", "llama3-base", "deepseek-v3-base"]:
            with self.subTest(case):
                result = peer.decode(model(case), compiled=COMPILE)
                self.assertEqual(result["first_tokens_as_generate"], f"{peer.STEPS + 1} of {peer.STEPS + 1}")
                self.assertEqual(len(result["milliseconds"]), peer.REPEATS)
                self.assertGreater(result["decode_tokens_per_second"], 0)

    def test_measures_prefill(self):
        result = peer.prefill(model("qwen3-base"))
        self.assertEqual(len(result["milliseconds"]), peer.REPEATS)
        self.assertGreater(result["prefill_tokens_per_second"], 0)

    def test_a_shape_that_fails_is_a_line_and_the_next_follows(self):
        # There is no GPU here, or the configuration is none: both fail.
        with tempfile.TemporaryDirectory() as out:
            config = pathlib.Path(out, "tiny.json")
            config.write_text('{"model_type": "none such"}')
            command = [sys.executable, peer.__file__, out, f"prefill:{config}", f"decode:{config}"]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            lines = [json.loads(line) for line in pathlib.Path(out, "peer.jsonl").read_text().splitlines()]
        self.assertEqual([line["kind"] for line in lines], ["prefill", "decode"])
        for line in lines:
            self.assertEqual(line["shape"], "tiny")
            self.assertRegex(line["failed"], "exit 1: KeyError.*none such")


if __name__ == "__main__":
    unittest.main()
