package dev.assay.vector.kernel;

import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/// The width of all kernels, fixed when this class is loaded.
///
/// Species must be `static final`: C2 turns vector operations into instructions only where the species is a
/// constant. From an instance field they cost 13 to 45 times as much.
public final class Lanes {
    /// System property with the width in bits: 64, 128, 256 or 512. Without it, the widest that the JVM prefers.
    public static final String WIDTH_PROPERTY = "assay.vector.width";

    /// Bits of a vector.
    public static final int BITS =
            Integer.getInteger(WIDTH_PROPERTY, VectorShape.preferredShape().vectorBitSize());

    static final VectorSpecies<Float> FLOATS = VectorSpecies.of(float.class, VectorShape.forBitSize(BITS));
    static final VectorSpecies<Integer> INTS = VectorSpecies.of(int.class, VectorShape.forBitSize(BITS));

    static final VectorSpecies<Short> SHORTS = VectorSpecies.of(short.class, VectorShape.forBitSize(BITS));
    static final VectorSpecies<Byte> BYTES = VectorSpecies.of(byte.class, VectorShape.forBitSize(BITS));

    /// Floats in a vector.
    public static final int LENGTH = FLOATS.length();

    /// Checkpoints are little-endian.
    static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;

    /// Lanes turned by a number of places, for sums over them. A shuffle by more than there are is never used.
    static final VectorShuffle<Float> BY_8 = shuffle(8);

    static final VectorShuffle<Float> BY_4 = shuffle(4);
    static final VectorShuffle<Float> BY_2 = shuffle(2);

    private Lanes() {}

    private static VectorShuffle<Float> shuffle(int by) {
        return VectorShuffle.fromOp(FLOATS, lane -> (lane + by) % LENGTH);
    }

    /// The sum of the lanes of a vector that was put into an array: halves are added, then their halves, and so on.
    ///
    /// The library's own reduction leaves the order open, and it differs between interpreted and compiled code: a
    /// session would compute other bits once its kernels are compiled. Kernels with one sum have these lines in
    /// them, for a vector handed to a method becomes an object wherever C2 does not inline that method; kernels
    /// with several are too large for that and put them into an array.
    static float sum(float[] lanes, int offset) {
        FloatVector sum = FloatVector.fromArray(FLOATS, lanes, offset);
        if (LENGTH >= 16) {
            sum = sum.add(sum.rearrange(BY_8));
        }
        if (LENGTH >= 8) {
            sum = sum.add(sum.rearrange(BY_4));
        }
        if (LENGTH >= 4) {
            sum = sum.add(sum.rearrange(BY_2));
        }
        return sum.lane(0) + sum.lane(1);
    }

    /// Whether vectors are as wide as the JVM's widest, so that each fits a register.
    public static boolean widest() {
        return BITS == FloatVector.SPECIES_PREFERRED.vectorBitSize()
                && BITS == IntVector.SPECIES_PREFERRED.vectorBitSize();
    }
}
