"""Synthetic weights, algorithm "assay-synthetic/1": a pure function of seed, tensor name and element index.

FORMAT.md defines it. The Java harness has its own implementation, which must agree bit for bit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

ALGORITHM = "assay-synthetic/1"

MASK = 0xFFFF_FFFF_FFFF_FFFF
GOLDEN_GAMMA = 0x9E37_79B9_7F4A_7C15
SUM_MEAN = 131_070
"""Mean of the sum of four 16-bit uniforms."""
SUM_STD = math.sqrt(1_431_655_765.0)
"""Standard deviation of that sum: sqrt(4 * (65536^2 - 1) / 12)."""

Q8_BLOCK = 32
"""Values of a block of Q8_0."""

STORAGE = {"F32": np.float32, "F16": np.float16, "BF16": np.uint16, "F8_E4M3": np.uint8}
"""NumPy type that holds the bits of each safetensors type."""


@dataclass(frozen=True)
class TensorSpec:
    name: str
    dtype: str
    shape: tuple[int, ...]
    mean: float
    std: float
    values_of: str | None = None
    """The name that is hashed in place of this tensor's own, for a checkpoint that stores one matrix twice."""
    rounded_to: str | None = None
    """Q8_0: the values, of type F32, are those that blocks of this format hold exactly."""


def fnv1a64(name: str) -> int:
    h = 0xCBF2_9CE4_8422_2325
    for byte in name.encode("utf-8"):
        h = ((h ^ byte) * 0x100_0000_01B3) & MASK
    return h


def mix(z: int) -> int:
    z = ((z ^ (z >> 30)) * 0xBF58_476D_1CE4_E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D0_49BB_1331_11EB) & MASK
    return z ^ (z >> 31)


def key(seed: int, name: str) -> int:
    return mix((seed & MASK) ^ fnv1a64(name))


def bits(seed: int, name: str, count: int) -> np.ndarray:
    """The first `count` 64-bit words of the stream, uint64."""
    with np.errstate(over="ignore"):
        z = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(GOLDEN_GAMMA) + np.uint64(key(seed, name))
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58_476D_1CE4_E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D0_49BB_1331_11EB)
        return z ^ (z >> np.uint64(31))


def values(seed: int, name: str, count: int, mean: float, std: float) -> np.ndarray:
    """Before rounding, float64."""
    word = bits(seed, name, count)
    low = np.uint64(0xFFFF)
    total = (
        (word & low)
        + ((word >> np.uint64(16)) & low)
        + ((word >> np.uint64(32)) & low)
        + (word >> np.uint64(48))
    )
    n = total.astype(np.int64) - SUM_MEAN
    return mean + (std / SUM_STD) * n.astype(np.float64)


def _round_to(x: np.ndarray, fraction_bits: int, min_exponent: int) -> np.ndarray:
    """Nearest multiple of the local spacing, ties to even: exact in float64, subnormals kept, no upper limit."""
    _, exponent = np.frexp(x)  # |x| in [2^(exponent-1), 2^exponent)
    spacing_exponent = np.maximum(exponent - 1, min_exponent) - fraction_bits
    return np.ldexp(np.rint(np.ldexp(x, -spacing_exponent)), spacing_exponent)


def encode(x: np.ndarray, dtype: str) -> np.ndarray:
    """Rounds float64 straight to `dtype`, nearest even, never through another type. The bits, as STORAGE[dtype]."""
    with np.errstate(over="ignore", under="ignore"):
        match dtype:
            case "F32":
                return x.astype(np.float32)
            case "F16":
                return x.astype(np.float16)
            case "BF16":
                exact = _round_to(x, 7, -126).astype(np.float32)
                return (exact.view(np.uint32) >> np.uint32(16)).astype(np.uint16)
            case "F8_E4M3":
                return _encode_e4m3(x)
    raise ValueError(f"no synthetic {dtype}")


def _encode_e4m3(x: np.ndarray) -> np.ndarray:
    """OCP E4M3: bias 7, no infinity, 0x7f is NaN, 448 the largest; beyond it we saturate."""
    rounded = np.minimum(np.abs(_round_to(x, 3, -6)), 448.0)
    _, exponent = np.frexp(rounded)
    normal = rounded >= 2.0**-6
    biased = np.where(normal, exponent - 1 + 7, 0)
    fraction = np.where(normal, np.ldexp(rounded, 4 - exponent) - 8, np.ldexp(rounded, 9))
    code = biased * 8 + fraction.astype(np.int64)
    return (code + np.where(np.signbit(x), 128, 0)).astype(np.uint8)


def decode(stored: np.ndarray, dtype: str) -> np.ndarray:
    """The exact float64 values of stored bits."""
    match dtype:
        case "F64" | "F32" | "F16":
            return stored.astype(np.float64)
        case "BF16":
            return (stored.astype(np.uint32) << np.uint32(16)).view(np.float32).astype(np.float64)
        case "F8_E4M3":
            code = stored.astype(np.int64)
            biased, fraction = (code >> 3) & 15, code & 7
            magnitude = np.where(
                biased == 0, np.ldexp(fraction.astype(np.float64), -9), np.ldexp(8.0 + fraction, biased - 10)
            )
            magnitude = np.where((code & 127) == 127, np.nan, magnitude)
            return np.where(code & 128, -magnitude, magnitude)
    raise ValueError(f"no {dtype}")


def through_q8_0(x: np.ndarray) -> np.ndarray:
    """float32 [..][columns], columns whole blocks of 32: what ggml's Q8_0 keeps of it, scale * q of each block, exact."""
    blocks = x.reshape(-1, Q8_BLOCK)
    scale = np.abs(blocks).max(axis=1, keepdims=True) / np.float32(127)
    with np.errstate(divide="ignore"):
        inverse = np.where(scale == 0, np.float32(0), 1 / scale)
    quotient = (blocks * inverse).astype(np.float64)
    q = (np.sign(quotient) * np.floor(np.abs(quotient) + 0.5)).astype(np.int8)  # C's roundf: ties away from zero
    # As ggml does, q is made with the scale before it is rounded to float16.
    return (scale.astype(np.float16).astype(np.float32) * q.astype(np.float32)).reshape(x.shape)


def synthesise(seed: int, spec: TensorSpec) -> np.ndarray:
    """One tensor's stored bits in its shape."""
    count = math.prod(spec.shape)
    x = values(seed, spec.values_of or spec.name, count, spec.mean, spec.std)
    stored = encode(x, spec.dtype).reshape(spec.shape)
    match spec.rounded_to:
        case None:
            return stored
        case "Q8_0":
            if spec.dtype != "F32" or spec.shape[-1] % Q8_BLOCK:
                raise ValueError(f"{spec.name}: Q8_0 takes F32 and rows of whole blocks, not {spec.dtype} {spec.shape}")
            return through_q8_0(stored)
    raise ValueError(f"{spec.name}: no rounding to {spec.rounded_to}")


def token_stream(seed: int, name: str, count: int, vocabulary: int) -> list[int]:
    """Prompt tokens from the same stream. Prompts are written out in the golden, so nobody else needs this."""
    return [int(word % vocabulary) for word in bits(seed, name, count).tolist()]
