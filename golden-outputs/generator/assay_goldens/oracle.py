"""Hugging Face transformers as the oracle, in true float64.

Inside a double model its code still casts to float32: in RMS norms, softmax, rotary tables and routers. `lifted`
redirects those casts to double while a model is built and run, and `OnlyDouble` makes the run fail if any operator
still produces a narrower float, so that nothing is taken on trust.
"""

from __future__ import annotations

import contextlib
import copy
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

from . import format as files

torch.set_num_threads(1)
torch.set_grad_enabled(False)
torch.backends.mkldnn.enabled = False

FLOAT32 = torch.float32
FLOAT64 = torch.float64
NARROW = {torch.float32, torch.float16, torch.bfloat16, torch.complex64}


@contextlib.contextmanager
def lifted():
    """Every request for float32 is answered with float64."""
    saved = (torch.float32, torch.float, torch.Tensor.float, torch.get_default_dtype())
    torch.float32 = torch.float = FLOAT64
    torch.Tensor.float = torch.Tensor.double
    torch.set_default_dtype(FLOAT64)
    try:
        yield
    finally:
        torch.float32, torch.float, torch.Tensor.float = saved[:3]
        torch.set_default_dtype(saved[3])


class OnlyDouble(TorchDispatchMode):
    """Raises when an operator returns a float narrower than double."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(result):
            if isinstance(leaf, torch.Tensor) and leaf.dtype in NARROW:
                raise AssertionError(f"{func} returned {leaf.dtype} inside the float64 oracle")
        return result


def hf_config(config: dict[str, Any]):
    config = copy.deepcopy(config)
    made = CONFIG_MAPPING[config["model_type"]].from_dict(config)
    made._attn_implementation = "eager"
    made._experts_implementation = "eager"
    return made


def model_class(config: dict[str, Any]):
    return getattr(transformers, config["architectures"][0])


def load(config: dict[str, Any], weights: dict[str, np.ndarray], dtype: torch.dtype, ignored: set[str]):
    """`from_pretrained` on a folder with these exact float64 weights: HF's own names, fusing and tying."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "config.json").write_bytes(files.config_text(config))
        stored = {name: ("F64", array) for name, array in weights.items()}
        Path(folder, "model.safetensors").write_bytes(files.safetensors(stored))
        model, info = model_class(config).from_pretrained(
            folder,
            dtype=dtype,
            attn_implementation="eager",
            experts_implementation="eager",
            output_loading_info=True,
        )
    for kind in ("missing_keys", "unexpected_keys", "mismatched_keys", "error_msgs"):
        left = [key for key in info.get(kind) or [] if kind != "unexpected_keys" or not _is_ignored(key, ignored)]
        if left:
            raise AssertionError(f"Hugging Face reports {kind}: {left}")
    return model.eval()


def _is_ignored(key: str, ignored: set[str]) -> bool:
    """True for an ignored tensor, and for what Hugging Face fuses out of ignored ones."""
    return key in ignored or any(name.startswith(key.rpartition(".")[0] + ".") for name in ignored)


def load_double(config: dict[str, Any], weights: dict[str, np.ndarray], ignored: set[str]):
    with lifted():
        model = load(config, weights, FLOAT64, ignored)
    assert_double(model)
    return model


def build_double(config: dict[str, Any], state: dict[str, torch.Tensor]):
    """A lifted model of another config over given weights; tensors it has no place for are dropped."""
    with lifted():
        model = model_class(config)(hf_config(config))
        own = model.state_dict()
        missing = [name for name in own if name not in state]
        if missing:
            raise ValueError(f"no weights for {missing}")
        model.load_state_dict({name: state[name] for name in own})
    model.eval()
    assert_double(model)
    return model


def assert_double(model) -> None:
    for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
        if tensor.is_floating_point() and tensor.dtype != FLOAT64:
            raise AssertionError(f"{name} is {tensor.dtype} in the float64 oracle")
        if name.endswith("inv_freq") and tensor.numel() > 2:
            # One of these may be a power of two, but not all: a table computed in float32 would pass unchanged.
            if torch.equal(tensor, tensor.to(FLOAT32).to(FLOAT64)):
                raise AssertionError(f"{name} holds float32 values: the rotary table was not computed in double")


@dataclass
class Run:
    logits: np.ndarray
    """[T][V] float64."""
    hidden: list[np.ndarray]
    """hidden[i] [T][D] is the input of layer i, hidden[L] the final norm's output."""
    taps: dict[str, np.ndarray] = field(default_factory=dict)
    """"context.0" -> [T][...]; "experts.<i>" int64, in the order they were passed."""


