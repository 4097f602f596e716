package dev.assay.vector;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.config.ModelConfig;
import dev.assay.engine.Capability;
import dev.assay.engine.ComputeType;
import dev.assay.engine.EngineInfo;
import dev.assay.engine.LoadOptions;
import dev.assay.engine.Model;
import dev.assay.engine.Support;
import dev.assay.plan.DecoderPlan;
import dev.assay.plan.LatentAttention;
import dev.assay.plan.Layer;
import dev.assay.plan.Mask;
import dev.assay.plan.PlanEngine;
import dev.assay.plan.planner.Planners;
import dev.assay.vector.stage.Compiler;
import dev.assay.vector.stage.Program;
import dev.assay.vector.weight.Weights;
import java.lang.module.ModuleDescriptor;
import java.util.EnumSet;
import java.util.Set;

/// The fast engine, found by [java.util.ServiceLoader] under the id `vector`: compiles an execution plan to kernels of
/// the Vector API.
public final class VectorEngine implements PlanEngine {
    private static final Set<Capability> CAPABILITIES = EnumSet.of(
            Capability.FULL_LOGITS,
            Capability.ALL_POSITIONS,
            Capability.TAPS,
            Capability.ROUTED_EXPERTS,
            Capability.CHUNKED_PREFILL,
            Capability.CONCURRENT_SESSIONS,
            Capability.KV_CACHE_BYTES);

    @Override
    public EngineInfo info() {
        return new EngineInfo("vector", "Assay vector engine", version(), ComputeType.FLOAT32);
    }

    @Override
    public Support supports(ModelConfig config) {
        DecoderPlan plan = Planners.plan(config);
        for (Layer layer : plan.layers()) {
            if (layer.mixer() instanceof LatentAttention latent && !(latent.mask() instanceof Mask.Causal)) {
                return new Support.Unsupported("no kernel for latent attention with the mask " + latent.mask());
            }
        }
        return new Support.Supported(CAPABILITIES);
    }

    /// @throws IllegalArgumentException if more threads are asked for than there are processors: threads that wait
    /// by
    ///     spinning would take each other's turns
    @Override
    public Model load(Checkpoint checkpoint, LoadOptions options) {
        return load(Planners.plan(checkpoint.config()), checkpoint, options);
    }

    /// @throws IllegalArgumentException as of the other
    @Override
    public Model load(DecoderPlan plan, Checkpoint checkpoint, LoadOptions options) {
        int processors = Runtime.getRuntime().availableProcessors();
        if (options.threads() > processors) {
            throw new IllegalArgumentException("threads: found " + options.threads() + ", expected at most "
                    + processors + ", the processors here");
        }
        Weights weights = new Weights(checkpoint);
        Program program = Compiler.compile(plan, weights);
        return new VectorModel(program, weights, options);
    }

    private static String version() {
        ModuleDescriptor module = VectorEngine.class.getModule().getDescriptor();
        return module == null ? "unknown" : module.rawVersion().orElse("unknown");
    }
}
