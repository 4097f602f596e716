package dev.assay.adapter.stdio;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.checkpoint.CheckpointException;
import dev.assay.config.ConfigException;
import dev.assay.config.ModelConfig;
import dev.assay.engine.Capability;
import dev.assay.engine.Engine;
import dev.assay.engine.EngineProtocolException;
import dev.assay.engine.LoadOptions;
import dev.assay.engine.Model;
import dev.assay.engine.Prediction;
import dev.assay.engine.Session;
import dev.assay.engine.SessionOptions;
import dev.assay.engine.Support;
import dev.assay.engine.TapListener;
import dev.assay.engine.TapPoint;
import dev.assay.engine.UnsupportedModelException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Answers requests with an engine, one after the other, until it is told to shut down or its input ends.
final class Server {
    private final Engine engine;
    private final Wire wire;
    private final Map<Long, OpenSession> sessions = new TreeMap<>();
    private long sessionsOpened;
    private @Nullable Loaded loaded;

    Server(Engine engine, Wire wire) {
        this.engine = engine;
        this.wire = wire;
    }

    /// The model, the checkpoint that stays open for it, and whether its sessions count the bytes of their caches.
    private record Loaded(Checkpoint checkpoint, Model model, boolean countsKvCacheBytes) {}

    private record OpenSession(Session session, Recorder recorder) {}

    /// What a session reports during a call, copied because it is valid only then.
    private static final class Recorder implements TapListener {
        private final List<Answer.TapFrame> taps = new ArrayList<>();
        private final List<float[][]> rows = new ArrayList<>();
        private final List<Answer.Routing> routings = new ArrayList<>();

        @Override
        public void on(TapPoint point, float[][] values) {
            float[][] copy = new float[values.length][]; // [T][width]
            for (int t = 0; t < values.length; t++) {
                copy[t] = values[t].clone();
            }
            taps.add(new Answer.TapFrame(point.toString(), copy.length, columns(copy)));
            rows.add(copy);
        }

        @Override
        public void onRoutedExperts(int layer, int[][] experts) {
            int[][] copy = new int[experts.length][]; // [T][k]
            for (int t = 0; t < experts.length; t++) {
                copy[t] = experts[t].clone();
            }
            routings.add(new Answer.Routing(layer, copy));
        }

        void clear() {
            taps.clear();
            rows.clear();
            routings.clear();
        }
    }

    /// Serves until the end.
    ///
    /// @throws EngineProtocolException if a line is no request
    void run() throws IOException {
        try {
            boolean more = true;
            while (more) {
                String line = wire.readLine();
                more = line != null && serve(line);
                wire.flush();
            }
        } finally {
            unload();
        }
    }

    /// Answers one request; false if it was the last.
    private boolean serve(String line) throws IOException {
        Request request;
        try {
            request = Wire.parse(line, Request.class, "a request");
        } catch (EngineProtocolException e) {
            fail(0, Answer.Failure.Kind.ILLEGAL_ARGUMENT, e);
            throw e;
        }
        try {
            answer(request);
        } catch (UnsupportedModelException | UnsupportedOperationException e) {
            fail(request.id(), Answer.Failure.Kind.UNSUPPORTED, e);
        } catch (CheckpointException e) {
            fail(request.id(), Answer.Failure.Kind.CHECKPOINT, e);
        } catch (IllegalArgumentException | ConfigException e) {
            fail(request.id(), Answer.Failure.Kind.ILLEGAL_ARGUMENT, e);
        } catch (IllegalStateException e) {
            fail(request.id(), Answer.Failure.Kind.ILLEGAL_STATE, e);
        } catch (RuntimeException | LinkageError | StackOverflowError | OutOfMemoryError e) {
            fail(request.id(), Answer.Failure.Kind.INTERNAL, e);
        }
        return !(request instanceof Request.Shutdown);
    }

    private void fail(long id, Answer.Failure.Kind kind, Throwable e) throws IOException {
        String message = e.getMessage();
        if (message == null || e.getCause() != null || kind == Answer.Failure.Kind.INTERNAL) {
            message = e + place(e);
        }
        wire.write(new Answer.Failed(id, new Answer.Failure(kind, message)));
        wire.flush();
    }

    /// Where the first cause of an exception lies, outside of the JDK; empty if nobody knows.
    private static String place(Throwable e) {
        Throwable first = e;
        while (first.getCause() != null) {
            first = first.getCause();
        }
        return Arrays.stream(first.getStackTrace())
                .filter(frame ->
                        frame.getModuleName() == null || !frame.getModuleName().matches("(java|jdk)\\..*"))
                .findFirst()
                .map(frame -> " at " + frame)
                .orElse("");
    }

