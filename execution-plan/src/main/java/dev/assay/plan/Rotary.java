package dev.assay.plan;

import dev.assay.config.RopeParameters;

/// How queries and keys are turned by their position, arXiv:2104.09864.
///
/// The pair j of a head, at position p, is turned by the angle p · fⱼ for the j-th of [#inverseFrequencies], after
/// which cos and sin are multiplied by a factor that is not 1 for YaRN.
public sealed interface Rotary {
    /// Frequencies of the pairs, half as many as there are dimensions; none where nothing turns.
    double[] inverseFrequencies();

    /// Checks that heads of `headDim` can be turned so.
    void requireDim(int headDim);

    /// No rotation: NoPE.
    record None() implements Rotary {
        @Override
        public double[] inverseFrequencies() {
            return new double[0];
        }

        @Override
        public void requireDim(int headDim) {}
    }

    /// Pairs are (j, j + dim/2).
    ///
    /// @param dim dimensions that turn, from the first of the head on
    /// @param factor on cos and sin
    record HalfSplit(RopeParameters parameters, int dim, double factor) implements Rotary {
        public HalfSplit {
            checkRotation(dim, factor);
        }

        @Override
        public double[] inverseFrequencies() {
            return RotaryFrequencies.inverse(parameters, dim);
        }

        @Override
        public void requireDim(int headDim) {
            Checks.require(dim <= headDim, "rotary dim", dim, "at most the head dim " + headDim);
        }
    }

    /// Pairs are (2j, 2j + 1).
    ///
    /// @param dim dimensions that turn, from the first of the head on
    /// @param factor on cos and sin
    record Interleaved(RopeParameters parameters, int dim, double factor) implements Rotary {
        public Interleaved {
            checkRotation(dim, factor);
        }

        @Override
        public double[] inverseFrequencies() {
            return RotaryFrequencies.inverse(parameters, dim);
        }

        @Override
        public void requireDim(int headDim) {
            Checks.require(dim <= headDim, "rotary dim", dim, "at most the head dim " + headDim);
        }
    }

    private static void checkRotation(int dim, double factor) {
        Checks.positive("rotary dim", dim);
        Checks.require(dim % 2 == 0, "rotary dim", dim, "an even number, because pairs turn");
        Checks.positive("factor on cos and sin", factor);
    }

    /// [HalfSplit] with the factor that the parameters imply.
    static Rotary halfSplit(RopeParameters parameters, int dim) {
        return new HalfSplit(parameters, dim, RotaryFrequencies.cosSinFactor(parameters));
    }

    /// [Interleaved] with the factor that the parameters imply.
    static Rotary interleaved(RopeParameters parameters, int dim) {
        return new Interleaved(parameters, dim, RotaryFrequencies.cosSinFactor(parameters));
    }
}
