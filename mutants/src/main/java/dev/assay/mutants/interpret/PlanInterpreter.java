package dev.assay.mutants.interpret;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.config.ModelConfig;
import dev.assay.engine.Capability;
import dev.assay.engine.ComputeType;
import dev.assay.engine.EngineInfo;
import dev.assay.engine.Execution;
import dev.assay.engine.Footprint;
import dev.assay.engine.KvCacheType;
import dev.assay.engine.LoadOptions;
import dev.assay.engine.Model;
import dev.assay.engine.Session;
import dev.assay.engine.SessionOptions;
import dev.assay.engine.Support;
import dev.assay.engine.UnsupportedModelException;
import dev.assay.plan.DecoderPlan;
import dev.assay.plan.PlanEngine;
import dev.assay.plan.planner.Planners;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;

/// Runs plans with the [Operations] that it is given. It computes in double, better than the float32 that it declares,
/// and counts no cache, as it keeps more than it needs.
///
/// @param operations makes those of each model
public record PlanInterpreter(Supplier<Operations> operations) implements PlanEngine {
    private static final Set<Capability> CAPABILITIES = Set.of(
            Capability.FULL_LOGITS,
            Capability.ALL_POSITIONS,
            Capability.TAPS,
            Capability.ROUTED_EXPERTS,
            Capability.CHUNKED_PREFILL,
            Capability.CONCURRENT_SESSIONS);

    /// The right operations.
    public PlanInterpreter() {
        this(Operations::new);
    }

    @Override
    public EngineInfo info() {
        return new EngineInfo("interpreter", "Assay plan interpreter", "1", ComputeType.FLOAT32);
    }

    @Override
    public Support supports(ModelConfig config) {
        return new Support.Supported(CAPABILITIES);
    }

    @Override
    public Model load(Checkpoint checkpoint, LoadOptions options) {
        return load(Planners.plan(checkpoint.config()), checkpoint, options);
    }

    @Override
    public Model load(DecoderPlan plan, Checkpoint checkpoint, LoadOptions options) {
        if (options.kvCache() != KvCacheType.FLOAT32) {
            throw new UnsupportedModelException("no cache of " + options.kvCache());
        }
        return new Interpreted(plan, new Tensors(checkpoint), operations.get());
    }

    private record Interpreted(DecoderPlan plan, Tensors tensors, Operations operations) implements Model {
        @Override
        public Session newSession(SessionOptions options) {
            return new InterpreterSession(plan, tensors, operations, options);
        }

        @Override
        public Footprint footprint() {
            return new Footprint(0, Double.BYTES);
        }

        @Override
        public Execution execution() {
            return new Execution("interpreter", 0, 1, List.of("everything is computed in double"));
        }

        @Override
        public void close() {}
    }
}
