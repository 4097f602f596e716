package dev.assay.mutants.catalogue;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.config.ModelConfig;
import dev.assay.engine.Engine;
import dev.assay.engine.EngineInfo;
import dev.assay.engine.Execution;
import dev.assay.engine.Footprint;
import dev.assay.engine.LoadOptions;
import dev.assay.engine.LogitsScope;
import dev.assay.engine.Model;
import dev.assay.engine.Prediction;
import dev.assay.engine.Session;
import dev.assay.engine.SessionOptions;
import dev.assay.engine.Support;
import dev.assay.engine.TapListener;
import dev.assay.engine.TapPoint;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// Right engines whose sessions are used wrongly.
final class Faults {
    private Faults() {}

    /// Opens a session with a fault.
    @FunctionalInterface
    interface Opening {
        Session open(Model model, SessionOptions options);
    }

    // --------------------------------------------------------------------------------------------------------- faults

    /// Prompts of more than 8 tokens are fed in batches of 8, with the session reset between them.
    static Engine forgetsEarlierBatches(Engine right) {
        return faulty(right, (model, options) -> new Faulty(model.newSession(options)) {
            @Override
            public Prediction prefill(int[] tokens) {
                if (tokens.length <= 8) {
                    return super.prefill(tokens);
                }
                List<float[]> rows = new ArrayList<>();
                for (int start = 0; start < tokens.length; start += 8) {
                    if (start > 0) {
                        inner.reset();
                    }
                    int[] batch = Arrays.copyOfRange(tokens, start, Math.min(tokens.length, start + 8));
                    rows.addAll(Arrays.asList(logits(super.prefill(batch))));
                }
                return ofScope(options, rows.toArray(float[][]::new));
            }
        });
    }

    /// In calls of 2 to 7 tokens, the second half of the rows repeat the first.
    static Engine wrongForSmallBatches(Engine right) {
        return faulty(right, (model, options) -> new Faulty(model.newSession(options)) {
            @Override
            public Prediction prefill(int[] tokens) {
                float[][] rows = logits(super.prefill(tokens));
                if (tokens.length >= 2 && tokens.length <= 7) {
                    for (int t = rows.length / 2; t < rows.length; t++) {
                        rows[t] = rows[0].clone();
                    }
                }
                return new Prediction.Logits(rows);
            }
        });
    }

    /// A reset says that it is done and leaves everything as it was.
    static Engine resetsNothing(Engine right) {
        return faulty(right, (model, options) -> {
            // Room for what should have been forgotten, or the engine would notice itself.
            SessionOptions roomy = new SessionOptions(
                    Math.multiplyExact(64, options.maxContext()), options.logits(), options.taps(), options.results());
            return new Faulty(model.newSession(roomy)) {
                private int forgotten;

                @Override
                public int length() {
                    return inner.length() - forgotten;
                }

                @Override
                public void reset() {
                    forgotten = inner.length();
                }
            };
        });
    }

    /// softmax(logits) in place of logits.
    static Engine returnsProbabilities(Engine right) {
        return changingLogits(right, row -> {
            double max = Double.NEGATIVE_INFINITY;
            for (float logit : row) {
                max = Math.max(max, logit);
            }
            double sum = 0;
            for (float logit : row) {
                sum += Math.exp(logit - max);
            }
            float[] probabilities = new float[row.length];
            for (int i = 0; i < row.length; i++) {
                probabilities[i] = (float) (Math.exp(row[i] - max) / sum);
            }
            return probabilities;
        });
    }

    /// Twice the logits: the same tokens win.
    static Engine doublesLogits(Engine right) {
        return changingLogits(right, row -> {
            float[] doubled = new float[row.length];
            for (int i = 0; i < row.length; i++) {
                doubled[i] = 2 * row[i];
            }
            return doubled;
        });
    }

    /// Token 0 stands in front of every sequence; its own logits are not returned.
    static Engine prependsToken(Engine right) {
        return faulty(right, (model, options) -> {
            MutedTaps taps = new MutedTaps(options.taps());
            SessionOptions roomy =
                    new SessionOptions(options.maxContext() + 1, options.logits(), taps, options.results());
            return new Faulty(model.newSession(roomy)) {
                @Override
                public Prediction prefill(int[] tokens) {
                    begin();
                    return super.prefill(tokens);
                }

                @Override
                public Prediction decode(int token) {
                    begin();
                    return super.decode(token);
                }

                private void begin() {
                    if (inner.length() == 0) {
                        taps.muted = true;
                        inner.decode(0);
                        taps.muted = false;
                    }
                }

                @Override
                public int length() {
                    return Math.max(0, inner.length() - 1);
                }
            };
        });
    }

    /// Passes on what is not to be kept quiet.
    private static final class MutedTaps implements TapListener {
        private final TapListener listener;
        private boolean muted;

