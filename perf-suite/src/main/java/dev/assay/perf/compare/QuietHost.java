package dev.assay.perf.compare;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.Locale;
import java.util.Optional;

/// Whether other programs use the machine, asked while none of ours runs.
public final class QuietHost {
    /// Share of all processors that others may use.
    private static final double BUSY = 0.15;

    private static final long WATCHED_MILLIS = 500;

    private static final OperatingSystemMXBean SYSTEM =
            (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

    private QuietHost() {}

    /// Watches for half a second. What is in the way, or nothing if the machine is quiet or does not tell.
    ///
    /// @throws InterruptedException if this thread was interrupted
    public static Optional<String> disturbance() throws InterruptedException {
        SYSTEM.getCpuLoad(); // Each call gives the load since the last.
        Thread.sleep(WATCHED_MILLIS);
        double load = SYSTEM.getCpuLoad();
        return load <= BUSY
                ? Optional.empty()
                : Optional.of(String.format(
                        Locale.ROOT, "other programs used %.0f %% of the processors between the runs", 100 * load));
    }
}
