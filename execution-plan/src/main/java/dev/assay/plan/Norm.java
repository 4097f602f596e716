package dev.assay.plan;

/// What a norm computes; where it sits says [NormPlacement] or whoever else holds it.
public sealed interface Norm {
    /// Numbers that are normalised together.
    int size();

    /// ε, added to the mean square or the variance.
    double eps();

    /// w ⊙ x / √(mean(x²) + ε); arXiv:1910.07467, eq. 4.
    record Rms(VectorRef weight, double eps) implements Norm {
        public Rms {
            Checks.epsilon(eps);
        }

        @Override
        public int size() {
            return weight.length();
        }
    }

    /// (1 + w) ⊙ x / √(mean(x²) + ε): weights are stored around zero. Gemma 3, but not Gemma 3n.
    record RmsOnePlus(VectorRef weight, double eps) implements Norm {
        public RmsOnePlus {
            Checks.epsilon(eps);
        }

        @Override
        public int size() {
            return weight.length();
        }
    }

    /// x / √(mean(x²) + ε): without a weight. Values of Gemma 3n; queries and keys of Llama 4.
    record RmsUnweighted(int size, double eps) implements Norm {
        public RmsUnweighted {
            Checks.positive("size", size);
            Checks.epsilon(eps);
        }
    }

    /// w ⊙ (x − mean(x)) / √(var(x) + ε) + b, with the variance of the population; arXiv:1607.06450. GPT-2.
    record LayerNorm(VectorRef weight, VectorRef bias, double eps) implements Norm {
        public LayerNorm {
            Checks.require(bias.length() == weight.length(), bias.name(), bias.length(), weight.length() + " numbers");
            Checks.epsilon(eps);
        }

        @Override
        public int size() {
            return weight.length();
        }
    }
}
