package dev.assay.mutants.interpret;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.checkpoint.Tensor;
import dev.assay.plan.Bias;
import dev.assay.plan.Linear;
import dev.assay.plan.Norm;
import dev.assay.plan.Ref;
import dev.assay.plan.VectorRef;
import dev.assay.plan.WeightRef;
import java.util.HashMap;
import java.util.Map;

/// Tensors of a checkpoint in double, decoded when first asked for.
final class Tensors {
    private static final double[] NONE = {};

    private final Checkpoint checkpoint;
    private final Map<String, double[][]> matrices = new HashMap<>();
    private final Map<String, double[]> vectors = new HashMap<>();

    Tensors(Checkpoint checkpoint) {
        this.checkpoint = checkpoint;
    }

    /// `[rows][columns]`.
    double[][] matrix(String prefix, WeightRef ref) {
        return matrices.computeIfAbsent(prefix + ref, _ -> {
            Tensor tensor = tensor(prefix, ref);
            double[][] matrix = new double[ref.rows()][ref.columns()];
            for (int r = 0; r < ref.rows(); r++) {
                for (int c = 0; c < ref.columns(); c++) {
                    matrix[r][c] = tensor.doubleAt(ref.index(r, c));
                }
            }
            return matrix;
        });
    }

    double[] vector(String prefix, VectorRef ref) {
        return vectors.computeIfAbsent(prefix + ref, _ -> {
            Tensor tensor = tensor(prefix, ref);
            double[] vector = new double[ref.length()];
            for (int i = 0; i < vector.length; i++) {
                vector[i] = tensor.doubleAt(ref.first() + i);
            }
            return vector;
        });
    }

    double[] bias(String prefix, Linear linear) {
        return switch (linear.bias()) {
            case Bias.None _ -> NONE;
            case Bias.Added(VectorRef vector) -> vector(prefix, vector);
        };
    }

    Gain gain(String prefix, Norm norm) {
        return switch (norm) {
            case Norm.Rms(VectorRef weight, double _) -> new Gain(norm, vector(prefix, weight), NONE);
            case Norm.RmsOnePlus(VectorRef weight, double _) -> new Gain(norm, vector(prefix, weight), NONE);
            case Norm.RmsUnweighted _ -> new Gain(norm, NONE, NONE);
            case Norm.LayerNorm(VectorRef weight, VectorRef bias, double _) ->
                new Gain(norm, vector(prefix, weight), vector(prefix, bias));
        };
    }

    private Tensor tensor(String prefix, Ref ref) {
        return checkpoint.tensor(
                prefix + ref.name(),
                ref.storedShape().stream().mapToInt(Integer::intValue).toArray());
    }
}
