package dev.assay.vector;

import dev.assay.engine.KvCacheType;
import dev.assay.engine.LogitsScope;
import dev.assay.engine.Prediction;
import dev.assay.engine.ResultLifetime;
import dev.assay.engine.Session;
import dev.assay.engine.SessionOptions;
import dev.assay.vector.stage.Program;
import dev.assay.vector.stage.Runner;
import dev.assay.vector.thread.Workers;
import org.jspecify.annotations.Nullable;

/// A session's tokens so far, and the checks that stages leave out.
final class VectorSession implements Session {
    private final int vocabSize;
    private final SessionOptions options;
    private final int[] single = new int[1];
    private final Prediction.Logits reused;
    private @Nullable Runner runner; // null once closed
    private @Nullable Thread owner;
    private int length;
    /// Whether a pass was left by an exception, so that some layers have cached its tokens and others have not.
    private boolean torn;

    VectorSession(Program program, Workers workers, KvCacheType kvCache, SessionOptions options) {
        this.vocabSize = program.plan().vocabSize();
        this.options = options;
        this.reused = new Prediction.Logits(new float[1][vocabSize]);
        this.runner = new Runner(program, workers, kvCache, options);
    }

    @Override
    public Prediction prefill(int[] tokens) {
        Runner open = begin(tokens);
        if (options.logits() == LogitsScope.LAST_POSITION || tokens.length == 1) {
            return last(open, tokens);
        }
        float[][] logits = new float[tokens.length][vocabSize]; // [T][V]
        open.runForAll(tokens, length, logits);
        end(tokens);
        return new Prediction.Logits(logits);
    }

    @Override
    public Prediction decode(int token) {
        single[0] = token;
        return last(begin(single), single);
    }

    private Prediction last(Runner open, int[] tokens) {
        Prediction.Logits logits = options.results() == ResultLifetime.UNTIL_NEXT_CALL
                ? reused
                : new Prediction.Logits(new float[1][vocabSize]);
        open.runForLast(tokens, length, logits.values());
        end(tokens);
        return logits;
    }

    private Runner begin(int[] tokens) {
        Runner open = requireOpen();
        if (torn) {
            throw new IllegalStateException("an earlier call was cut short: reset the session");
        }
        if (tokens.length == 0) {
            throw new IllegalArgumentException("no tokens to append");
        }
        if (tokens.length > options.maxContext() - length) {
            throw new IllegalArgumentException("context full: " + length + " positions held, " + tokens.length
                    + " to append, " + options.maxContext() + " at most");
        }
        open.check(tokens, length);
        torn = true;
        return open;
    }

    private void end(int[] tokens) {
        length += tokens.length;
        torn = false;
    }

    @Override
    public int length() {
        return length;
    }

    @Override
    public long kvCacheBytes() {
        return runner == null ? 0 : runner.kvCacheBytes();
    }

    @Override
    public void reset() {
        requireOpen().reset();
        length = 0;
        torn = false;
    }

    @Override
    public void close() {
        runner = null;
        length = 0;
    }

    private Runner requireOpen() {
        Runner open = runner;
        if (open == null) {
            throw new IllegalStateException("the session is closed");
        }
        if (owner == null) {
            owner = Thread.currentThread();
        } else if (owner != Thread.currentThread()) {
            throw new IllegalStateException("the session belongs to thread " + owner.getName() + ", called from "
                    + Thread.currentThread().getName());
        }
        return open;
    }
}
