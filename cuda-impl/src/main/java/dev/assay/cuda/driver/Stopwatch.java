package dev.assay.cuda.driver;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Measures how long the device works on what a stream is given, by events. For the device's thread.
public final class Stopwatch implements AutoCloseable {
    private final Driver driver;
    private final long start;
    private final long end;
    private boolean closed;

    public Stopwatch(Device device) {
        this.driver = device.driver();
        this.start = driver.get("cuEventCreate", 0);
        this.end = driver.get("cuEventCreate", 0);
    }

    /// Milliseconds between the begin and the end of what `work` appends; waits for it.
    public double milliseconds(Stream stream, Runnable work) {
        driver.call("cuEventRecord", start, stream.handle());
        work.run();
        driver.call("cuEventRecord", end, stream.handle());
        stream.synchronize();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment elapsed = arena.allocate(ValueLayout.JAVA_FLOAT);
            driver.call("cuEventElapsedTime", elapsed.address(), start, end);
            return elapsed.get(ValueLayout.JAVA_FLOAT, 0);
        }
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            driver.call("cuEventDestroy_v2", start);
            driver.call("cuEventDestroy_v2", end);
        }
    }
}
