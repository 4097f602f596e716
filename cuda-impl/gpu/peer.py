"""Measures Hugging Face transformers on the shapes that Measurement measures, as its peer in the same session.

    python3 peer.py OUT config.json...

Random bfloat16 weights and activations, sdpa attention, one sequence of 2048 tokens, logits of the last. Medians of seven by
the device's events. Appends a line of JSON for each shape to OUT/peer.jsonl.
"""

import json
import pathlib
import statistics
import sys
import time

import torch
import transformers
from transformers import CONFIG_MAPPING, AutoModelForCausalLM

PROMPT, REPEATS = 2048, 7


def milliseconds(work):
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    start.record()
    work()
    end.record()
    torch.cuda.synchronize()
    return start.elapsed_time(end)


def load(path):
    values = json.loads(pathlib.Path(path).read_text())
    values.pop("quantization_config", None)
    config = CONFIG_MAPPING[values["model_type"]].from_dict(values)
    torch.set_default_dtype(torch.bfloat16)
    with torch.device("cuda"):
        return AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16, attn_implementation="sdpa").eval()


def prefill(model):
    ids = torch.arange(PROMPT, device="cuda")[None] * 7919 % model.config.vocab_size

    def run():
        model(ids, use_cache=True, logits_to_keep=1)

    run()
    return [milliseconds(run) for _ in range(REPEATS)]


def main():
    out, *paths = sys.argv[1:]
    for path in paths:
        name = pathlib.Path(path).stem
        began = time.time()
        try:
            with torch.inference_mode():
                times = prefill(load(path))
            rate = PROMPT / statistics.median(times) * 1000
            line = {"shape": name, "prefill_tokens_per_second": round(rate, 1), "milliseconds": times}
        except Exception as e:  # A shape that the peer cannot run is a result too.
            line = {"shape": name, "failed": repr(e)[:300]}
        line |= {"torch": torch.__version__, "transformers": transformers.__version__, "took": round(time.time() - began)}
        with open(pathlib.Path(out, "peer.jsonl"), "a") as file:
            file.write(json.dumps(line) + "\n")
        print(json.dumps({k: v for k, v in line.items() if k != "milliseconds"}), flush=True)
        torch.cuda.empty_cache()


main()
