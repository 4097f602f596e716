package dev.assay.vector.kernel;

/// The order in which kernels over narrow weights want their float operand.
///
/// A vector of 32-bit lanes holds `p` narrow weights a lane: two of 16 bits, four of 8. Taking the j-th out of every
/// lane gives a vector of weights that lie `p` apart. So that their operands can be loaded as one vector, the
/// operand is split beforehand into `p` phases, of which the j-th has every p-th number from j on. Any width can do
/// that, while a load of half a vector needs a shape that the narrowest width lacks.
///
/// Numbers beyond the last whole group of `p` vectors follow behind the phases, in their own order.
public final class Phases {
    private Phases() {}

    /// Numbers of `length` that are in phases; the rest are a tail.
    public static int bound(int length, int phases) {
        return length - length % (phases * Lanes.LENGTH);
    }

    /// Splits `length` numbers of `x` into phases.
    public static void split(float[] x, int xOffset, int length, int phases, float[] into) {
        int bound = bound(length, phases);
        int size = bound / phases;
        switch (phases) {
            case 1 -> System.arraycopy(x, xOffset, into, 0, bound);
            case 2 -> {
                for (int i = 0; i < size; i++) {
                    into[i] = x[xOffset + 2 * i];
                    into[size + i] = x[xOffset + 2 * i + 1];
                }
            }
            default -> {
                for (int i = 0; i < size; i++) {
                    for (int j = 0; j < phases; j++) {
                        into[j * size + i] = x[xOffset + phases * i + j];
                    }
                }
            }
        }
        System.arraycopy(x, xOffset + bound, into, bound, length - bound);
    }

    /// Puts numbers in phases back in order.
    public static void join(float[] split, int length, int phases, float[] into, int intoOffset) {
        int bound = bound(length, phases);
        int size = bound / phases;
        for (int i = 0; i < size; i++) {
            for (int j = 0; j < phases; j++) {
                into[intoOffset + phases * i + j] = split[j * size + i];
            }
        }
        System.arraycopy(split, bound, into, intoOffset + bound, length - bound);
    }
}
