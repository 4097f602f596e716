package dev.assay.adapter.llamacpp;

import dev.assay.engine.LogitsScope;
import dev.assay.engine.Prediction;
import dev.assay.engine.Session;
import dev.assay.engine.SessionOptions;
import java.lang.foreign.MemorySegment;

/// A llama.cpp context with one sequence.
final class LlamaCppSession implements Session {
    private final LlamaLibrary library;
    private final MemorySegment context;
    private final int vocabSize;
    private final SessionOptions options;
    private int length;
    private boolean closed;

    LlamaCppSession(LlamaLibrary library, MemorySegment context, int vocabSize, SessionOptions options) {
        this.library = library;
        this.context = context;
        this.vocabSize = vocabSize;
        this.options = options;
    }

    @Override
    public Prediction prefill(int[] tokens) {
        return append(tokens, options.logits() == LogitsScope.ALL_POSITIONS ? 0 : tokens.length - 1);
    }

    @Override
    public Prediction decode(int token) {
        return append(new int[] {token}, 0);
    }

    private Prediction append(int[] tokens, int from) {
        requireOpen();
        if (tokens.length == 0) {
            throw new IllegalArgumentException("no tokens to append");
        }
        if (tokens.length > options.maxContext() - length) {
            throw new IllegalArgumentException("context full: " + length + " positions held, " + tokens.length
                    + " to append, " + options.maxContext() + " at most");
        }
        for (int token : tokens) {
            if (token < 0 || token >= vocabSize) {
                throw new IllegalArgumentException("token " + token + ": expected 0 to " + (vocabSize - 1));
            }
        }
        float[][] logits = library.decode(context, tokens, length, from, vocabSize); // [T - from][V]
        length += tokens.length;
        return new Prediction.Logits(logits);
    }

    @Override
    public int length() {
        return length;
    }

    /// llama.cpp reserves its cache when a context is opened and does not say what a position takes.
    @Override
    public long kvCacheBytes() {
        throw new UnsupportedOperationException("llama.cpp does not say how many bytes it holds for positions");
    }

    @Override
    public void reset() {
        requireOpen();
        library.clear(context);
        length = 0;
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            length = 0;
            library.freeContext(context);
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the session is closed");
        }
    }
}
