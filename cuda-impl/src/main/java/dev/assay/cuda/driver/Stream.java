package dev.assay.cuda.driver;

import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// A queue of work for the device. For the device's thread.
public final class Stream implements AutoCloseable {
    /// The most parameters of a kernel.
    private static final int PARAMETERS = 40;

    private static final int NOT_BLOCKING = 1;
    private static final int CAPTURE_THREAD_LOCAL = 1;
    /// CUlaunchConfig: seven ints, padding, the stream at 32, attributes at 40 and their number at 48.
    private static final long CONFIG_BYTES = 56;

    private static final long CONFIG_STREAM = 32;
    private static final long CONFIG_ATTRIBUTES = 40;
    private static final long CONFIG_ATTRIBUTE_COUNT = 48;
    /// CUlaunchAttribute: its kind, and its value at 8.
    private static final long ATTRIBUTE_BYTES = 72;

    private static final long ATTRIBUTE_VALUE = 8;
    private static final int PROGRAMMATIC_STREAM_SERIALIZATION = 6;

    private final Driver driver;
    private final long handle;
    private final Arena arena = Arena.ofConfined();
    private final MemorySegment values; // of parameters, 8 bytes each
    private final MemorySegment pointers; // to them
    private final MemorySegment config;
    private boolean closed;

    public Stream(Device device) {
        this(device, device.overlaps());
    }

    /// @param overlaps whether kernels may overlap with the one before them
    public Stream(Device device, boolean overlaps) {
        this.driver = device.driver();
        this.handle = driver.get("cuStreamCreate", NOT_BLOCKING);
        this.values = arena.allocate(MemoryLayout.sequenceLayout(PARAMETERS, ValueLayout.JAVA_LONG));
        this.pointers = arena.allocate(MemoryLayout.sequenceLayout(PARAMETERS, ValueLayout.JAVA_LONG));
        for (int i = 0; i < PARAMETERS; i++) {
            pointers.setAtIndex(ValueLayout.JAVA_LONG, i, values.address() + i * ValueLayout.JAVA_LONG.byteSize());
        }
        MemorySegment attribute = arena.allocate(ATTRIBUTE_BYTES, Long.BYTES);
        attribute.set(ValueLayout.JAVA_INT, 0, PROGRAMMATIC_STREAM_SERIALIZATION);
        attribute.set(ValueLayout.JAVA_INT, ATTRIBUTE_VALUE, 1);
        this.config = arena.allocate(CONFIG_BYTES, Long.BYTES);
        config.set(ValueLayout.JAVA_LONG, CONFIG_STREAM, handle);
        config.set(ValueLayout.JAVA_LONG, CONFIG_ATTRIBUTES, attribute.address());
        config.set(ValueLayout.JAVA_INT, CONFIG_ATTRIBUTE_COUNT, overlaps ? 1 : 0);
    }

    long handle() {
        return handle;
    }

    /// Appends a launch. The driver copies the arguments, so the same memory serves all launches.
    public void launch(Launch launch) {
        for (int i = 0; i < launch.arguments().length; i++) {
            values.setAtIndex(ValueLayout.JAVA_LONG, i, launch.arguments()[i]);
        }
        config.setAtIndex(ValueLayout.JAVA_INT, 0, launch.gridX());
        config.setAtIndex(ValueLayout.JAVA_INT, 1, launch.gridY());
        config.setAtIndex(ValueLayout.JAVA_INT, 2, launch.gridZ());
        config.setAtIndex(ValueLayout.JAVA_INT, 3, launch.threads());
        config.setAtIndex(ValueLayout.JAVA_INT, 4, 1);
        config.setAtIndex(ValueLayout.JAVA_INT, 5, 1);
        config.setAtIndex(ValueLayout.JAVA_INT, 6, launch.sharedBytes());
        driver.call("cuLaunchKernelEx", config.address(), launch.function(), pointers.address(), 0);
    }

    /// Appends a copy from pinned memory of the host.
    public void copyIn(long to, MemorySegment from) {
        driver.call("cuMemcpyHtoDAsync_v2", to, from.address(), from.byteSize(), handle);
    }

    /// Appends a copy to pinned memory of the host.
    public void copyOut(MemorySegment to, long from) {
        driver.call("cuMemcpyDtoHAsync_v2", to.address(), from, to.byteSize(), handle);
    }

    /// Appends setting every byte.
    public void fill(long at, int value, long bytes) {
        driver.call("cuMemsetD8Async", at, value, bytes, handle);
    }

    /// Waits until all is done.
    public void synchronize() {
        driver.call("cuStreamSynchronize", handle);
    }

    /// Records what `work` appends instead of doing it.
    public Graph record(Runnable work) {
        driver.call("cuStreamBeginCapture_v2", handle, CAPTURE_THREAD_LOCAL);
        boolean complete = false;
        try {
            work.run();
            complete = true;
        } finally {
            if (!complete) {
                // Ends the capture, so that the stream can be used again; what was recorded is dropped.
                try (Arena own = Arena.ofConfined()) {
                    MemorySegment graph = own.allocate(ValueLayout.JAVA_LONG);
                    if (driver.tryCall("cuStreamEndCapture", handle, graph.address()) == 0) {
                        driver.tryCall("cuGraphDestroy", graph.get(ValueLayout.JAVA_LONG, 0));
                    }
                }
            }
        }
        try (Arena own = Arena.ofConfined()) {
            MemorySegment graph = own.allocate(ValueLayout.JAVA_LONG);
            driver.call("cuStreamEndCapture", handle, graph.address());
            long recorded = graph.get(ValueLayout.JAVA_LONG, 0);
            try {
                return new Graph(driver, driver.get("cuGraphInstantiateWithFlags", recorded, 0));
            } finally {
                driver.call("cuGraphDestroy", recorded);
            }
        }
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            arena.close();
            driver.call("cuStreamDestroy_v2", handle);
        }
    }
}
