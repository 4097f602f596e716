import math
import unittest

import assay_goldens  # noqa: F401  (sets the environment before torch is imported)
import numpy as np
import torch

from assay_goldens import format as files
from assay_goldens import synthesis

TORCH = {"BF16": torch.bfloat16, "F16": torch.float16, "F8_E4M3": torch.float8_e4m3fn}


def every_finite(dtype):
    bits = synthesis.STORAGE[dtype]
    width = 256 if dtype == "F8_E4M3" else 65536
    codes = np.arange(width, dtype=np.uint32).astype(np.uint8 if width == 256 else np.uint16)
    stored = codes.view(bits)
    value = synthesis.decode(stored, dtype)
    keep = np.isfinite(value)
    return codes[keep], stored[keep], value[keep]


class Rounding(unittest.TestCase):
    def test_decode_agrees_with_torch_on_every_code(self):
        for dtype, kind in TORCH.items():
            with self.subTest(dtype):
                codes, _, value = every_finite(dtype)
                raw = torch.from_numpy(codes.view(np.int8 if codes.itemsize == 1 else np.int16).copy())
                np.testing.assert_array_equal(raw.view(kind).double().numpy(), value)

    def test_every_finite_value_is_a_fixed_point(self):
        for dtype in TORCH:
            with self.subTest(dtype):
                codes, _, value = every_finite(dtype)
                again = synthesis.encode(value, dtype).view(codes.dtype)
                np.testing.assert_array_equal(again, codes)

    def test_neighbourhood_of_every_midpoint(self):
        """At a midpoint the even code wins; one double above or below it, the nearer one."""
        for dtype in TORCH:
            with self.subTest(dtype):
                codes, _, value = every_finite(dtype)
                positive = value >= 0
                value, codes = value[positive & ~np.signbit(value)], codes[positive & ~np.signbit(value)]
                lower, upper = value[:-1], value[1:]
                middle = (lower + upper) / 2  # exact: both have few bits
                even = np.where(codes[:-1] % 2 == 0, lower, upper)
                for x, expected in (
                    (middle, even),
                    (np.nextafter(middle, -math.inf), lower),
                    (np.nextafter(middle, math.inf), upper),
                ):
                    for sign in (1.0, -1.0):
                        got = synthesis.decode(synthesis.encode(sign * x, dtype), dtype)
                        np.testing.assert_array_equal(got, sign * expected)

    def test_double_rounding_through_float32_would_differ(self):
        x = np.array([1 + 2.0**-8 + 2.0**-40])  # just above the midpoint of two bf16, on it in float32
        self.assertEqual(synthesis.decode(synthesis.encode(x, "BF16"), "BF16")[0], 1 + 2.0**-7)
        self.assertEqual(torch.tensor(x).float().bfloat16().double().item(), 1.0)

    def test_e4m3_saturates_and_keeps_signed_zero(self):
        x = np.array([463.9, 464.0, 465.0, 1e9, -1e9, 0.0, -0.0, -(2.0**-11)])
        self.assertEqual(
            synthesis.encode(x, "F8_E4M3").tolist(), [0x7E, 0x7E, 0x7E, 0x7E, 0xFE, 0x00, 0x80, 0x80]
        )

    def test_float32_subnormals_are_kept(self):
        x = np.array([2.0**-149, 2.0**-150, 1.5 * 2.0**-149, -(2.0**-140)])
        self.assertEqual(synthesis.encode(x, "F32").view(np.uint32).tolist(), [1, 0, 2, 0x80000200])


class Stream(unittest.TestCase):
    def test_hash_and_mixer_against_published_values(self):
        self.assertEqual(synthesis.fnv1a64(""), 0xCBF29CE484222325)
        self.assertEqual(synthesis.fnv1a64("a"), 0xAF63DC4C8601EC8C)
        self.assertEqual(synthesis.fnv1a64("foobar"), 0x85944171F73967E8)
        # SplitMix64 seeded with 0 starts with this word.
        self.assertEqual(synthesis.mix(synthesis.GOLDEN_GAMMA), 0xE220A8397B1DCDAF)

    def test_vectorised_stream_equals_the_scalar_definition(self):
        seed, name = -3, "model.norm.weight"
        k = synthesis.key(seed, name)
        expected = [synthesis.mix((k + (i + 1) * synthesis.GOLDEN_GAMMA) & synthesis.MASK) for i in range(50)]
        self.assertEqual(synthesis.bits(seed, name, 50).tolist(), expected)

    def test_moments(self):
        x = synthesis.values(1, "w", 200_000, 0.5, 2.0)
        self.assertAlmostEqual(x.mean(), 0.5, delta=0.02)
        self.assertAlmostEqual(x.std(), 2.0, delta=0.02)


class Safetensors(unittest.TestCase):
    def test_the_public_reader_reads_what_we_write(self):
        import safetensors.torch

        tensors = {
            "b": ("BF16", synthesis.encode(np.linspace(-2, 2, 15), "BF16").reshape(3, 5)),
            "a.1": ("F64", np.arange(4.0)),
            "a": ("F8_E4M3", synthesis.encode(np.linspace(-500, 500, 7), "F8_E4M3")),
            "i": ("I32", np.arange(6, dtype=np.int32).reshape(2, 3)),
        }
        data = files.safetensors(tensors)
        loaded = safetensors.torch.load(data)
        self.assertEqual(sorted(loaded), sorted(tensors))
        for name, (dtype, array) in tensors.items():
            want = array if dtype == "I32" else synthesis.decode(array, dtype)
            np.testing.assert_array_equal(loaded[name].double().numpy(), want)
        back = files.read_safetensors(data)
        self.assertEqual(files.safetensors(back), data)
        self.assertEqual(int.from_bytes(data[:8], "little") % 8, 0)


if __name__ == "__main__":
    unittest.main()
