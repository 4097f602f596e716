package dev.assay.conformance.suite;

/// Other prompts made from a prompt.
final class Tokens {
    private Tokens() {}

    /// The same tokens in the opposite order, `[T]`.
    static int[] reversed(int[] tokens) {
        int[] reversed = new int[tokens.length];
        for (int t = 0; t < tokens.length; t++) {
            reversed[t] = tokens[tokens.length - 1 - t];
        }
        return reversed;
    }
}
