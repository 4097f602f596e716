package dev.assay.perf.ceiling;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// Fused multiply-adds in registers, and nothing else: the float32 peak of a core.
///
/// Twelve sums that do not wait for one another: two multiply-adds begin in a cycle and end four cycles later, which
/// needs eight; more than twelve do not fit into the 16 registers of AVX2 with both factors.
final class FmaKernel {
    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final int ACCUMULATORS = 12;

    private FmaKernel() {}

    /// Operations of a call, a multiplication and an addition counted as two.
    static long flops(int steps) {
        return 2L * ACCUMULATORS * SPECIES.length() * steps;
    }

    /// What [#run] returns if it does what it says.
    static float expected(int steps) {
        return (float) ACCUMULATORS * SPECIES.length() * steps;
    }

    /// Adds `factor · factor` to every lane of every accumulator, `steps` times, and returns the sum of all lanes.
    ///
    /// Exact for a factor of 1 as long as [#expected] is below 2²⁴.
    ///
    /// @param factor 1, given by the caller so that no compiler can know it
    static float run(float factor, int steps) {
        FloatVector x = FloatVector.broadcast(SPECIES, factor);
        FloatVector y = FloatVector.broadcast(SPECIES, factor);
        FloatVector a0 = FloatVector.zero(SPECIES);
        FloatVector a1 = a0;
        FloatVector a2 = a0;
        FloatVector a3 = a0;
        FloatVector a4 = a0;
        FloatVector a5 = a0;
        FloatVector a6 = a0;
        FloatVector a7 = a0;
        FloatVector a8 = a0;
        FloatVector a9 = a0;
        FloatVector a10 = a0;
        FloatVector a11 = a0;
        for (int i = 0; i < steps; i++) {
            a0 = x.fma(y, a0);
            a1 = x.fma(y, a1);
            a2 = x.fma(y, a2);
            a3 = x.fma(y, a3);
            a4 = x.fma(y, a4);
            a5 = x.fma(y, a5);
            a6 = x.fma(y, a6);
            a7 = x.fma(y, a7);
            a8 = x.fma(y, a8);
            a9 = x.fma(y, a9);
            a10 = x.fma(y, a10);
            a11 = x.fma(y, a11);
        }
        return a0.add(a1)
                .add(a2)
                .add(a3)
                .add(a4)
                .add(a5)
                .add(a6)
                .add(a7)
                .add(a8)
                .add(a9)
                .add(a10)
                .add(a11)
                .reduceLanes(VectorOperators.ADD);
    }
}
