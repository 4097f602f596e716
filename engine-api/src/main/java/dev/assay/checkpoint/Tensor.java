package dev.assay.checkpoint;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// A tensor of a checkpoint: its elements lie row-major in [#data], little-endian and not necessarily aligned, in the
/// file's own element type.
///
/// Decoding an FP8 element that has a block scale multiplies the two in float32, rounded once. The exact product has at
/// most 28 significant bits, so [#doubleAt] does not round at all; the two differ by at most half an ulp.
///
/// @param scales block scales of an FP8 tensor, null for every other
public record Tensor(
        TensorInfo info, MemorySegment data, @Nullable BlockScales scales) {
    /// Element `index` in row-major order as float32: exact for every type but F64, and but for block scales.
    ///
    /// @throws CheckpointException if the elements are integers
    public float at(long index) {
        return Decoding.at(this, index);
    }

    /// Element `index` in row-major order as float64: exact for every type.
    ///
    /// @throws CheckpointException if the elements are integers
    public double doubleAt(long index) {
        return Decoding.doubleAt(this, index);
    }

    /// Element `index` in row-major order of a tensor of I32 or I64.
    ///
    /// @throws CheckpointException if the elements are not integers
    public long longAt(long index) {
        return Decoding.longAt(this, index);
    }

    /// All elements of a one-dimensional tensor, decoded.
    ///
    /// @throws CheckpointException if it has another rank, or does not fit into the heap
    public float[] toVector() {
        return Decoding.vector(this);
    }

    /// All rows of a two-dimensional tensor, decoded: `[rows][columns]`.
    ///
    /// @throws CheckpointException if it has another rank, or does not fit into the heap
    public float[][] toMatrix() {
        return Decoding.matrix(this);
    }

    /// One row of a two-dimensional tensor, decoded: `[columns]`.
    ///
    /// @throws CheckpointException if it has another rank
    public float[] row(int row) {
        return Decoding.row(this, row);
    }

    /// The first element in row-major order that is NaN or infinite as float32, or -1.
    public long firstNotFinite() {
        return Decoding.firstNotFinite(this);
    }
}
