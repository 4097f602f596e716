package dev.assay.cuda.driver;

import java.lang.foreign.MemorySegment;

/// Memory of the host that the device can read and write by itself. For the device's thread.
public final class PinnedMemory implements AutoCloseable {
    private final Driver driver;
    private final MemorySegment segment;
    private boolean closed;

    /// @throws CudaException if there is not as much
    @SuppressWarnings("restricted") // It is as long as the driver was told.
    public PinnedMemory(Device device, long bytes) {
        this.driver = device.driver();
        this.segment =
                MemorySegment.ofAddress(driver.get("cuMemHostAlloc", bytes, 0)).reinterpret(bytes);
    }

    /// Must not be used once this is closed.
    public MemorySegment segment() {
        return segment;
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            driver.call("cuMemFreeHost", segment.address());
        }
    }
}
