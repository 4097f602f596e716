package dev.assay.plan;

/// y = W·x, or y = W·x + b.
public record Linear(WeightRef weight, Bias bias) {
    public Linear {
        if (bias instanceof Bias.Added(VectorRef vector)) {
            Checks.require(
                    vector.length() == weight.rows(), vector.name(), vector.length(), weight.rows() + " numbers");
        }
    }

    public int outputs() {
        return weight.rows();
    }

    public int inputs() {
        return weight.columns();
    }
}
