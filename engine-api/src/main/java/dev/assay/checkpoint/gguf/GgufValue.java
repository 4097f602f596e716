package dev.assay.checkpoint.gguf;

import java.util.List;

/// Value of a key in a GGUF file; the names are those of the format.
sealed interface GgufValue {
    record UInt32(int value) implements GgufValue {}

    record Float32(float value) implements GgufValue {}

    record Bool(boolean value) implements GgufValue {}

    record Text(String value) implements GgufValue {}

    /// An array of strings.
    record Texts(List<String> values) implements GgufValue {}

    /// An array of 32-bit floats.
    record Floats(List<Float> values) implements GgufValue {}

    /// An array of signed 32-bit integers.
    record Ints(List<Integer> values) implements GgufValue {}

    /// An array of booleans.
    record Bools(List<Boolean> values) implements GgufValue {}
}
