package dev.assay.perf.run;

import java.util.Arrays;
import java.util.SplittableRandom;

/// Tokens to run, the same in every repetition and for every engine: what an engine predicts is never fed back, so
/// that a wrong prediction changes neither the work nor the check.
///
/// @param prompt at least one token
/// @param decoded tokens that follow it one by one, at least one
public record Workload(int[] prompt, int[] decoded) {
    private static final long SEED = 1;

    public Workload {
        if (prompt.length < 1 || decoded.length < 1) {
            throw new IllegalArgumentException("expected at least one token of prompt and one to decode, found "
                    + prompt.length + " and " + decoded.length);
        }
    }

    /// Uniformly random tokens from a fixed seed.
    public static Workload random(int promptTokens, int decodeTokens, int vocabSize) {
        var random = new SplittableRandom(SEED);
        return new Workload(
                random.ints(promptTokens, 0, vocabSize).toArray(),
                random.ints(decodeTokens, 0, vocabSize).toArray());
    }

    /// Tokens of prompt and decoding together.
    public int length() {
        return prompt.length + decoded.length;
    }

    /// All tokens in order.
    public int[] tokens() {
        int[] all = Arrays.copyOf(prompt, length());
        System.arraycopy(decoded, 0, all, prompt.length, decoded.length);
        return all;
    }
}
