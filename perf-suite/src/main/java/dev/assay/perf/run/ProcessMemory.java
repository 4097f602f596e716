package dev.assay.perf.run;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;

/// Physical memory of this process and of those that it has started, engines of their own process among them, as Linux
/// counts it.
final class ProcessMemory {
    private static final Path PROC = Path.of("/proc");

    /// What `clear_refs` takes for "forget the peak", proc(5).
    private static final String RESET_PEAK = "5";

    private ProcessMemory() {}

    /// Begins this process's peak anew, where the system lets a process do so; else it is that of its whole life.
    static void resetPeak() {
        try {
            Files.writeString(PROC.resolve("self/clear_refs"), RESET_PEAK);
        } catch (IOException e) {
            // The peak then covers more than it should: it is never too low.
        }
    }

    /// The sum of every process's peak in bytes; 0 where the system does not tell.
    static long peakBytes() {
        return sum("VmHWM:");
    }

    /// Bytes held now outside of the Java heap; what the heap has reserved and never touched is taken off too. 0
    /// where the system does not tell.
    static long offHeapBytes() {
        long heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getCommitted();
        return Math.max(0, sum("VmRSS:") - heap);
    }

    private static long sum(String key) {
        return bytes("self", key)
                + ProcessHandle.current()
                        .descendants()
                        .mapToLong(process -> bytes("" + process.pid(), key))
                        .sum();
    }

    private static long bytes(String process, String key) {
        Path status = PROC.resolve(process).resolve("status");
        try {
            if (!Files.isReadable(status)) {
                return 0;
            }
            for (String line : Files.readAllLines(status)) {
                if (line.startsWith(key)) {
                    return Long.parseLong(line.replaceAll("[^0-9]", "")) * 1024;
                }
            }
            return 0;
        } catch (IOException e) {
            // A process that has ended holds nothing.
            return 0;
        }
    }
}