        MutedTaps(TapListener listener) {
            this.listener = listener;
        }

        @Override
        public void on(TapPoint point, float[][] rows) {
            if (!muted) {
                listener.on(point, rows);
            }
        }

        @Override
        public void onRoutedExperts(int layer, int[][] experts) {
            if (!muted) {
                listener.onRoutedExperts(layer, experts);
            }
        }
    }

    /// Results are rows of one array that every call fills anew.
    static Engine reusesBuffers(Engine right) {
        return faulty(right, (model, options) -> new Faulty(model.newSession(options)) {
            private float[][] buffer = new float[0][];

            @Override
            public Prediction prefill(int[] tokens) {
                return reused(super.prefill(tokens));
            }

            @Override
            public Prediction decode(int token) {
                return reused(super.decode(token));
            }

            private Prediction reused(Prediction result) {
                float[][] rows = logits(result);
                if (buffer.length < rows.length) {
                    int old = buffer.length;
                    buffer = Arrays.copyOf(buffer, rows.length);
                    for (int t = old; t < rows.length; t++) {
                        buffer[t] = new float[rows[t].length];
                    }
                }
                for (int t = 0; t < rows.length; t++) {
                    System.arraycopy(rows[t], 0, buffer[t], 0, rows[t].length);
                }
                return new Prediction.Logits(Arrays.copyOf(buffer, rows.length));
            }
        });
    }

    /// Sessions that are open at the same time are one: each appends to the cache of the first.
    static Engine sharesSessions(Engine right) {
        return new FaultyEngine(right, new SharedOpening());
    }

    private static final class SharedOpening implements Opening {
        private @Nullable Session shared;
        private int users;

        @Override
        public Session open(Model model, SessionOptions options) {
            Session one = shared;
            if (one == null) {
                // Room for what the other sessions append.
                one = model.newSession(new SessionOptions(
                        Math.multiplyExact(2, options.maxContext()),
                        options.logits(),
                        options.taps(),
                        options.results()));
                shared = one;
            }
            users++;
            return new Faulty(one) {
                @Override
                public void close() {
                    users--;
                    if (users == 0) {
                        shared = null;
                        super.close();
                    }
                }
            };
        }
    }

    // -------------------------------------------------------------------------------------------------------- helpers

    private static Engine changingLogits(Engine right, UnaryOperator<float[]> change) {
        return faulty(right, (model, options) -> new Faulty(model.newSession(options)) {
            @Override
            public Prediction prefill(int[] tokens) {
                return changed(super.prefill(tokens));
            }

            @Override
            public Prediction decode(int token) {
                return changed(super.decode(token));
            }

            private Prediction changed(Prediction result) {
                return new Prediction.Logits(
                        Arrays.stream(logits(result)).map(change).toArray(float[][]::new));
            }
        });
    }

    private static float[][] logits(Prediction prediction) {
        return switch (prediction) {
            case Prediction.Logits(float[][] values) -> values;
            case Prediction.TopLogProbabilities _, Prediction.GreedyTokens _ ->
                throw new IllegalStateException("expected logits, found " + prediction);
        };
    }

    private static Prediction ofScope(SessionOptions options, float[][] rows) {
        return new Prediction.Logits(
                options.logits() == LogitsScope.ALL_POSITIONS ? rows : new float[][] {rows[rows.length - 1]});
    }

    private static Engine faulty(Engine right, Opening opening) {
        return new FaultyEngine(right, opening);
    }

    private record FaultyEngine(Engine right, Opening opening) implements Engine {
        @Override
        public EngineInfo info() {
            return right.info();
        }

        @Override
        public Support supports(ModelConfig config) {
            return right.supports(config);
        }

        @Override
        public Model load(Checkpoint checkpoint, LoadOptions options) {
            return new FaultyModel(right.load(checkpoint, options), opening);
        }
    }

    private record FaultyModel(Model right, Opening opening) implements Model {
        @Override
        public Session newSession(SessionOptions options) {
            return opening.open(right, options);
        }

        @Override
        public Footprint footprint() {
            return right.footprint();
        }

        @Override
        public Execution execution() {
            return right.execution();
        }

        @Override
        public void close() {
            right.close();
        }
    }

    /// A session that passes everything on.
    private abstract static class Faulty implements Session {
        final Session inner;

        Faulty(Session inner) {
            this.inner = inner;
        }

        @Override
        public Prediction prefill(int[] tokens) {
            return inner.prefill(tokens);
        }

        @Override
        public Prediction decode(int token) {
            return inner.decode(token);
        }

        @Override
        public int length() {
            return inner.length();
        }

        @Override
        public long kvCacheBytes() {
            return inner.kvCacheBytes();
        }

        @Override
        public void reset() {
            inner.reset();
        }

        @Override
        public void close() {
            inner.close();
        }
    }
}
