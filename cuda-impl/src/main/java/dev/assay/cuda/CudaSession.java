package dev.assay.cuda;

import dev.assay.cuda.driver.Device;
import dev.assay.cuda.stage.Program;
import dev.assay.cuda.stage.Runner;
import dev.assay.engine.LogitsScope;
import dev.assay.engine.Prediction;
import dev.assay.engine.ResultLifetime;
import dev.assay.engine.Session;
import dev.assay.engine.SessionOptions;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A session's tokens so far, and the checks that stages leave out.
final class CudaSession implements Session {
    private final Device device;
    private final Program program;
    private final int vocabSize;
    private final SessionOptions options;
    private final int[] single = new int[1];
    private final Prediction.Logits reused;
    private @Nullable Runner runner; // null once closed
    private int length;
    /// Whether a call was left by an exception, so that some layers have cached its tokens and others have not.
    private boolean torn;

    CudaSession(Device device, Program program, Runner runner, SessionOptions options) {
        this.device = device;
        this.program = program;
        this.runner = runner;
        this.vocabSize = program.plan().vocabSize();
        this.options = options;
        this.reused = new Prediction.Logits(new float[1][vocabSize]);
    }

    @Override
    public Prediction prefill(int[] tokens) {
        Runner open = begin(tokens);
        if (options.logits() == LogitsScope.LAST_POSITION || tokens.length == 1) {
            return last(open, tokens);
        }
        float[][] logits = new float[tokens.length][vocabSize]; // [T][V]
        int start = length;
        end(tokens, device.call(() -> open.runForAll(tokens, start, logits)));
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
        int start = length;
        end(tokens, device.call(() -> open.runForLast(tokens, start, logits.values())));
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
        Runner.check(program, tokens, length);
        torn = true;
        return open;
    }

    private void end(int[] tokens, List<Runnable> told) {
        // What the session tells its listener, it tells on the thread that called it.
        told.forEach(Runnable::run);
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
        Runner open = runner;
        runner = null;
        length = 0;
        if (open != null) {
            device.free(open::close);
        }
    }

    private Runner requireOpen() {
        Runner open = runner;
        if (open == null) {
            throw new IllegalStateException("the session is closed");
        }
        return open;
    }
}
