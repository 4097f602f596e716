package dev.assay.perf.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// The most physical memory that this process has held, as Linux counts it.
final class PeakMemory {
    private static final Path STATUS = Path.of("/proc/self/status");
    private static final Path CLEAR = Path.of("/proc/self/clear_refs");

    /// What `clear_refs` takes for "forget the peak", proc(5).
    private static final String RESET_PEAK = "5";

    private PeakMemory() {}

    /// Begins anew, where the system lets a process do so; else the peak is that of the process's whole life.
    static void reset() {
        try {
            Files.writeString(CLEAR, RESET_PEAK);
        } catch (IOException e) {
            // The peak then covers more than it should: it is never too low.
        }
    }

    /// The peak in bytes; 0 where the system does not tell.
    static long bytes() {
        try {
            if (!Files.isReadable(STATUS)) {
                return 0;
            }
            for (String line : Files.readAllLines(STATUS)) {
                if (line.startsWith("VmHWM:")) {
                    return Long.parseLong(line.replaceAll("[^0-9]", "")) * 1024;
                }
            }
            return 0;
        } catch (IOException e) {
            return 0;
        }
    }
}
