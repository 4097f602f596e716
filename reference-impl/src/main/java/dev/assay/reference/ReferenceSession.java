package dev.assay.reference;

import dev.assay.engine.Prediction;
import dev.assay.engine.Session;
import dev.assay.engine.SessionOptions;
import dev.assay.reference.cache.Cache;
import dev.assay.reference.decoder.ReferenceDecoder;

/// A decoder with a cache of its own, and the checks that the decoder leaves out.
final class ReferenceSession<C extends Cache> implements Session {
    private final ReferenceDecoder<C> decoder;
    private final int vocabSize;
    private final SessionOptions options;
    private C cache;
    private boolean closed;
    /// Whether a pass was left by an exception, so that some layers have cached its tokens and others have not.
    private boolean torn;

    ReferenceSession(ReferenceDecoder<C> decoder, int vocabSize, SessionOptions options) {
        this.decoder = decoder;
        this.vocabSize = vocabSize;
        this.options = options;
        this.cache = decoder.newCache();
    }

    @Override
    public Prediction prefill(int[] tokens) {
        float[][] logits = append(tokens); // [T][V]
        return switch (options.logits()) {
            case ALL_POSITIONS -> new Prediction.Logits(logits);
            case LAST_POSITION -> new Prediction.Logits(new float[][] {logits[logits.length - 1]});
        };
    }

    @Override
    public Prediction decode(int token) {
        return new Prediction.Logits(append(new int[] {token}));
    }

    /// Logits after each token, `[T][V]`. Nothing is appended if a check fails.
    private float[][] append(int[] tokens) {
        requireOpen();
        if (torn) {
            throw new IllegalStateException("an earlier call was cut short: reset the session");
        }
        if (tokens.length == 0) {
            throw new IllegalArgumentException("no tokens to append");
        }
        for (int t = 0; t < tokens.length; t++) {
            if (tokens[t] < 0 || tokens[t] >= vocabSize) {
                throw new IllegalArgumentException(
                        "token id " + tokens[t] + " at index " + t + " is outside the vocabulary of " + vocabSize);
            }
        }
        if (tokens.length > options.maxContext() - length()) {
            throw new IllegalArgumentException("context full: " + length() + " positions held, " + tokens.length
                    + " to append, " + options.maxContext() + " at most");
        }
        torn = true;
        float[][] logits = decoder.forward(tokens, cache, options.taps()); // [T][V]
        torn = false;
        return logits;
    }

    @Override
    public int length() {
        return cache.length();
    }

    @Override
    public long kvCacheBytes() {
        return cache.bytes();
    }

    @Override
    public void reset() {
        requireOpen();
        cache = decoder.newCache();
        torn = false;
    }

    @Override
    public void close() {
        closed = true;
        cache = decoder.newCache();
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the session is closed");
        }
    }
}
