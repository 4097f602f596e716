package dev.assay.perf.compare;

import dev.assay.perf.PerfException;
import dev.assay.report.BenchRow;
import dev.assay.report.Environment;
import dev.assay.report.Report;
import java.util.ArrayList;
import java.util.List;

/// What one process measured of one engine and model, as it is kept to be compared with: a line of a file.
///
/// @param format always [#FORMAT]
/// @param commit that was measured
/// @param startedAt start of the process's run, ISO 8601 in UTC
/// @param prefill tokens per second of every repetition
/// @param decode likewise
/// @param readBytesPerSecond what the machine read at most, measured around the repetitions
/// @param fmaFlopsPerSecond what it computed at most, likewise
record Baseline(
        String format,
        String commit,
        String startedAt,
        Machine machine,
        Jvm jvm,
        Measured measured,
        List<Double> prefill,
        List<Double> decode,
        List<Double> readBytesPerSecond,
        List<Double> fmaFlopsPerSecond) {
    static final String FORMAT = "assay-baseline/1";

    /// Bytes of a GiB: how much memory a system sees differs by less from one start to the next.
    private static final double GIB = 1L << 30;

    /// What of a machine decides on its speed and stays when its system is updated.
    ///
    /// @param memoryGib rounded
    record Machine(String cpu, String architecture, int processors, long memoryGib) {}

    /// What of a Java runtime decides on its speed.
    record Jvm(String version, String vendor, String vm, String flags) {}

    /// What was measured.
    ///
    /// @param layers that ran
    /// @param prompt its tokens
    /// @param decoded tokens
    record Measured(String engine, String model, String dtype, int layers, int threads, int prompt, int decoded) {
        String name() {
            return engine + " " + model + " " + dtype + ", " + layers + " layers, " + threads + " threads, prompt "
                    + prompt + ", decode " + decoded;
        }
    }

    /// A speed, and the ceiling of the machine that bounds it.
    ///
    /// @param name ends with the phase
    /// @param samples in tokens per second
    /// @param ceiling of the machine at the time
    record Speed(String name, double[] samples, double[] ceiling) {}

    Baseline {
        prefill = List.copyOf(prefill);
        decode = List.copyOf(decode);
        readBytesPerSecond = List.copyOf(readBytesPerSecond);
        fmaFlopsPerSecond = List.copyOf(fmaFlopsPerSecond);
    }

    /// Every row of a report.
    ///
    /// @param source where the report comes from, for messages
    /// @throws PerfException if there is no row, or one has no figures
    static List<Baseline> of(Report report, String commit, String source) {
        if (report.bench().isEmpty()) {
            throw new PerfException(source + ": bench: expected rows of measurements, found none");
        }
        Environment environment = report.environment();
        Machine machine = new Machine(
                environment.cpu(),
                environment.architecture(),
                environment.processors(),
                Math.round(environment.memoryBytes() / GIB));
        Jvm jvm =
                new Jvm(environment.javaVersion(), environment.javaVendor(), environment.vm(), environment.jvmFlags());
        List<Baseline> lines = new ArrayList<>();
        for (BenchRow row : report.bench()) {
            BenchRow.Prefill prefill = row.prefill();
            BenchRow.Decode decode = row.decode();
            BenchRow.Ceilings ceilings = row.ceilings();
            if (prefill == null || decode == null || ceilings == null) {
                throw new PerfException(source + ": " + row.engine() + " on " + row.model() + ": "
                        + row.checked().outcome() + ", so there is no speed to compare: "
                        + row.checked().message());
            }
            lines.add(new Baseline(
                    FORMAT,
                    commit,
                    report.startedAt(),
                    machine,
                    jvm,
                    new Measured(
                            row.engine(),
                            row.model(),
                            row.dtype(),
                            row.shape().layers(),
                            row.threads(),
                            prefill.tokens(),
                            decode.tokens()),
                    prefill.spread().samples(),
                    decode.spread().samples(),
                    ceilings.read().samples(),
                    ceilings.fma().samples()));
        }
        return lines;
    }

    /// The speeds of the line, named the same in every line of the same measurement.
    List<Speed> speeds() {
        return List.of(
                new Speed(measured.name() + ": prefill", array(prefill), array(fmaFlopsPerSecond)),
                new Speed(measured.name() + ": decode", array(decode), array(readBytesPerSecond)));
    }

    boolean sameRun(Baseline other) {
        return startedAt.equals(other.startedAt) && comparable(other) && measured.equals(other.measured);
    }

    /// Whether both come from one kind of machine and JVM.
    boolean comparable(Baseline other) {
        return machine.equals(other.machine) && jvm.equals(other.jvm);
    }

    private static double[] array(List<Double> values) {
        return values.stream().mapToDouble(Double::doubleValue).toArray();
    }
}