TAP_MODULES = [
    ("attention_input", "self_attn", "input"),
    ("context", "self_attn.o_proj", "input"),
    ("attention", "self_attn", "output"),
    ("feed_forward_input", "mlp", "input"),
    ("feed_forward", "mlp", "output"),
    ("router_logits", "mlp.gate", "output"),
    ("experts", "mlp.experts", "second"),
    # Llama 4 has its own names, and a router that returns scores and logits but no ids.
    ("feed_forward_input", "feed_forward", "input"),
    ("feed_forward", "feed_forward", "output"),
    ("router_logits", "feed_forward.router", "second output"),
    ("experts", "feed_forward.router", "chosen"),
    # GPT-2's attention; its MLP has the usual name.
    ("attention_input", "attn", "input"),
    ("context", "attn.c_proj", "input"),
    ("attention", "attn", "output"),
]


def decoder(model):
    """The layers, and the norm behind the last."""
    if hasattr(model, "transformer"):
        return model.transformer.h, model.transformer.ln_f
    return model.model.layers, model.model.norm


def _rows(tensor: torch.Tensor) -> np.ndarray:
    array = tensor.detach()
    array = array.double() if array.is_floating_point() else array
    return array.reshape(-1, array.shape[-1]).numpy().copy()


@contextlib.contextmanager
def _tapped(model, taps: dict[str, np.ndarray]):
    handles = []

    def record(name: str, value: Any) -> None:
        value = value[0] if isinstance(value, tuple) else value
        taps[name] = _rows(value)

    for index, layer in enumerate(decoder(model)[0]):
        for tap, path, side in TAP_MODULES:
            try:
                module = layer.get_submodule(path)
            except AttributeError:
                continue
            name = f"{tap}.{index}"

            def before(_, args, kwargs, name=name, side=side):
                if side == "second":
                    record(name, args[1])
                else:
                    record(name, args[0] if args else kwargs["hidden_states"])

            def after(module, args, output, name=name, side=side):
                if side == "second output":
                    output = output[1]
                elif side == "chosen":
                    output = torch.topk(output[1], module.top_k, dim=-1).indices
                record(name, output)

            if side in ("output", "second output", "chosen"):
                handles.append(module.register_forward_hook(after))
            else:
                handles.append(module.register_forward_pre_hook(before, with_kwargs=True))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


@contextlib.contextmanager
def precision(model):
    if model.dtype == FLOAT64:
        with lifted(), OnlyDouble():
            yield
    else:
        yield


def run(model, tokens: list[int], taps: bool = False) -> Run:
    """One shot over a prompt."""
    recorded: dict[str, np.ndarray] = {}
    watch = _tapped(model, recorded) if taps else contextlib.nullcontext()
    normed: list[np.ndarray] = []
    handle = decoder(model)[1].register_forward_hook(lambda _, args, output: normed.append(_rows(output)))
    try:
        with precision(model), watch:
            out = model(torch.tensor([tokens]), output_hidden_states=True, use_cache=True)
    finally:
        handle.remove()
    logits = out.logits[0].double().numpy().copy()
    states = out.hidden_states
    if states[0].dim() == 4:  # Gemma 3n: [streams][1][T][D]; the layers work on one of them
        states = [streams[model.config.altup_active_idx] for streams in states]
    hidden = [*(_rows(h) for h in states[:-1]), *normed]
    if len(hidden) != len(decoder(model)[0]) + 1:
        raise AssertionError(f"{len(hidden)} hidden states")
    return Run(logits, hidden, recorded)


def logits(model, tokens: list[int]) -> np.ndarray:
    with precision(model):
        return model(torch.tensor([tokens]), use_cache=True).logits[0].double().numpy().copy()


class NotText(Exception):
    """A greedy token that the text model cannot be fed."""


def stepwise(model, tokens: list[int], extra: int, vocabulary: int) -> tuple[np.ndarray, list[int], list[float]]:
    """Token by token through the cache, then `extra` greedy tokens: logits of the prompt, tokens, top1 - top2.

    Ids from `vocabulary` on have logits, but stand for images and sound.
    """
    rows, greedy, gaps = [], [], []
    cache = None
    with precision(model):
        position = 0
        pending = list(tokens)
        while True:
            out = model(torch.tensor([[pending[position]]]), past_key_values=cache, use_cache=True)
            cache = out.past_key_values
            row = out.logits[0, -1].double().numpy().copy()
            if position < len(tokens):
                rows.append(row)
            position += 1
            if position >= len(tokens):
                if len(greedy) == extra:
                    break
                order = np.argsort(-row, kind="stable")
                greedy.append(int(order[0]))
                gaps.append(float(row[order[0]] - row[order[1]]))
                if len(greedy) == extra:
                    break
                if greedy[-1] >= vocabulary:
                    raise NotText(f"greedy token {greedy[-1]} is not below {vocabulary}")
                pending.append(greedy[-1])
    return np.stack(rows), greedy, gaps
