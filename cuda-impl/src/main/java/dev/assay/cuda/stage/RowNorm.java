package dev.assay.cuda.stage;

import dev.assay.cuda.driver.Launch;
import dev.assay.cuda.weight.Weights;
import dev.assay.plan.Norm;
import java.util.Arrays;
import java.util.Optional;

/// A norm with its weights on the device.
sealed interface RowNorm {
    /// Numbers that are normalised together.
    int size();

    static RowNorm of(Norm norm, String prefix, Weights weights) {
        return switch (norm) {
            case Norm.Rms(var weight, double eps) -> new Rms(weights.vector(prefix, weight, 0), norm.size(), eps);
            case Norm.RmsOnePlus(var weight, double eps) ->
                new Rms(weights.vector(prefix, weight, 1), norm.size(), eps);
            case Norm.RmsUnweighted(int size, double eps) -> {
                float[] ones = new float[size]; // [size]
                Arrays.fill(ones, 1);
                yield new Rms(weights.numbers(ones), size, eps);
            }
            case Norm.LayerNorm(var weight, var bias, double eps) ->
                new Layer(weights.vector(prefix, weight, 0), weights.vector(prefix, bias, 0), norm.size(), eps);
        };
    }

    /// The gain as an argument of kernels, none where there is no norm.
    static long gain(Optional<Rms> norm) {
        return norm.map(Rms::gain).orElse(0L);
    }

    /// The same of ε.
    static long eps(Optional<Rms> norm) {
        return Launch.of(norm.map(rms -> (float) rms.eps()).orElse(0f));
    }

    /// gain ⊙ x / √(mean(x²) + ε).
    ///
    /// @param gain address of `size` numbers
    record Rms(long gain, int size, double eps) implements RowNorm {}

    /// gain ⊙ (x − mean(x)) / √(var(x) + ε) + bias.
    ///
    /// @param gain address of `size` numbers
    /// @param bias likewise
    record Layer(long gain, long bias, int size, double eps) implements RowNorm {}
}
