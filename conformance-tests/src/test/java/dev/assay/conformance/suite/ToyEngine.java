package dev.assay.conformance.suite;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.config.ModelConfig;
import dev.assay.engine.Capability;
import dev.assay.engine.ComputeType;
import dev.assay.engine.Engine;
import dev.assay.engine.EngineInfo;
import dev.assay.engine.Execution;
import dev.assay.engine.Footprint;
import dev.assay.engine.LoadOptions;
import dev.assay.engine.Model;
import dev.assay.engine.Prediction;
import dev.assay.engine.Session;
import dev.assay.engine.SessionOptions;
import dev.assay.engine.Support;
import dev.assay.engine.Tap;
import dev.assay.engine.TapPoint;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/// An engine for the [ToyModel] that is right; tests override what they want wrong.
class ToyEngine implements Engine, Model {
    @Override
    public EngineInfo info() {
        return new EngineInfo("toy", "Toy", "1", ComputeType.FLOAT32);
    }

    @Override
    public Support supports(ModelConfig config) {
        Set<Capability> all = EnumSet.allOf(Capability.class);
        all.remove(Capability.TOP_LOG_PROBABILITIES);
        all.remove(Capability.GREEDY_TOKENS);
        return new Support.Supported(all);
    }

    @Override
    public Model load(Checkpoint checkpoint, LoadOptions options) {
        return this;
    }

    @Override
    public Session newSession(SessionOptions options) {
        return new ToySession(options);
    }

    @Override
    public Footprint footprint() {
        return new Footprint(0, 4);
    }

    @Override
    public Execution execution() {
        return new Execution("toy", 0, 1, List.of());
    }

    @Override
    public void close() {}

    /// A session that is right.
    static class ToySession implements Session {
        private final SessionOptions options;
        int[] tokens = {};

        ToySession(SessionOptions options) {
            this.options = options;
        }

        /// The logits after `prefix`, which ends in this call, `[V]`.
        float[] logits(int[] prefix) {
            return ToyModel.floats(ToyModel.values(prefix, TapPoint.LOGITS));
        }

        /// The value of a tap after `prefix`, `[D]`.
        float[] tap(int[] prefix, TapPoint point) {
            return ToyModel.floats(ToyModel.values(prefix, point));
        }

        /// The experts of the last token of `prefix`, `[k]`.
        int[] experts(int[] prefix) {
            return ToyModel.experts(prefix);
        }

        @Override
        public Prediction prefill(int[] appended) {
            float[][] rows = new float[appended.length][]; // [T][V]
            for (int t = 0; t < appended.length; t++) {
                tokens = ToyModel.append(tokens, appended[t]);
                rows[t] = logits(tokens);
                for (int layer = 0; layer <= ToyModel.LAYERS; layer++) {
                    TapPoint point = TapPoint.of(Tap.HIDDEN, layer);
                    options.taps().on(point, new float[][] {tap(tokens, point)});
                }
                options.taps().onRoutedExperts(1, new int[][] {experts(tokens)});
            }
            return new Prediction.Logits(rows);
        }

        @Override
        public Prediction decode(int token) {
            return prefill(new int[] {token});
        }

        @Override
        public int length() {
            return tokens.length;
        }

        @Override
        public long kvCacheBytes() {
            return ToyModel.CONFIG.kvCacheElements(tokens.length) * 4;
        }

        @Override
        public void reset() {
            tokens = new int[0];
        }

        @Override
        public void close() {}
    }
}
