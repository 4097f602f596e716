package dev.assay.cuda;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.config.ModelConfig;
import dev.assay.cuda.driver.AbsentException;
import dev.assay.cuda.driver.Device;
import dev.assay.cuda.driver.Images;
import dev.assay.cuda.driver.KernelImage;
import dev.assay.cuda.stage.Activations;
import dev.assay.cuda.stage.DenseProducts;
import dev.assay.cuda.stage.Limits;
import dev.assay.engine.Availability;
import dev.assay.engine.Capability;
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
/// It calls the driver's library, and no other unless it is asked to. Without a driver or a device it is there and
/// cannot run, and says why.
///
/// `-Dassay.cuda.activations=bfloat16` makes it [round activations][Activations] of many tokens, on devices that have
/// the kernels: for comparing speeds with engines that do. `-Dassay.cuda.products=cublas` makes
/// [cuBLAS][DenseProducts] multiply. `-Dassay.cuda.images=ptx` makes the driver [compile its kernels][Images].
public final class CudaEngine implements PlanEngine {
    private static final Set<Capability> CAPABILITIES = EnumSet.of(
            Capability.FULL_LOGITS,
            Capability.ALL_POSITIONS,
            Capability.TAPS,
            Capability.ROUTED_EXPERTS,
            Capability.CHUNKED_PREFILL,
            Capability.CONCURRENT_SESSIONS,
            Capability.KV_CACHE_BYTES);

    private final Activations activations;
    private final DenseProducts products;
    private final Images images;

    /// Has the activations, products and images that properties ask for.
    ///
    /// @throws IllegalArgumentException if one asks for none that there are
    public CudaEngine() {
        this(Activations.ofProperty(), DenseProducts.ofProperty(), Images.ofProperty());
    }

    CudaEngine(Activations activations, DenseProducts products, Images images) {
        this.activations = activations;
        this.products = products;
        this.images = images;
    }

    @Override
    public EngineInfo info() {
        return new EngineInfo("cuda", title(), version(), activations.compute());
    }

    private String title() {
        return switch (products) {
            case OWN -> "Assay CUDA engine";
            case CUBLAS -> "Assay CUDA engine with cuBLAS";
        };
    }

    @Override
    public Availability availability() {
        try {
            device();
            return new Availability.Available();
        } catch (AbsentException e) {
            return new Availability.Absent(String.valueOf(e.getMessage()));
        }
    }

    /// The device that it uses.
    ///
    /// @throws AbsentException if there is none, or it lacks what this engine was asked for
    LoadedDevice device() throws AbsentException {
        LoadedDevice loaded = LoadedDevice.first(images);
        if (activations == Activations.BFLOAT16 && !loaded.kernels().has(KernelImage.ROUNDED)) {
            throw lacks(
                    Activations.PROPERTY + "=bfloat16", Device.version(KernelImage.GROUP_CAPABILITY), loaded.device());
        }
        return switch (products) {
            case OWN -> loaded;
            case CUBLAS -> {
                if (loaded.kernels().target() < DenseProducts.CUBLAS_CAPABILITY) {
                    throw lacks(
                            DenseProducts.PROPERTY + "=cublas",
                            Device.version(DenseProducts.CUBLAS_CAPABILITY) + " or newer",
                            loaded.device());
                }
                yield loaded.withCublas();
            }
        };
    }

    private static AbsentException lacks(String asked, String capability, Device device) {
        return new AbsentException(asked + " needs compute capability " + capability + ", " + device.name() + " has "
                + Device.version(device.capability()));
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
            loaded = device();
        } catch (AbsentException e) {
            throw new IllegalStateException("the CUDA engine cannot run here: " + e.getMessage(), e);
        }
        Device device = loaded.device();
        return device.call(() -> new CudaModel(loaded, activations, plan, checkpoint, options));
    }

    private static String version() {
        ModuleDescriptor module = CudaEngine.class.getModule().getDescriptor();
        return module == null ? "unknown" : module.rawVersion().orElse("unknown");
    }
}