    private void answer(Request request) throws IOException {
        switch (request) {
            case Request.Hello hello -> wire.write(new Answer.Welcome(hello.id(), Wire.PROTOCOL, engine.info()));
            case Request.Supports(long id, var config) ->
                wire.write(
                        new Answer.Supporting(id, engine.supports(ModelConfig.parse(config.toString(), "supports"))));
            case Request.Load load -> load(load);
            case Request.Open open -> open(open);
            case Request.Prefill(long id, long session, int[] tokens) -> {
                OpenSession open = session(session);
                predicted(id, open, open.session().prefill(tokens));
            }
            case Request.Decode(long id, long session, int token) -> {
                OpenSession open = session(session);
                predicted(id, open, open.session().decode(token));
            }
            case Request.Reset(long id, long session) -> {
                Session open = session(session).session();
                open.reset();
                wire.write(new Answer.Emptied(id, kvCacheBytes(open)));
            }
            case Request.Close(long id, long session) -> {
                session(session).session().close();
                sessions.remove(session);
                wire.write(new Answer.Done(id));
            }
            case Request.Shutdown(long id) -> {
                unload();
                wire.write(new Answer.Done(id));
            }
        }
    }

    private void load(Request.Load request) throws IOException {
        if (loaded != null) {
            throw new IllegalStateException("a model is loaded already, and a process has but one");
        }
        Checkpoint checkpoint = Checkpoint.open(Path.of(request.folder()));
        try {
            // Asked again, as a harness may load without asking.
            Set<Capability> capabilities = switch (engine.supports(checkpoint.config())) {
                case Support.Supported(Set<Capability> able) -> able;
                case Support.Unsupported(String reason) -> throw new UnsupportedModelException(reason);
            };
            Model model = engine.load(checkpoint, new LoadOptions(request.threads(), request.kvCache()));
            loaded = new Loaded(checkpoint, model, capabilities.contains(Capability.KV_CACHE_BYTES));
            wire.write(new Answer.Loaded(request.id(), model.execution(), model.footprint()));
        } finally {
            if (loaded == null) {
                checkpoint.close();
            }
        }
    }

    private void open(Request.Open request) throws IOException {
        Recorder recorder = new Recorder();
        SessionOptions options = SessionOptions.ofContext(request.maxContext()).withLogits(request.logits());
        Session session = loaded().model().newSession(request.taps() ? options.withTaps(recorder) : options);
        sessions.put(++sessionsOpened, new OpenSession(session, recorder));
        wire.write(new Answer.Opened(request.id(), sessionsOpened, kvCacheBytes(session)));
    }

    private void predicted(long id, OpenSession open, Prediction prediction) throws IOException {
        Recorder recorder = open.recorder();
        Answer.Outline outline = switch (prediction) {
            case Prediction.Logits(float[][] values) -> new Answer.Outline.Logits(values.length, columns(values));
            case Prediction.TopLogProbabilities top -> new Answer.Outline.TopLogProbabilities(top.tokens());
            case Prediction.GreedyTokens(int[] tokens) -> new Answer.Outline.GreedyTokens(tokens);
        };
        wire.write(new Answer.Predicted(
                id, open.session().length(), kvCacheBytes(open.session()), recorder.taps, recorder.routings, outline));
        for (float[][] rows : recorder.rows) {
            wire.write(rows);
        }
        switch (prediction) {
            case Prediction.Logits(float[][] values) -> wire.write(values);
            case Prediction.TopLogProbabilities top -> wire.write(top.logProbabilities());
            case Prediction.GreedyTokens _ -> {}
        }
        recorder.clear();
    }

    private static int columns(float[][] rows) {
        return rows.length == 0 ? 0 : rows[0].length;
    }

    private @Nullable Long kvCacheBytes(Session session) {
        return loaded().countsKvCacheBytes() ? session.kvCacheBytes() : null;
    }

    private Loaded loaded() {
        if (loaded == null) {
            throw new IllegalStateException("no model is loaded");
        }
        return loaded;
    }

    private OpenSession session(long number) {
        OpenSession open = sessions.get(number);
        if (open == null) {
            throw new IllegalStateException("session " + number + " is not open");
        }
        return open;
    }

    private void unload() {
        sessions.values().forEach(open -> open.session().close());
        sessions.clear();
        if (loaded != null) {
            loaded.model().close();
            loaded.checkpoint().close();
            loaded = null;
        }
    }
}
