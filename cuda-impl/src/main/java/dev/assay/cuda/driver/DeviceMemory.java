package dev.assay.cuda.driver;

import java.lang.foreign.MemorySegment;

/// A piece of device memory, handed out from its beginning on and freed as a whole. For the device's thread.
public final class DeviceMemory implements AutoCloseable {
    /// What every part begins at a multiple of: what the widest loads need, and to spare.
    private static final long ALIGNMENT = 256;

    /// The stream that writes go to.
    private static final long DEFAULT_STREAM = 0;

    private final Driver driver;
    private final long address;
    private final long bytes;
    private long taken;
    private boolean closed;

    /// @throws CudaException if there is not as much
    public DeviceMemory(Device device, long bytes) {
        this.driver = device.driver();
        this.bytes = Math.max(bytes, ALIGNMENT);
        this.address = driver.get("cuMemAlloc_v2", this.bytes);
    }

    /// Bytes that a part of this size takes.
    public static long aligned(long bytes) {
        return Math.ceilDiv(bytes, ALIGNMENT) * ALIGNMENT;
    }

    public long bytes() {
        return bytes;
    }

    /// The address of a part that nobody else has.
    public long take(long size) {
        if (taken + size > bytes) {
            throw new IllegalStateException(
                    "device memory was sized for " + bytes + " bytes, " + (taken + size) + " are taken");
        }
        long part = address + taken;
        taken += aligned(size);
        return part;
    }

    /// Copies memory of the host to the device.
    public void write(long to, MemorySegment from) {
        if (from.byteSize() > 0) {
            driver.call("cuMemcpyHtoD_v2", to, from.address(), from.byteSize());
        }
    }

    /// Waits until all that was written is there: a write returns when its source may change, and kernels of other
    /// streams do not wait for it.
    public void finishWrites() {
        driver.call("cuStreamSynchronize", DEFAULT_STREAM);
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            driver.call("cuMemFree_v2", address);
        }
    }
}
