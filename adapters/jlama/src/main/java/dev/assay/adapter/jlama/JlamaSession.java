package dev.assay.adapter.jlama;

import com.github.tjake.jlama.model.AbstractModel;
import com.github.tjake.jlama.tensor.AbstractTensor;
import com.github.tjake.jlama.tensor.KvBufferCache;
import dev.assay.engine.LogitsScope;
import dev.assay.engine.Prediction;
import dev.assay.engine.Session;
import dev.assay.engine.SessionOptions;

/// A sequence in a cache of its own. Each call is one of Jlama's batches.
final class JlamaSession implements Session {
    private final AbstractModel jlama;
    private final KvBufferCache caches;
    private final int vocabSize;
    private final SessionOptions options;
    private KvBufferCache.KvBuffer cache;
    private int length;
    private boolean closed;

    JlamaSession(AbstractModel jlama, KvBufferCache caches, int vocabSize, SessionOptions options) {
        this.jlama = jlama;
        this.caches = caches;
        this.vocabSize = vocabSize;
        this.options = options;
        this.cache = caches.getEphemeralKvBuffer();
    }

    @Override
    public Prediction prefill(int[] tokens) {
        if (closed) {
            throw new IllegalStateException("the session is closed");
        }
        if (tokens.length == 0 || length + tokens.length > options.maxContext()) {
            throw new IllegalArgumentException(
                    "expected 1 to " + (options.maxContext() - length) + " tokens, found " + tokens.length);
        }
        for (int token : tokens) {
            if (token < 0 || token >= vocabSize) {
                throw new IllegalArgumentException("expected tokens below " + vocabSize + ", found " + token);
            }
        }
        try (AbstractTensor<?, ?> hidden = jlama.batchForward(tokens, length, cache)) { // [T][D]
            length += tokens.length;
            cache.setCurrentContextPosition(length);
            int first = options.logits() == LogitsScope.ALL_POSITIONS ? 0 : tokens.length - 1;
            float[][] logits = new float[tokens.length - first][]; // [rows][V]
            for (int row = 0; row < logits.length; row++) {
                logits[row] = logits(hidden.slice(first + row));
            }
            return new Prediction.Logits(logits);
        }
    }

    private float[] logits(AbstractTensor<?, ?> hidden) {
        try (AbstractTensor<?, ?> buffer = jlama.makeDenseTensor(1, vocabSize)) {
            // At temperature 0 it only looks for the largest of the logits that it has left in the buffer.
            jlama.sample(hidden, 0, 0, buffer);
            float[] logits = new float[vocabSize]; // [V]
            for (int v = 0; v < vocabSize; v++) {
                logits[v] = buffer.get(0, v);
            }
            return logits;
        }
    }

    @Override
    public Prediction decode(int token) {
        return prefill(new int[] {token});
    }

    @Override
    public int length() {
        return length;
    }

    /// Jlama reserves pages for all layers and does not count what is used of them.
    @Override
    public long kvCacheBytes() {
        throw new UnsupportedOperationException("Jlama does not count the bytes of its cache");
    }

    @Override
    public void reset() {
        cache.close();
        cache = caches.getEphemeralKvBuffer();
        length = 0;
    }

    @Override
    public void close() {
        if (!closed) {
            cache.close();
            closed = true;
        }
    }
}
