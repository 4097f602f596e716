package dev.assay.adapter.onnxruntime;

import dev.assay.engine.Prediction;
import dev.assay.engine.Session;
import dev.assay.engine.SessionOptions;
import java.util.Arrays;

/// The tokens of a sequence. Nothing else is kept: each call runs the graph on all of them.
final class OnnxSession implements Session {
    private final OnnxModel model;
    private final SessionOptions options;
    private int[] tokens = {}; // [T]
    private boolean closed;

    OnnxSession(OnnxModel model, SessionOptions options) {
        this.model = model;
        this.options = options;
    }

    @Override
    public Prediction prefill(int[] more) {
        return switch (options.logits()) {
            case ALL_POSITIONS -> append(more, more.length);
            case LAST_POSITION -> append(more, 1);
        };
    }

    @Override
    public Prediction decode(int token) {
        return append(new int[] {token}, 1);
    }

    /// Logits of the last `rows` positions. Nothing is appended if anything fails.
    private Prediction append(int[] more, int rows) {
        requireOpen();
        if (more.length == 0) {
            throw new IllegalArgumentException("no tokens to append");
        }
        for (int t = 0; t < more.length; t++) {
            if (more[t] < 0 || more[t] >= model.vocabSize()) {
                throw new IllegalArgumentException("token id " + more[t] + " at index " + t
                        + " is outside the vocabulary of " + model.vocabSize());
            }
        }
        if (more.length > options.maxContext() - tokens.length) {
            throw new IllegalArgumentException("context full: " + tokens.length + " positions held, " + more.length
                    + " to append, " + options.maxContext() + " at most");
        }
        int[] all = Arrays.copyOf(tokens, tokens.length + more.length); // [T]
        System.arraycopy(more, 0, all, tokens.length, more.length);
        float[][] logits = model.logits(all, rows); // [rows][V]
        tokens = all;
        return new Prediction.Logits(logits);
    }

    @Override
    public int length() {
        return tokens.length;
    }

    /// Nothing is cached.
    @Override
    public long kvCacheBytes() {
        return 0;
    }

    @Override
    public void reset() {
        requireOpen();
        tokens = new int[0];
    }

    @Override
    public void close() {
        closed = true;
        tokens = new int[0];
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the session is closed");
        }
    }
}
