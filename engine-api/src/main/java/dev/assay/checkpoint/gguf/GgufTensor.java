package dev.assay.checkpoint.gguf;

import java.util.List;

/// A tensor of a GGUF file.
///
/// @param precision whether it takes the file's type
record GgufTensor(String name, Precision precision, Source source) {
    enum Precision {
        /// The type that was asked for.
        AS_ASKED,
        /// F32 in every file, as llama.cpp writes vectors, routers and other small tensors.
        FLOAT32
    }

    /// The type of the tensor in a file whose matrices are of type `asked`.
    GgufType type(GgufType asked) {
        return switch (precision) {
            case FLOAT32 -> GgufType.F32;
            case AS_ASKED -> columns() % asked.blockElements() == 0 ? asked : GgufType.F16;
        };
    }

    List<Integer> shape() {
        return source.shape();
    }

    /// Size of the last dimension.
    int columns() {
        return shape().getLast();
    }

    /// Numbers over all other dimensions.
    long rows() {
        return source.size() / columns();
    }

    long bytes(GgufType asked) {
        return rows() * type(asked).rowBytes(columns());
    }
}
