package dev.assay.report;

/// The machine and the Java runtime of a run.
///
/// @param memoryBytes physical memory
/// @param maxHeapBytes the largest heap the JVM would use
public record Environment(
        String os,
        String architecture,
        String cpu,
        int processors,
        long memoryBytes,
        String javaVersion,
        String javaVendor,
        String vm,
        long maxHeapBytes,
        String jvmFlags) {}
