package dev.assay.mutants;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.config.ModelConfig;
import dev.assay.engine.Capability;
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
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;

/// A right engine behind somebody who answers in its place. It shows no taps, as a liar would not.
///
/// @param adds what is declared beside what the engine can do
record LiarEngine(Engine right, String id, Set<Capability> adds, Lie lie) implements Engine {
    /// Answers a call of a session.
    interface Lie {
        /// Answers, given the tokens of the session up to and including this call's, and
        /// the right logits of the call, `[tokens][V]`.
        Prediction answer(int[] context, float[][] truth);
    }

    @Override
    public EngineInfo info() {
        return new EngineInfo(id, id, "1", right.info().compute());
    }

    @Override
    public Support supports(ModelConfig config) {
        return switch (right.supports(config)) {
            case Support.Unsupported unsupported -> unsupported;
            case Support.Supported(Set<Capability> capabilities) -> {
                Set<Capability> declared = EnumSet.copyOf(capabilities);
                declared.remove(Capability.TAPS);
                declared.remove(Capability.ROUTED_EXPERTS);
                declared.addAll(adds);
                yield new Support.Supported(declared);
            }
        };
    }

    @Override
    public Model load(Checkpoint checkpoint, LoadOptions options) {
        return new LiarModel(right.load(checkpoint, options), lie);
    }

    private record LiarModel(Model right, Lie lie) implements Model {
        @Override
        public Session newSession(SessionOptions options) {
            return new LiarSession(right.newSession(options), lie);
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

    private static final class LiarSession implements Session {
        private final Session right;
        private final Lie lie;
        private int[] context = {};

        LiarSession(Session right, Lie lie) {
            this.right = right;
            this.lie = lie;
        }

        @Override
        public Prediction prefill(int[] tokens) {
            return answer(tokens, right.prefill(tokens));
        }

        @Override
        public Prediction decode(int token) {
            return answer(new int[] {token}, right.decode(token));
        }

        private Prediction answer(int[] tokens, Prediction prediction) {
            int before = context.length;
            context = Arrays.copyOf(context, before + tokens.length);
            System.arraycopy(tokens, 0, context, before, tokens.length);
            return lie.answer(context, ((Prediction.Logits) prediction).values());
        }

        @Override
        public int length() {
            return right.length();
        }

        @Override
        public long kvCacheBytes() {
            return right.kvCacheBytes();
        }

        @Override
        public void reset() {
            right.reset();
            context = new int[0];
        }

        @Override
        public void close() {
            right.close();
        }
    }
}
