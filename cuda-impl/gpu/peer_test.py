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

    def test_measures_in_a_process(self):
        config = CASES / "qwen3-base" / "config.json"
        result = peer.in_a_process([peer.__file__, "--measure", "prefill", str(config), "cpu"], 60)
        self.assertEqual(len(result["milliseconds"]), peer.REPEATS)
        self.assertEqual(result["torch"], torch.__version__)

    def test_a_shape_that_fails_is_a_line_and_the_next_follows(self):
        with tempfile.TemporaryDirectory() as out:
            config = pathlib.Path(out, "tiny.json")
            config.write_text('{"model_type": "none such"}')
            command = [sys.executable, peer.__file__, out, f"prefill:{config}", f"decode:{config}"]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            lines = [json.loads(line) for line in pathlib.Path(out, "peer.jsonl").read_text().splitlines()]
        self.assertEqual([line["kind"] for line in lines], ["prefill", "decode"])
        for line in lines:
            self.assertEqual(line["shape"], "tiny")
            self.assertEqual(line["failed"], "KeyError('none such')")

    def test_ends_what_takes_too_long_and_its_children(self):
        with tempfile.TemporaryDirectory() as folder:
            pid = pathlib.Path(folder, "pid")
            program = (
                "import pathlib, subprocess, time;"
                f"pathlib.Path({str(pid)!r}).write_text(str(subprocess.Popen(['sleep', '100']).pid));"
                "time.sleep(100)"
            )
            self.assertEqual(peer.in_a_process(["-c", program], 2), {"failed": "took more than 2 s"})
            state = pathlib.Path("/proc", pid.read_text(), "stat")
            # Gone, or a zombie until init looks after it.
            self.assertTrue(not state.exists() or state.read_text().split()[2] == "Z")

    def test_says_how_a_process_died(self):
        program = "import os, sys; print('assertion', file=sys.stderr, flush=True); os.abort()"
        self.assertEqual(peer.in_a_process(["-c", program], 20), {"failed": "exit -6: assertion"})


if __name__ == "__main__":
    unittest.main()
