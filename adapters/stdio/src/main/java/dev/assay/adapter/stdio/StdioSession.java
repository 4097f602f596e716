package dev.assay.adapter.stdio;

import dev.assay.engine.EngineLostException;
import dev.assay.engine.EngineProtocolException;
import dev.assay.engine.Prediction;
import dev.assay.engine.Session;
import dev.assay.engine.TapListener;
import dev.assay.engine.TapPoint;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/// A session of a model in another process. Results are the caller's for good: each answer is read into new arrays.
final class StdioSession implements Session {
    private final Child child;
    private final long session;
    private final TapListener taps;
    private final boolean asksForTaps;
    private int length;
    private @Nullable Long kvCacheBytes;
    private boolean closed;

    /// @param asksForTaps whether the engine was asked for what `taps` receives
    StdioSession(Child child, Answer.Opened opened, TapListener taps, boolean asksForTaps) {
        this.child = child;
        this.session = opened.session();
        this.taps = taps;
        this.asksForTaps = asksForTaps;
        this.kvCacheBytes = opened.kvCacheBytes();
    }

    /// An answer with its frames.
    private record Reply(Answer.Predicted answer, List<Tapped> taps, Prediction prediction) {}

    private record Tapped(TapPoint point, float[][] rows) {}

    @Override
    public Prediction prefill(int[] tokens) {
        return predict(id -> new Request.Prefill(id, session, tokens));
    }

    @Override
    public Prediction decode(int token) {
        return predict(id -> new Request.Decode(id, session, token));
    }

    private Prediction predict(LongFunction<Request> request) {
        requireOpen();
        Reply reply = child.call(request, Answer.Predicted.class, this::read);
        length = reply.answer().length();
        kvCacheBytes = reply.answer().kvCacheBytes();
        reply.taps().forEach(tapped -> taps.on(tapped.point(), tapped.rows()));
        reply.answer().routedExperts().forEach(routing -> taps.onRoutedExperts(routing.layer(), routing.experts()));
        return reply.prediction();
    }

    private Reply read(Answer.Predicted answer, Wire wire) throws IOException {
        if (!asksForTaps && !(answer.taps().isEmpty() && answer.routedExperts().isEmpty())) {
            throw new EngineProtocolException("expected no taps and no routed experts, as none were asked for, found "
                    + answer.taps().size() + " and " + answer.routedExperts().size());
        }
        List<Tapped> tapped = new ArrayList<>();
        for (Answer.TapFrame frame : answer.taps()) {
            tapped.add(new Tapped(point(frame.tap()), wire.readFrame(frame.tap(), frame.rows(), frame.columns())));
        }
        Prediction prediction = switch (answer.prediction()) {
            case Answer.Outline.Logits(int rows, int columns) ->
                new Prediction.Logits(wire.readFrame("logits", rows, columns));
            case Answer.Outline.TopLogProbabilities(int[][] tokens) ->
                new Prediction.TopLogProbabilities(
                        tokens, wire.readFrame("log_probabilities", tokens.length, width(tokens)));
            case Answer.Outline.GreedyTokens(int[] tokens) -> new Prediction.GreedyTokens(tokens);
        };
        return new Reply(answer, tapped, prediction);
    }

    private static TapPoint point(String tap) {
        try {
            return TapPoint.parse(tap);
        } catch (IllegalArgumentException e) {
            throw new EngineProtocolException("expected the name of a tap, found '" + tap + "'");
        }
    }

    private static int width(int[][] rows) {
        int width = rows.length == 0 ? 0 : rows[0].length;
        for (int[] row : rows) {
            if (row.length != width) {
                throw new EngineProtocolException(
                        "top tokens: expected " + width + " in each row, as in the first, found " + row.length);
            }
        }
        return width;
    }

    @Override
    public int length() {
        return length;
    }

    @Override
    public long kvCacheBytes() {
        if (kvCacheBytes == null) {
            throw new UnsupportedOperationException("the engine does not count the bytes of its cache");
        }
        return kvCacheBytes;
    }

    @Override
    public void reset() {
        requireOpen();
        kvCacheBytes = child.call(id -> new Request.Reset(id, session), Answer.Emptied.class)
                .kvCacheBytes();
        length = 0;
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the session is closed");
        }
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        try {
            child.call(id -> new Request.Close(id, session), Answer.Done.class);
        } catch (EngineLostException _) {
            // The session went with its process; whatever ended that has been thrown, or will be by the next call.
        }
    }
}
