package dev.assay.checkpoint;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// A tensor of a checkpoint: its elements lie row-major in [#data], in the file's own element type.
///
/// @param scales block scales of an FP8 tensor, null for every other
public record Tensor(
        TensorInfo info, MemorySegment data, @Nullable BlockScales scales) {
    /// Element `index` in row-major order as float32: exact for every type but F64.
    public float at(long index) {
        return Decoding.at(this, index);
    }

    /// All elements of a one-dimensional tensor, decoded.
    public float[] toVector() {
        return Decoding.vector(this);
    }

    /// All rows of a two-dimensional tensor, decoded: `[rows][columns]`.
    public float[][] toMatrix() {
        return Decoding.matrix(this);
    }
}
