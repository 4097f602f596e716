package dev.assay.perf.ceiling;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// Sums float32 numbers of memory: one load and one addition a vector, so that memory is all there is to wait for.
///
/// The numbers lie in four streams a fixed distance apart, as the rows that a matrix-vector product reads side by
/// side: hardware prefetchers follow several streams faster than one.
final class ReadKernel {
    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;

    static final int STREAMS = 4;

    /// Bytes of each stream that are read by one call: many vectors of any width, so that the sum of the lanes at
    /// the end costs nothing.
    static final int BLOCK_BYTES = 1 << 14;

    private ReadKernel() {}

    /// The sum of the block at `offset` in each stream.
    ///
    /// @param offset of the block in the first stream, in bytes
    /// @param distance from a stream to the next, in bytes
    static float sum(MemorySegment numbers, long offset, long distance) {
        int bytes = SPECIES.vectorByteSize();
        FloatVector a = FloatVector.zero(SPECIES);
        FloatVector b = a;
        FloatVector c = a;
        FloatVector d = a;
        for (int i = 0; i < BLOCK_BYTES; i += bytes) {
            long at = offset + i;
            a = a.add(load(numbers, at));
            b = b.add(load(numbers, at + distance));
            c = c.add(load(numbers, at + 2 * distance));
            d = d.add(load(numbers, at + 3 * distance));
        }
        return a.add(b).add(c.add(d)).reduceLanes(VectorOperators.ADD);
    }

    private static FloatVector load(MemorySegment numbers, long at) {
        return FloatVector.fromMemorySegment(SPECIES, numbers, at, ByteOrder.LITTLE_ENDIAN);
    }
}
