package dev.assay.cuda.driver;

import dev.assay.engine.EngineCrashedException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/// The first device, and the one thread that talks to it: the driver's current context belongs to a thread of the
/// operating system, so virtual threads would lose it.
///
/// A kernel that faults takes the device from this process for good. Whoever is using it then, and whoever tries to
/// afterwards, gets an [EngineCrashedException]; the JVM goes on.
public final class Device {
    /// Oldest architecture that there is an image for, as major · 10 + minor.
    public static final int OLDEST = 75;

    /// From here on a kernel may start before the one before it has ended, and wait for it by itself.
    private static final int OVERLAPPING = 90;

    private static final int MULTIPROCESSORS = 16;
    private static final int CLOCK_KHZ = 13;
    private static final int CAPABILITY_MAJOR = 75;
    private static final int CAPABILITY_MINOR = 76;
    private static final int SHARED_BYTES = 97;
    private static final int NAME_LENGTH = 256;

    private static @Nullable Device first;
    private static @Nullable String reason;

    private final Driver driver;
    private final ExecutorService thread;
    private final String name;
    private final int driverVersion;
    private final int capability;
    private final int multiprocessors;
    private final int sharedBytes;
    private final int clockMegahertz;
    private volatile @Nullable String fault;

    private Device(Driver driver, ExecutorService thread) throws AbsentException {
        this.driver = driver;
        this.thread = thread;
        int code = driver.tryCall("cuInit", 0);
        if (code != 0) {
            throw new AbsentException("cuInit failed with " + code + " " + driver.errorName(code));
        }
        if (driver.getInt("cuDeviceGetCount") == 0) {
            throw new AbsentException("the CUDA driver finds no device");
        }
        int device = driver.getInt("cuDeviceGet", 0);
        this.driverVersion = driver.getInt("cuDriverGetVersion");
        this.multiprocessors = driver.getInt("cuDeviceGetAttribute", MULTIPROCESSORS, device);
        this.sharedBytes = driver.getInt("cuDeviceGetAttribute", SHARED_BYTES, device);
        this.clockMegahertz = driver.getInt("cuDeviceGetAttribute", CLOCK_KHZ, device) / 1000;
        this.capability = 10 * driver.getInt("cuDeviceGetAttribute", CAPABILITY_MAJOR, device)
                + driver.getInt("cuDeviceGetAttribute", CAPABILITY_MINOR, device);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment text = arena.allocate(NAME_LENGTH);
            driver.call("cuDeviceGetName", text.address(), NAME_LENGTH, device);
            this.name = text.getString(0, StandardCharsets.US_ASCII);
        }
        if (capability < OLDEST) {
            throw new AbsentException(name + " has compute capability " + version(capability) + ", kernels need "
                    + version(OLDEST) + " or newer");
        }
        driver.call("cuCtxSetCurrent", driver.get("cuDevicePrimaryCtxRetain", device));
    }

    /// The first device of this machine, opened when first asked for.
    ///
    /// @throws AbsentException if there is none that can be used; asked again, for the same reason
    public static synchronized Device first() throws AbsentException {
        if (first != null) {
            return first;
        }
        if (reason == null) {
            try {
                first = open();
                return first;
            } catch (AbsentException e) {
                reason = String.valueOf(e.getMessage());
            }
        }
        throw new AbsentException(reason);
    }

    private static Device open() throws AbsentException {
        Driver driver = Driver.open();
        ExecutorService thread = Executors.newSingleThreadExecutor(
                Thread.ofPlatform().daemon().name("cuda").factory());
        return callWhileOpening(thread, () -> new Device(driver, thread));
    }

    /// As [#call], for what can find out that the device cannot be used.
    <T> T callWhileOpening(Callable<T> work) throws AbsentException {
        return callWhileOpening(thread, work);
    }

    private static <T> T callWhileOpening(ExecutorService thread, Callable<T> work) throws AbsentException {
        try {
            return thread.submit(work).get();
        } catch (ExecutionException e) {
            Throwable cause = Objects.requireNonNullElse(e.getCause(), e);
            if (cause instanceof Error error) {
                throw error;
            }
            throw new AbsentException(String.valueOf(cause.getMessage()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AbsentException("interrupted while the CUDA driver started");
        }
    }

    /// Does something on the device's thread, and waits for it.
    ///
    /// @throws EngineCrashedException if a kernel faults, or has faulted before
    public <T> T call(Callable<T> work) {
        String before = fault;
        if (before != null) {
            throw new EngineCrashedException("the device was lost earlier: " + before);
        }
        try {
            return thread.submit(work).get();
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case CudaException cuda
                when cuda.isSticky() -> {
                    fault = String.valueOf(cuda.getMessage());
                    throw new EngineCrashedException("a kernel faulted: " + cuda.getMessage());
                }
                case RuntimeException runtime -> throw runtime;
                case Error error -> throw error;
                case null, default -> throw new IllegalStateException(e);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while the device was computing", e);
        }
    }

    /// As [#call], without a result.
    public void run(Runnable work) {
        call(() -> {
            work.run();
            return true;
        });
    }

    /// As [#run], for what is to be freed: nothing is left to free on a device that was lost.
    public void free(Runnable work) {
        if (fault == null) {
            run(work);
        }
    }

    Driver driver() {
        return driver;
    }

    public String name() {
        return name;
    }

    /// Compute capability as major · 10 + minor.
    public int capability() {
        return capability;
    }

    /// As people write it, `9.0`.
    public static String version(int capability) {
        return capability / 10 + "." + capability % 10;
    }

    public int multiprocessors() {
        return multiprocessors;
    }

    /// Shared memory that a block may have at most.
    public int sharedBytes() {
        return sharedBytes;
    }

    /// Highest clock of the multiprocessors, in MHz.
    public int clockMegahertz() {
        return clockMegahertz;
    }

    /// The version of CUDA that the driver knows, `13.0`.
    public String driverVersion() {
        return driverVersion / 1000 + "." + driverVersion % 1000 / 10;
    }

    /// Whether kernels may overlap with the one before them.
    public boolean overlaps() {
        return capability >= OVERLAPPING && !Boolean.getBoolean("assay.cuda.one-by-one");
    }

    /// Bytes of device memory that nobody has. On the device's thread.
    public long freeBytes() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment free = arena.allocate(ValueLayout.JAVA_LONG);
            MemorySegment total = arena.allocate(ValueLayout.JAVA_LONG);
            driver.call("cuMemGetInfo_v2", free.address(), total.address());
            return free.get(ValueLayout.JAVA_LONG, 0);
        }
    }
}
