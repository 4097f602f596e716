package dev.assay.adapter.stdio;

import dev.assay.checkpoint.CheckpointException;
import dev.assay.engine.EngineCrashedException;
import dev.assay.engine.EngineInfo;
import dev.assay.engine.EngineLostException;
import dev.assay.engine.EngineProtocolException;
import dev.assay.engine.EngineTimeoutException;
import dev.assay.engine.UnsupportedModelException;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/// A process that speaks the protocol. The first failure ends it, and every later call gets the same one.
final class Child implements AutoCloseable {
    /// How long a process whose output has ended may take to end itself, and one that was told to.
    private static final Duration GRACE = Duration.ofSeconds(2);

    private static final int LAST_LINES = 10;

    /// Those that must not outlive this JVM, whatever ends it.
    private static final Set<Child> RUNNING = ConcurrentHashMap.newKeySet();

    static {
        Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().unstarted(() -> RUNNING.forEach(Child::kill)));
    }

    private final Process process;
    private final Wire wire;
    private final Limits limits;
    private final LastWords lastWords;
    private final EngineInfo info;

    /// Talks to the process, so that whoever waits for an answer can stop waiting.
    private final ExecutorService talker = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("stdio-", 0).factory());

    private long requests;
    private @Nullable EngineLostException lost;

    /// What follows the line of an answer.
    @FunctionalInterface
    interface Body<A extends Answer, R> {
        R read(A answer, Wire wire) throws IOException;
    }

    /// Starts a process and greets it.
    ///
    /// @throws EngineLostException if it does not start, or does not greet back in time
    static Child start(List<String> command, Limits limits) {
        try {
            ProcessBuilder builder = new ProcessBuilder(command);
            builder.environment().remove(StdioEngine.SECRET);
            return new Child(builder.start(), limits);
        } catch (IOException e) {
            throw new EngineCrashedException("cannot be started: " + e.getMessage());
        }
    }

    private Child(Process process, Limits limits) {
        this.process = process;
        this.limits = limits;
        this.wire = new Wire(process.getInputStream(), process.getOutputStream());
        this.lastWords = new LastWords(process.getErrorStream());
        RUNNING.add(this);
        Answer.Welcome welcome =
                call(id -> new Request.Hello(id, Wire.PROTOCOL), Answer.Welcome.class, limits.start(), (a, _) -> a);
        if (!welcome.protocol().equals(Wire.PROTOCOL)) {
            throw lose(new EngineProtocolException(
                    "hello: expected the protocol " + Wire.PROTOCOL + ", found " + welcome.protocol()));
        }
        this.info = welcome.engine();
    }

    EngineInfo info() {
        return info;
    }

    /// Loads a model, within its own time limit.
    Answer.Loaded load(LongFunction<Request.Load> request) {
        return call(request, Answer.Loaded.class, limits.load(), (answer, _) -> answer);
    }

    /// Asks what is answered by a line alone.
    <A extends Answer> A call(LongFunction<? extends Request> request, Class<A> type) {
        return call(request, type, limits.call(), (answer, _) -> answer);
    }

    /// Asks what is answered by a line and frames.
    <A extends Answer, R> R call(LongFunction<? extends Request> request, Class<A> type, Body<A, R> body) {
        return call(request, type, limits.call(), body);
    }

    private <A extends Answer, R> R call(
            LongFunction<? extends Request> numbered, Class<A> type, Duration limit, Body<A, R> body) {
        if (lost != null) {
            throw lost;
        }
        Request request = numbered.apply(++requests);
        String name = Wire.name(request);
        Future<R> answer = talker.submit(() -> exchange(request, type, body));
        try {
            return answer.get(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw lose(new EngineTimeoutException(
                    name + ": no answer within " + limit.toMillis() + " ms" + lastWords.text()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw lose(new EngineTimeoutException(name + ": interrupted while it was waited for"));
        } catch (ExecutionException e) {
            throw switch (e.getCause()) {
                case EngineProtocolException broken ->
                    lose(new EngineProtocolException(name + ": " + broken.getMessage() + lastWords.text()));
                case EOFException ended -> lose(ended(name, String.valueOf(ended.getMessage())));
                // The process no longer reads.
                case IOException _ -> lose(ended(name, ""));
                case RuntimeException refused -> refused;
                case null, default -> new IllegalStateException(name, e);
            };
        }
    }

    private <A extends Answer, R> R exchange(Request request, Class<A> type, Body<A, R> body) throws IOException {
        wire.write(request);
        wire.flush();
        String line = wire.readLine();
        if (line == null) {
            throw new EOFException("");
        }
        Answer answer = Wire.parseAnswer(line, request, type);
        if (answer instanceof Answer.Failed(long id, Answer.Failure(Answer.Failure.Kind kind, String message))) {
            if (id == 0) {
                throw new EngineProtocolException("the engine takes it for no request: " + message);
            }
            throw refusal(kind, message, request);
        }
        return body.read(type.cast(answer), wire);
    }

    /// What an engine in this JVM would have thrown.
    private static RuntimeException refusal(Answer.Failure.Kind kind, String message, Request request) {
        return switch (kind) {
            case UNSUPPORTED ->
                request instanceof Request.Load
                        ? new UnsupportedModelException(message)
                        : new UnsupportedOperationException(message);
            case CHECKPOINT -> new CheckpointException(message);
            case ILLEGAL_ARGUMENT -> new IllegalArgumentException(message);
            case ILLEGAL_STATE -> new IllegalStateException(message);
            case INTERNAL -> new EngineFailure(message);
        };
    }

    /// An engine's output has ended.
    ///
    /// @param where within its answer, empty if before it
    private EngineLostException ended(String request, String where) {
        String place = request + ": " + (where.isEmpty() ? "" : "its answer ends " + where + "; ");
        try {
            if (!process.waitFor(GRACE)) {
                return new EngineProtocolException(
                        place + "expected an answer, found its standard output closed" + lastWords.text());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        int code = process.isAlive() ? 0 : process.exitValue();
        lastWords.awaitEnd();
        // A shell and Java both report the signal N that ended a process as 128 + N.
        String how = "the process ended with exit code " + code
                + (code > 128 ? " (signal " + (code - 128) + ")" : "")
                + lastWords.text();
        // Who ends as if all were well in the middle of an answer has not crashed but said too little.
        return code == 0 && !where.isEmpty()
                ? new EngineProtocolException(place + "expected the rest; " + how)
                : new EngineCrashedException(place + how);
    }

    private EngineLostException lose(EngineLostException failure) {
        lost = failure;
        kill();
        return failure;
    }

    private void kill() {
        // A shell's children too: they would keep its output open.
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
        talker.shutdownNow();
        RUNNING.remove(this);
    }

    /// Ends the process, kindly if it still answers.
    @Override
    public void close() {
        if (lost == null) {
            try {
                call(Request.Shutdown::new, Answer.Done.class, GRACE, (answer, _) -> answer);
                process.waitFor(GRACE);
            } catch (EngineLostException _) {
                // It was asked for nothing that anyone still waits for.
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        lose(new EngineCrashedException("the process has been ended"));
    }

    /// An engine's own failure, as it reported it.
    private static final class EngineFailure extends RuntimeException {
        private static final long serialVersionUID = 1L;

        EngineFailure(String message) {
            super(message);
        }
    }

    /// The end of what a process writes to standard error.
    private static final class LastWords {
        private static final int BYTES = 4096;

        private final Thread reader;
        private final byte[] ring = new byte[BYTES];
        private long count;

        LastWords(InputStream stderr) {
            reader = Thread.ofPlatform().daemon().name("stderr").start(() -> {
                try (stderr) {
                    byte[] bytes = new byte[BYTES];
                    for (int read = stderr.read(bytes); read >= 0; read = stderr.read(bytes)) {
                        append(bytes, read);
                    }
                } catch (IOException e) {
                    // The process was ended while it wrote.
                }
            });
        }

        private synchronized void append(byte[] bytes, int length) {
            for (int i = 0; i < length; i++) {
                ring[(int) (count++ % BYTES)] = bytes[i];
            }
        }

        void awaitEnd() {
            try {
                reader.join(GRACE);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        /// `; standard error ends: ...`, or nothing if nothing was written.
        synchronized String text() {
            int kept = (int) Math.min(count, BYTES);
            byte[] bytes = new byte[kept];
            for (int i = 0; i < kept; i++) {
                bytes[i] = ring[(int) ((count - kept + i) % BYTES)];
            }
            List<String> lines =
                    new String(bytes, StandardCharsets.UTF_8).strip().lines().toList();
            List<String> last = lines.subList(Math.max(0, lines.size() - LAST_LINES), lines.size());
            return last.isEmpty() ? "" : "; standard error ends: " + String.join(" | ", last);
        }
    }
}
