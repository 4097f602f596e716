package dev.assay.cuda;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.cuda.driver.CublasHandle;
import dev.assay.cuda.driver.Device;
import dev.assay.cuda.driver.DeviceMemory;
import dev.assay.cuda.driver.Stream;
import dev.assay.cuda.stage.Activations;
import dev.assay.cuda.stage.Compiler;
import dev.assay.cuda.stage.Program;
import dev.assay.cuda.stage.Runner;
import dev.assay.cuda.weight.Room;
import dev.assay.cuda.weight.Weights;
import dev.assay.engine.Execution;
import dev.assay.engine.Footprint;
import dev.assay.engine.LoadOptions;
import dev.assay.engine.Model;
import dev.assay.engine.Session;
import dev.assay.engine.SessionOptions;
import dev.assay.plan.DecoderPlan;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.BiFunction;

/// A compiled model, its weights on the device.
final class CudaModel implements Model {
    private final LoadedDevice loaded;
    private final Activations activations;
    private final LoadOptions options;
    private final DeviceMemory memory;
    private final Program program;
    private final String weightTypes;
    private final Optional<CublasHandle> cublas;
    private boolean closed;

    /// On the device's thread.
    ///
    /// @throws IllegalArgumentException if the device has not enough memory
    CudaModel(
            LoadedDevice loaded,
            Activations activations,
            DecoderPlan plan,
            Checkpoint checkpoint,
            LoadOptions options) {
        this.loaded = loaded;
        this.activations = activations;
        this.options = options;
        Device device = loaded.device();
        Room.Counted counted = new Room.Counted();
        Compiler.compile(plan, new Weights(checkpoint, counted));
        long free = device.freeBytes();
        if (counted.bytes() > free) {
            throw new IllegalArgumentException(String.format(
                    Locale.ROOT,
                    "the weights take %d MiB on the device, %s has %d MiB left",
                    counted.bytes() >> 20,
                    device.name(),
                    free >> 20));
        }
        this.memory = new DeviceMemory(device, counted.bytes());
        boolean complete = false;
        try (Stream stream = new Stream(device)) {
            Weights weights = new Weights(checkpoint, new Room.OnDevice(device, memory, loaded.kernels(), stream));
            this.program = Compiler.compile(plan, weights);
            this.weightTypes = weights.types().toString();
            this.cublas = loaded.cublas().map(CublasHandle::new);
            complete = true;
        } finally {
            if (!complete) {
                memory.close();
            }
        }
    }

    /// @throws IllegalArgumentException if the device has not enough memory
    @Override
    public Session newSession(SessionOptions sessionOptions) {
        return newSession(sessionOptions, loaded.device().overlaps());
    }

    /// @param overlaps whether kernels may overlap with the one before them
    Session newSession(SessionOptions sessionOptions, boolean overlaps) {
        if (closed) {
            throw new IllegalStateException("the model is closed");
        }
        Device device = loaded.device();
        Runner runner = device.call(() -> newRunner(sessionOptions, overlaps));
        return new CudaSession(device, program, runner, sessionOptions);
    }

    /// What computes for a session.
    private Runner newRunner(SessionOptions sessionOptions, boolean overlaps) {
        return new Runner(
                loaded.device(),
                loaded.kernels(),
                activations,
                cublas,
                program,
                options.kvCache(),
                sessionOptions,
                overlaps);
    }

    int vocabSize() {
        return program.plan().vocabSize();
    }

    /// Does something on the device's thread with what computes for a session of its own.
    <T> T onDevice(SessionOptions sessionOptions, BiFunction<Device, Runner, T> work) {
        Device device = loaded.device();
        return device.call(() -> {
            try (Runner runner = newRunner(sessionOptions, device.overlaps())) {
                return work.apply(device, runner);
            }
        });
    }

    @Override
    public Footprint footprint() {
        return new Footprint(memory.bytes(), options.kvCache().bytes());
    }

    @Override
    public Execution execution() {
        Device device = loaded.device();
        return new Execution(
                "cuda",
                0,
                1,
                List.of(
                        device.name() + ", compute capability " + Device.version(device.capability()) + ", "
                                + device.multiprocessors() + " multiprocessors, driver for CUDA "
                                + device.driverVersion(),
                        "kernels are " + loaded.kernels().inUse()
                                + (device.overlaps()
                                        ? ", each starts while the one before it ends"
                                        : ", one after another"),
                        "weights are read as " + weightTypes + "; " + numbers() + ", the cache is " + options.kvCache(),
                        "products of many tokens are those of " + products(),
                        "one token is one graph; options for threads are ignored"));
    }

    private String numbers() {
        return switch (activations) {
            case FLOAT32 -> "activations and sums are float32";
            case BFLOAT16 ->
                "activations of many tokens are rounded to bfloat16 where they meet bfloat16, others and sums are float32";
        };
    }

    private String products() {
        return loaded.cublas()
                .map(library -> "cuBLAS " + library.version() + " where weights are BF16 or F16 and not of experts")
                .orElse("our own kernels");
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            loaded.device().free(() -> {
                cublas.ifPresent(CublasHandle::close);
                memory.close();
            });
        }
    }
}
