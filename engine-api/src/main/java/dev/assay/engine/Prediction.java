package dev.assay.engine;

/// What a session predicts for the next token, one row a position. The three forms are three levels of evidence.
public sealed interface Prediction {
    /// Positions predicted.
    int rows();

    /// Logits, after any softcap and before any softmax: `values` is `[rows][V]`.
    record Logits(float[][] values) implements Prediction {
        @Override
        public int rows() {
            return values.length;
        }

        /// The row of the last position, `[V]`.
        public float[] last() {
            return values[values.length - 1];
        }
    }

    /// The n most probable tokens with natural-log probabilities, most probable first: both are `[rows][n]`.
    record TopLogProbabilities(int[][] tokens, float[][] logProbabilities) implements Prediction {
        public TopLogProbabilities {
            if (tokens.length != logProbabilities.length) {
                throw new IllegalArgumentException(
                        "tokens has " + tokens.length + " rows, logProbabilities has " + logProbabilities.length);
            }
        }

        @Override
        public int rows() {
            return tokens.length;
        }
    }

    /// The most probable token of each position, `[rows]`.
    record GreedyTokens(int[] tokens) implements Prediction {
        @Override
        public int rows() {
            return tokens.length;
        }
    }
}
