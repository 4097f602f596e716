"""Measures Hugging Face transformers on the shapes that Measurement measures, as its peer in the same session.

    python3 peer.py OUT (prefill|decode):config.json...

Random bfloat16 weights and activations, sdpa attention, one sequence. Prefill is 2048 tokens, logits of the last. Decode is
the greedy loop at positions 480 to 543 with a static cache, a step compiled with mode="reduce-overhead" (one CUDA graph),
its tokens beside those of generate(). Medians of seven by the device's events.

Every config and kind runs in a process of its own, since an assertion on the device ends all that a process can do there,
and has so many seconds: 60 for prefill, 150 for decode, 60 for that of a model with experts. Appends a line of JSON for
each to OUT/peer.jsonl; what failed says so in it.
"""

import contextlib
import json
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile
import time

PROMPT, START, STEPS, REPEATS = 2048, 480, 64, 7


def milliseconds(device, work):
    """How long work takes, by the device's clock if it has one."""
    import torch

    if device.type != "cuda":
        began = time.perf_counter()
        work()
        return (time.perf_counter() - began) * 1000
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    start.record()
    work()
    end.record()
    torch.cuda.synchronize()
    return start.elapsed_time(end)


def load(values, device, dtype):
    import torch
    from transformers import CONFIG_MAPPING, AutoModelForCausalLM

    values = {key: value for key, value in values.items() if key != "quantization_config"}
    config = CONFIG_MAPPING[values["model_type"]].from_dict(values)
    with torch.device(device):
        return AutoModelForCausalLM.from_config(config, dtype=dtype, attn_implementation="sdpa").eval()


def prompt(model, length):
    import torch

    return torch.arange(length, device=model.device)[None] * 7919 % model.config.vocab_size


def prefill(model):
    """Milliseconds of a prompt, one for each repetition."""
    import torch

    ids = prompt(model, PROMPT)
    with torch.inference_mode():
        times = [milliseconds(model.device, lambda: model(ids, use_cache=True, logits_to_keep=1)) for _ in range(REPEATS + 1)]
    return {"milliseconds": times[1:], "prefill_tokens_per_second": round(PROMPT / statistics.median(times[1:]) * 1000, 1)}


def decode(model, compiled=True):
    """Milliseconds of a step, one for each repetition, and the tokens of the last beside those of generate()."""
    import torch
    from transformers import StaticCache

    ids = prompt(model, START)
    cache = StaticCache(config=model.config, max_cache_len=START + STEPS)

    def step(token, position):
        logits = model(token, position_ids=position, past_key_values=cache, use_cache=True).logits
        return logits[:, -1:].argmax(-1)

    if compiled:
        step = torch.compile(step, mode="reduce-overhead")

    def begin():
        # The cache counts what was appended and never looks at positions: without this a second run would write beyond
        # its end. Its addresses, which the graph has, stay. The prompt is not compiled: it makes the cache's tensors.
        cache.reset()
        logits = model(ids, past_key_values=cache, use_cache=True, logits_to_keep=1).logits
        return logits[:, -1:].argmax(-1), torch.full_like(ids[:, :1], START)

    def loop(token, position, tokens):
        for _ in range(STEPS):
            # A step's result lies in the graph's memory, which the next step overwrites.
            token = step(token, position).clone()
            tokens.append(token)
            position += 1

    with torch.no_grad():
        times = []
        for _ in range(REPEATS + 1):
            token, position = begin()
            tokens = [token]
            times.append(milliseconds(model.device, lambda: loop(token, position, tokens)) / STEPS)
        tokens = torch.cat(tokens, 1)[0].tolist()
        model.generation_config.eos_token_id = None  # a text does not end
        generated = model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=len(tokens), do_sample=False)
    generated = generated[0, START:].tolist()
    same = next((i for i, (a, b) in enumerate(zip(tokens, generated)) if a != b), len(tokens))
    return {
        "milliseconds": times[1:],
        "decode_tokens_per_second": round(1000 / statistics.median(times[1:]), 1),
        # Both are bfloat16 and add up in different order: after the first other token all others may differ.
        "first_tokens_as_generate": f"{same} of {len(tokens)}",
    }


def measure(kind, path, device):
    """Prints the result, or what went wrong, as the last line."""
    import torch
    import transformers

    try:
        model = load(json.loads(pathlib.Path(path).read_text()), device, torch.bfloat16)
        result = {"prefill": prefill, "decode": decode}[kind](model)
    except Exception as e:  # What the peer cannot run is a result too.
        result = {"failed": repr(e)[:300]}
    print(json.dumps(result | {"torch": torch.__version__, "transformers": transformers.__version__}), flush=True)


def limit(kind, path):
    """Seconds that a measurement may take, compilation included."""
    experts = any("experts" in key for key in json.loads(pathlib.Path(path).read_text()))
    return 150 if kind == "decode" and not experts else 60


def in_a_process(arguments, seconds):
    """The JSON that a Python with these arguments prints as its last line, or why there is none."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = subprocess.Popen([sys.executable, *arguments], stdout=out, stderr=err, start_new_session=True)
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            return {"failed": f"took more than {seconds} s"}
        finally:
            # It and the compilers that it started.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        out.seek(0)
        err.seek(0)
        lines = out.readlines()
        if lines and lines[-1].startswith("{"):
            return json.loads(lines[-1])
        return {"failed": f"exit {code}: " + "".join(err.readlines()[-1:]).strip()[:300]}


def main():
    if sys.argv[1] == "--measure":
        measure(*sys.argv[2:])
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # and so what is being measured
    out, *wanted = sys.argv[1:]
    for word in wanted:
        kind, _, path = word.partition(":")
        began = time.time()
        result = in_a_process([__file__, "--measure", kind, path, "cuda"], limit(kind, path))
        line = {"shape": pathlib.Path(path).stem, "kind": kind} | result | {"took_s": round(time.time() - began)}
        with open(pathlib.Path(out, "peer.jsonl"), "a") as file:
            file.write(json.dumps(line) + "\n")
        print(json.dumps({key: value for key, value in line.items() if key != "milliseconds"}), flush=True)


if __name__ == "__main__":
    main()
