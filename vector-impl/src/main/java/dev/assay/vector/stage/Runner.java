package dev.assay.vector.stage;

import dev.assay.engine.KvCacheType;
import dev.assay.engine.LogitsScope;
import dev.assay.engine.SessionOptions;
import dev.assay.engine.TapListener;
import dev.assay.engine.TapPoint;
import dev.assay.plan.Rotary;
import dev.assay.vector.cache.SessionCache;
import dev.assay.vector.thread.Workers;

/// Runs a program for one session.
public final class Runner {
    /// The most tokens of a pass: enough that reading the weights costs little beside multiplying with them, few
    /// enough that intermediate values stay small. With taps a pass takes all tokens of a call, whose values
    /// belong together.
    private static final int BATCH = 512;

    private final Program program;
    private final SessionCache cache;
    private final Pass pass;
    private final Head.HeadPass headPass;
    private final int batch;
    private final double[][] frequencies; // [tables][pairs]
    private final double[] factors; // [tables]

    public Runner(Program program, Workers workers, KvCacheType kvCache, SessionOptions options) {
        this.program = program;
        this.batch = batch(options);
        this.cache = new SessionCache(program.plan(), kvCache, options.maxContext(), batch);
        this.pass = new Pass(program.layout(), workers, cache, options.taps(), batch, options.maxContext());
        boolean blocks = batch > 1 && options.logits() == LogitsScope.ALL_POSITIONS;
        this.headPass = new Head.HeadPass(
                pass,
                program.plan().hiddenSize(),
                blocks ? Math.multiplyExact(Head.ROWS, program.head().vocabSize()) : 0);
        this.frequencies = new double[program.layout().rotaries().size()][];
        this.factors = new double[frequencies.length];
        for (int i = 0; i < frequencies.length; i++) {
            Rotary rotary = program.layout().rotaries().get(i);
            frequencies[i] = rotary.inverseFrequencies();
            factors[i] = switch (rotary) {
                case Rotary.None _ -> 1;
                case Rotary.HalfSplit halfSplit -> halfSplit.factor();
                case Rotary.Interleaved interleaved -> interleaved.factor();
            };
        }
    }

    private static int batch(SessionOptions options) {
        return options.taps().equals(TapListener.NONE) ? Math.min(BATCH, options.maxContext()) : options.maxContext();
    }

    /// Bytes that a session would take for its cache and its intermediate values.
    public static long bytes(Program program, int threads, KvCacheType kvCache, SessionOptions options) {
        int batch = batch(options);
        return SessionCache.reservedBytes(program.plan(), kvCache, options.maxContext(), batch)
                + program.layout().bytes(threads, batch, options.maxContext());
    }

    /// Refuses tokens that the program cannot embed.
    ///
    /// @throws IllegalArgumentException if there are any
    public void check(int[] tokens, int start) {
        for (int t = 0; t < tokens.length; t++) {
            if (tokens[t] < 0 || tokens[t] >= program.embeddableIds()) {
                throw new IllegalArgumentException("token id " + tokens[t] + " at index " + t
                        + " cannot be embedded: ids are below " + program.embeddableIds());
            }
        }
        if ((long) start + tokens.length > program.embeddablePositions()) {
            throw new IllegalArgumentException("position " + (start + tokens.length - 1) + " cannot be embedded: "
                    + program.embeddablePositions() + " positions were learned");
        }
    }

    /// Appends tokens and gives logits of all of them.
    ///
    /// @param logits receives them, `[tokens][V]`
    public void runForAll(int[] tokens, int start, float[][] logits) {
        for (int done = 0; done < tokens.length; done += batch) {
            int count = Math.min(batch, tokens.length - done);
            run(tokens, done, count, start + done);
            if (count == 1) {
                program.head().logits(headPass, 0, logits[done]);
            } else {
                float[][] part = new float[count][];
                System.arraycopy(logits, done, part, 0, count);
                program.head().logits(headPass, 0, part);
            }
        }
        tapLogits(logits);
    }

    /// Appends tokens and gives logits of the last one.
    ///
    /// @param logits receives them, `[1][V]`
    public void runForLast(int[] tokens, int start, float[][] logits) {
        int count = 0;
        for (int done = 0; done < tokens.length; done += batch) {
            count = Math.min(batch, tokens.length - done);
            run(tokens, done, count, start + done);
        }
        program.head().logits(headPass, count - 1, logits[0]);
        tapLogits(logits);
    }

    private void tapLogits(float[][] logits) {
        if (pass.isTapped()) {
            pass.taps.on(TapPoint.LOGITS, logits);
        }
    }

    private void run(int[] tokens, int offset, int count, int start) {
        pass.begin(tokens, offset, count, start);
        for (int i = 0; i < frequencies.length; i++) {
            turn(frequencies[i], factors[i], pass.cos[i], pass.sin[i]);
        }
        for (int i = 0; i < program.stages().size(); i++) {
            program.stages().get(i).run(pass);
        }
        cache.forget();
    }

    /// cos and sin of this pass, `[tokens][pairs]`; angles are double.
    private void turn(double[] ofPairs, double factor, float[] cos, float[] sin) {
        for (int t = 0; t < pass.tokens(); t++) {
            double position = (double) pass.start() + t;
            for (int j = 0; j < ofPairs.length; j++) {
                double angle = position * ofPairs[j];
                cos[t * ofPairs.length + j] = (float) (factor * Math.cos(angle));
                sin[t * ofPairs.length + j] = (float) (factor * Math.sin(angle));
            }
        }
    }

    public void reset() {
        cache.clear();
    }

    public long kvCacheBytes() {
        return cache.bytes();
    }
}
