package dev.assay.report;

import java.util.List;
import java.util.stream.IntStream;

/// How the router of a layer spread the tokens of a prompt over its experts.
///
/// @param layer decoder layer, from 0
/// @param prompt id of the prompt
/// @param tokens tokens that each routed expert was given, by its id
public record ExpertLoad(int layer, String prompt, List<Integer> tokens) {
    public ExpertLoad {
        tokens = List.copyOf(tokens);
    }

    /// Counts the tokens of each expert.
    ///
    /// @param chosen expert ids of every token, `[T][k]`, each from 0 to `experts` - 1
    /// @param experts routed experts of the layer
    public static ExpertLoad of(int layer, String prompt, int[][] chosen, int experts) {
        int[] tokens = new int[experts]; // [E]
        for (int[] ofToken : chosen) {
            for (int expert : ofToken) {
                tokens[expert]++;
            }
        }
        return new ExpertLoad(layer, prompt, IntStream.of(tokens).boxed().toList());
    }

    /// Entropy of the load in bits, -Σ p log2 p, p being an expert's share: 0 if one expert was given everything,
    /// log2 of the number of experts if all were given equally many. A prompt of fewer choices than experts cannot
    /// reach that.
    public double entropyBits() {
        long all = tokens.stream().mapToLong(Integer::longValue).sum();
        double nats = 0;
        for (int given : tokens) {
            if (given > 0) {
                double share = (double) given / all;
                nats -= share * Math.log(share);
            }
        }
        return nats / Math.log(2);
    }

    /// The entropy as a share of that of an even load, from 0 to 1; of a single expert, which is always even, 1.
    public double evenness() {
        return tokens.size() == 1 ? 1 : entropyBits() * Math.log(2) / Math.log(tokens.size());
    }

    /// Experts that no token was given to.
    public int unused() {
        return (int) tokens.stream().filter(given -> given == 0).count();
    }
}
