"""Writers for the files of a case. Every byte is determined by the content; FORMAT.md describes them."""

from __future__ import annotations

import hashlib
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np

SAFETENSORS_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "F8_E4M3": "u1", "I32": "<i4"}


def sha256(data: bytes | Path) -> str:
    return hashlib.sha256(data if isinstance(data, bytes) else data.read_bytes()).hexdigest()


def safetensors(tensors: dict[str, tuple[str, np.ndarray]]) -> bytes:
    """{name: (safetensors dtype, bits)} as a safetensors file, tensors in ASCII order of their names."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    body = []
    offset = 0
    for name in sorted(tensors):
        dtype, array = tensors[name]
        data = np.ascontiguousarray(array).astype(SAFETENSORS_TYPES[dtype], copy=False).tobytes()
        header[name] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": [offset, offset + len(data)]}
        offset += len(data)
        body.append(data)
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=True).encode("ascii")
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + b"".join(body)


def read_safetensors(data: bytes) -> dict[str, tuple[str, np.ndarray]]:
    (length,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        array = np.frombuffer(data[begin:end], dtype=SAFETENSORS_TYPES[entry["dtype"]]).reshape(entry["shape"])
        tensors[name] = (entry["dtype"], array)
    return tensors


def _is_row(value: Any) -> bool:
    """True for what goes on one line: scalars, lists of scalars, and small objects of those."""

    def scalar(x: Any) -> bool:
        return not isinstance(x, list | dict)

    if isinstance(value, list):
        return all(scalar(x) for x in value)
    if isinstance(value, dict):
        return all(scalar(x) or (isinstance(x, list) and all(map(scalar, x)) and len(x) <= 4) for x in value.values())
    return True


def _render(value: Any, depth: int) -> str:
    compact = json.dumps(value, ensure_ascii=False, allow_nan=False)
    if _is_row(value) and (not isinstance(value, dict) or (depth > 0 and len(compact) <= 240)) or not value:
        return compact
    indent = " " * (depth + 1)
    if isinstance(value, dict):
        rows = [f"{indent}{json.dumps(k, ensure_ascii=False)}: {_render(v, depth + 1)}" for k, v in value.items()]
        return "{\n" + ",\n".join(rows) + "\n" + " " * depth + "}"
    return "[\n" + ",\n".join(indent + _render(v, depth + 1) for v in value) + "\n" + " " * depth + "]"


def json_text(value: Any) -> bytes:
    """Indent 1, except that a list of scalars or a small object stands on one line."""
    return (_render(value, 0) + "\n").encode("utf-8")


def config_text(config: dict[str, Any]) -> bytes:
    """A config.json in the layout Hugging Face saves."""
    return (json.dumps(config, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode("utf-8")
