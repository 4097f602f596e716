package dev.assay.vector.stage;

import dev.assay.plan.Norm;
import dev.assay.vector.kernel.Rows;
import dev.assay.vector.weight.Weights;
import java.util.Arrays;

/// A norm with its weights. The sum of squares is float32, the root double.
public sealed interface RowNorm {
    /// Numbers that are normalised together.
    int size();

    /// Normalises `size` numbers, in place if source and target are one.
    void apply(float[] x, int xOffset, float[] y, int yOffset);

    static RowNorm of(Norm norm, String prefix, Weights weights) {
        return switch (norm) {
            case Norm.Rms(var weight, double eps) -> new Rms(weights.vector(prefix, weight), eps);
            case Norm.RmsOnePlus(var weight, double eps) -> {
                float[] gain = weights.vector(prefix, weight); // [size]
                for (int i = 0; i < gain.length; i++) {
                    gain[i] += 1;
                }
                yield new Rms(gain, eps);
            }
            case Norm.RmsUnweighted(int size, double eps) -> {
                float[] gain = new float[size]; // [size]
                Arrays.fill(gain, 1);
                yield new Rms(gain, eps);
            }
            case Norm.LayerNorm(var weight, var bias, double eps) ->
                new Layer(weights.vector(prefix, weight), weights.vector(prefix, bias), eps);
        };
    }

    /// gain ⊙ x / √(mean(x²) + ε).
    record Rms(float[] gain, double eps) implements RowNorm {
        @Override
        public int size() {
            return gain.length;
        }

        @Override
        public void apply(float[] x, int xOffset, float[] y, int yOffset) {
            double meanSquare = (double) Rows.squares(x, xOffset, 0, gain.length) / gain.length;
            Rows.normalise(x, xOffset, 0, (float) (1 / Math.sqrt(meanSquare + eps)), gain, y, yOffset, gain.length);
        }
    }

    /// gain ⊙ (x − mean(x)) / √(var(x) + ε) + bias.
    record Layer(float[] gain, float[] bias, double eps) implements RowNorm {
        @Override
        public int size() {
            return gain.length;
        }

        @Override
        public void apply(float[] x, int xOffset, float[] y, int yOffset) {
            float mean = Rows.sum(x, xOffset, gain.length) / gain.length;
            double variance = (double) Rows.squares(x, xOffset, mean, gain.length) / gain.length;
            Rows.normalise(x, xOffset, mean, (float) (1 / Math.sqrt(variance + eps)), gain, y, yOffset, gain.length);
            Rows.add(bias, 0, y, yOffset, gain.length);
        }
    }
}
