package dev.assay.perf.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.withinPercentage;

import dev.assay.perf.PerfException;
import dev.assay.report.BenchRow.Latency;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.HistogramLogReader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LatencyLogTest {
    @TempDir
    private Path folder;

    /// HdrHistogram's own reader finds what was written.
    @Test
    void writesWhatHdrHistogramReads() throws IOException {
        LatencyLog one = new LatencyLog("vector/my, model/bf16");
        one.add("itl", 1_000, 2_000, 5_000_000, 7_000_000);
        one.add("ttft", 1_000, 3_000, 90_000_000);
        LatencyLog two = new LatencyLog("other/model");
        two.add("itl", 2_000, 4_000, 1_000);
        Path file = folder.resolve("latency.hlog");

        LatencyLog.write(List.of(one, two), file);

        List<Histogram> read = new ArrayList<>();
        try (HistogramLogReader reader = new HistogramLogReader(file.toFile())) {
            while (reader.hasNext()) {
                read.add((Histogram) reader.nextIntervalHistogram());
            }
        }
        assertThat(read)
                .extracting(Histogram::getTag)
                .containsExactly("vector/my--model/bf16/itl", "vector/my--model/bf16/ttft", "other/model/itl");
        assertThat(read).extracting(Histogram::getTotalCount).containsExactly(2L, 1L, 1L);
        assertThat((double) read.getFirst().getMaxValue()).isCloseTo(7e6, withinPercentage(0.1));
        assertThat(read.get(1).getStartTimeStamp()).isEqualTo(1_000);
        assertThat(read.get(1).getEndTimeStamp()).isEqualTo(3_000);
    }

    @Test
    void theDistributionIsThatOfAllPartsOfTheRun() {
        LatencyLog log = new LatencyLog("x");
        log.add(
                "itl",
                0,
                1,
                LongStream.rangeClosed(1, 600).map(i -> i * 1_000_000).toArray());
        log.add(
                "itl",
                1,
                2,
                LongStream.rangeClosed(601, 1000).map(i -> i * 1_000_000).toArray());
        log.add("ttft", 1, 2, 1);

        Latency latency = log.latency("itl");

        assertThat(latency.count()).isEqualTo(1000);
        assertThat(latency.p50()).isCloseTo(500, withinPercentage(0.2));
        assertThat(latency.p90()).isCloseTo(900, withinPercentage(0.2));
        assertThat(latency.p99()).isCloseTo(990, withinPercentage(0.2));
        assertThat(latency.p999()).isCloseTo(999, withinPercentage(0.2));
        assertThat(latency.max()).isCloseTo(1000, withinPercentage(0.2));
    }

    @Test
    void aFileThatCannotBeWrittenIsSaid() {
        assertThatThrownBy(() -> LatencyLog.write(List.of(), folder.resolve("nowhere/latency.hlog")))
                .isInstanceOf(PerfException.class)
                .hasMessageContaining("nowhere/latency.hlog: cannot be written");
    }
}
