package dev.assay.report;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.RuntimeMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

/// Looks at the machine and the Java runtime.
///
/// Made of what the JDK and `/proc` tell. A library such as OSHI knows more (caches, clocks, sensors), which a benchmark
/// needs and a verdict does not; it would bring native code to every start.
public final class EnvironmentProbe {
    private static final Path CPU_INFO = Path.of("/proc/cpuinfo");
    private static final String UNKNOWN = "unknown";

    private EnvironmentProbe() {}

    /// The machine this runs on.
    public static Environment probe() {
        Runtime runtime = Runtime.getRuntime();
        return new Environment(
                System.getProperty("os.name") + " " + System.getProperty("os.version"),
                System.getProperty("os.arch"),
                cpu(),
                runtime.availableProcessors(),
                memoryBytes(),
                System.getProperty("java.runtime.version"),
                System.getProperty("java.vendor"),
                System.getProperty("java.vm.name") + " (" + System.getProperty("java.vm.info") + ")",
                runtime.maxMemory(),
                jvmFlags(ManagementFactory.getRuntimeMXBean()));
    }

    private static long memoryBytes() {
        return ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system
                ? system.getTotalMemorySize()
                : 0;
    }

    private static String cpu() {
        // Windows sets it; elsewhere it is absent.
        String identifier = System.getenv("PROCESSOR_IDENTIFIER");
        if (identifier != null) {
            return identifier;
        }
        try {
            return Files.isReadable(CPU_INFO) ? cpu(Files.readAllLines(CPU_INFO)) : UNKNOWN;
        } catch (IOException e) {
            return UNKNOWN;
        }
    }

    /// The processor's name from the lines of `/proc/cpuinfo`; on ARM, which gives none there, its implementer and
    /// part.
    static String cpu(List<String> lines) {
        String name = value(lines, "model name");
        if (!name.isEmpty()) {
            return name;
        }
        String implementer = value(lines, "CPU implementer");
        String part = value(lines, "CPU part");
        return implementer.isEmpty() ? UNKNOWN : "ARM implementer " + implementer + " part " + part;
    }

    private static String value(List<String> lines, String key) {
        for (String line : lines) {
            int colon = line.indexOf(':');
            if (colon > 0 && line.substring(0, colon).strip().equals(key)) {
                return line.substring(colon + 1).strip();
            }
        }
        return "";
    }

    /// The flags given to the JVM, without those that hold paths or system properties: they say nothing about the
    /// numbers and differ from machine to machine.
    private static String jvmFlags(RuntimeMXBean jvm) {
        return jvm.getInputArguments().stream()
                .filter(EnvironmentProbe::matters)
                .collect(Collectors.joining(" "));
    }

    static boolean matters(String flag) {
        return !flag.startsWith("-D") && !flag.contains("/") && !flag.contains("\\");
    }
}
