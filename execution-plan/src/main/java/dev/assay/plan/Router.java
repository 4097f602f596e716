package dev.assay.plan;

/// How a token's experts are chosen and weighted. Logits are `weight`·x, in float32 or better.
public sealed interface Router {
    /// `[experts][hidden size]`.
    WeightRef weight();

    /// Experts a token.
    int topK();

    default int experts() {
        return weight().rows();
    }

    /// Scores are softmax(logits); the `topK` highest are chosen and weigh as `weighting` says: Qwen3 MoE, DeepSeek
    /// V2 Lite.
    record SoftmaxTopK(WeightRef weight, int topK, Weighting weighting) implements Router {
        public SoftmaxTopK {
            Checks.between("top-k", topK, 1, weight.rows());
        }
    }

    /// As [SoftmaxTopK], but among the experts of the `chosenGroups` groups with the highest **best** score; scores
    /// of other experts count as 0: DeepSeek V2.
    record SoftmaxGroupedTopK(WeightRef weight, int topK, int groups, int chosenGroups, Weighting weighting)
            implements Router {
        public SoftmaxGroupedTopK {
            checkGroups(weight, topK, groups, chosenGroups, 1);
        }
    }

    /// Scores are sigmoid(logits). Scores plus `correctionBias` are chosen by: the `chosenGroups` groups with the
    /// highest **sum of their two best**, then the `topK` best experts in them, others counting as −∞. Scores
    /// without the bias weigh: DeepSeek V3.
    ///
    /// @param correctionBias of `experts` numbers; a buffer, not a parameter
    record SigmoidGroupedTopK(
            WeightRef weight, VectorRef correctionBias, int topK, int groups, int chosenGroups, Weighting weighting)
            implements Router {
        public SigmoidGroupedTopK {
            checkGroups(weight, topK, groups, chosenGroups, 2);
            Checks.require(
                    correctionBias.length() == weight.rows(),
                    correctionBias.name(),
                    correctionBias.length(),
                    weight.rows() + ", one for each expert");
        }
    }

    /// The `topK` highest logits are chosen; sigmoid(logit) multiplies the **input** of its expert, whose result is
    /// added as it is: Llama 4. Not the same as weighting the result, as an expert is not linear.
    record SigmoidOnInput(WeightRef weight, int topK) implements Router {
        public SigmoidOnInput {
            Checks.between("top-k", topK, 1, weight.rows());
        }
    }

    /// From scores of chosen experts to their weights.
    sealed interface Weighting {
        /// The score · scale.
        record Score(double scale) implements Weighting {
            public Score {
                Checks.positive("scale of experts", scale);
            }
        }

        /// The score / (sum of the chosen scores + eps) · scale.
        record ShareOfChosen(double eps, double scale) implements Weighting {
            public ShareOfChosen {
                Checks.epsilon(eps);
                Checks.positive("scale of experts", scale);
            }
        }
    }

    private static void checkGroups(WeightRef weight, int topK, int groups, int chosenGroups, int smallest) {
        int experts = weight.rows();
        Checks.positive("groups", groups);
        Checks.require(
                experts % groups == 0 && experts / groups >= smallest,
                "groups",
                groups,
                "a divisor of the " + experts + " experts into groups of at least " + smallest);
        Checks.between("chosen groups", chosenGroups, 1, groups);
        Checks.between("top-k", topK, 1, Math.multiplyExact(chosenGroups, experts / groups));
    }
}
