package dev.assay.cuda.driver;

/// Recorded work that is launched as a whole, at the cost of one launch. For the device's thread.
public final class Graph implements AutoCloseable {
    private final Driver driver;
    private final long executable;
    private boolean closed;

    Graph(Driver driver, long executable) {
        this.driver = driver;
        this.executable = executable;
    }

    /// Appends it to a stream.
    public void launch(Stream stream) {
        driver.call("cuGraphLaunch", executable, stream.handle());
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            driver.call("cuGraphExecDestroy", executable);
        }
    }
}
