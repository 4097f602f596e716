package dev.assay.cuda;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.config.ModelConfig;
import dev.assay.cuda.driver.AbsentException;
import dev.assay.cuda.driver.Device;
import dev.assay.cuda.stage.Limits;
import dev.assay.engine.Availability;
import dev.assay.engine.Capability;
import dev.assay.engine.ComputeType;
import dev.assay.engine.EngineInfo;
import dev.assay.engine.LoadOptions;
import dev.assay.engine.Model;
import dev.assay.engine.Support;
import dev.assay.engine.UnsupportedModelException;
import dev.assay.plan.DecoderPlan;
import dev.assay.plan.PlanEngine;
import dev.assay.plan.planner.Planners;
import java.lang.module.ModuleDescriptor;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

/// The engine for NVIDIA GPUs, found by [java.util.ServiceLoader] under the id `cuda`: compiles an execution plan to
/// kernels of its own, and uses the first device.
///
/// It calls the driver's library and no other. Without a driver or a device it is there and cannot run, and says why.
public final class CudaEngine implements PlanEngine {
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
        return new EngineInfo("cuda", "Assay CUDA engine", version(), ComputeType.FLOAT32);
    }

    @Override
    public Availability availability() {
        try {
            LoadedDevice.first();
            return new Availability.Available();
        } catch (AbsentException e) {
            return new Availability.Absent(String.valueOf(e.getMessage()));
        }
    }

    @Override
    public Support supports(ModelConfig config) {
        Optional<String> reason = Limits.reason(Planners.plan(config));
        return reason.isPresent() ? new Support.Unsupported(reason.get()) : new Support.Supported(CAPABILITIES);
    }

    /// @throws IllegalArgumentException if the weights do not fit into the memory of the device
    @Override
    public Model load(Checkpoint checkpoint, LoadOptions options) {
        return load(Planners.plan(checkpoint.config()), checkpoint, options);
    }

    /// @throws IllegalArgumentException as of the other
    @Override
    public Model load(DecoderPlan plan, Checkpoint checkpoint, LoadOptions options) {
        Limits.reason(plan).ifPresent(reason -> {
            throw new UnsupportedModelException(reason);
        });
        LoadedDevice loaded;
        try {
            loaded = LoadedDevice.first();
        } catch (AbsentException e) {
            throw new IllegalStateException("the CUDA engine cannot run here: " + e.getMessage(), e);
        }
        Device device = loaded.device();
        return device.call(() -> new CudaModel(loaded, plan, checkpoint, options));
    }

    private static String version() {
        ModuleDescriptor module = CudaEngine.class.getModule().getDescriptor();
        return module == null ? "unknown" : module.rawVersion().orElse("unknown");
    }
}
