"""Measures Hugging Face transformers on the shapes that Measurement measures, as its peer in the same session.

    python3 peer.py OUT prefill|decode config.json...

Random bfloat16 weights and activations, sdpa attention, one sequence. prefill: 2048 tokens, logits of the last. decode: 64
tokens after 480, static cache, compiled with CUDA graphs ("reduce-overhead"), each token the most probable one, which stays
on the device. Medians of seven by the device's events. Appends a line of JSON for each shape to OUT/peer.jsonl.
"""

import json
import pathlib
import statistics
import sys
import time

import torch
import transformers
from transformers import CONFIG_MAPPING, AutoModelForCausalLM, StaticCache

PROMPT, START, STEPS, REPEATS = 2048, 480, 64, 7


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


def decode(model):
    ids = torch.arange(START, device="cuda")[None] * 7919 % model.config.vocab_size
    cache = StaticCache(config=model.config, max_cache_len=START + STEPS + 8)
    model(ids, past_key_values=cache, cache_position=torch.arange(START, device="cuda"), logits_to_keep=1)
    step = torch.compile(
        lambda token, at: model(token, past_key_values=cache, cache_position=at).logits[:, -1].argmax(-1, keepdim=True),
        mode="reduce-overhead",
        fullgraph=True,
    )

    def run():
        token = ids[:, :1].clone()
        at = torch.tensor([START], device="cuda")
        for _ in range(STEPS):
            torch.compiler.cudagraph_mark_step_begin()
            token = step(token, at).clone()
            at += 1

    for _ in range(3):
        run()
    return [milliseconds(run) / STEPS for _ in range(REPEATS)]


def main():
    out, what, *paths = sys.argv[1:]
    for path in paths:
        name = pathlib.Path(path).stem
        began = time.time()
        try:
            with torch.inference_mode():
                times = (prefill if what == "prefill" else decode)(load(path))
            middle = statistics.median(times)
            rate = (PROMPT if what == "prefill" else 1) / middle * 1000
            line = {"shape": name, "what": what, "tokens_per_second": round(rate, 1), "milliseconds": times}
        except Exception as e:  # A shape that the peer cannot run is a result too.
            line = {"shape": name, "what": what, "failed": repr(e)[:300]}
        line |= {"torch": torch.__version__, "transformers": transformers.__version__, "took": round(time.time() - began)}
        with open(pathlib.Path(out, "peer.jsonl"), "a") as file:
            file.write(json.dumps(line) + "\n")
        print(json.dumps({k: v for k, v in line.items() if k != "milliseconds"}), flush=True)
        torch.cuda.empty_cache()


main()
