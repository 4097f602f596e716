package dev.assay.cuda.stage;

/// Rows of a buffer that a stage reads or writes.
sealed interface View {
    Buffer buffer();

    /// One row a token, from the number `offset` of the token's row on.
    record OfTokens(Buffer buffer, int offset) implements View {}

    /// `perToken` rows of `width` numbers a token, one after another.
    record OfPairs(Buffer buffer, int perToken, int width) implements View {}

    static View of(Buffer buffer) {
        return new OfTokens(buffer, 0);
    }

    static View of(Buffer buffer, int offset) {
        return new OfTokens(buffer, offset);
    }
}
