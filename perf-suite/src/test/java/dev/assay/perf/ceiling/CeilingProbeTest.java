package dev.assay.perf.ceiling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CeilingProbeTest {
    /// Each measurement checks its own sums, over all threads and streams, and throws if one is wrong.
    @Test
    void measuresBothCeilingsOnTwoThreads() throws InterruptedException {
        try (CeilingProbe probe = CeilingProbe.open(2, new CeilingEffort(1 << 20, 4))) {
            assertThat(probe.readBytesPerSecond()).isBetween(1e6, 1e14);
            assertThat(probe.fmaFlopsPerSecond()).isBetween(1e6, 1e15);
        }
    }

    @ParameterizedTest
    @CsvSource({"0, 1000000", "-1, 1000000", "1, 65535", "2, 131071"})
    void refusesWhatLeavesAThreadWithoutWork(int threads, long bytes) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> CeilingProbe.open(threads, new CeilingEffort(bytes, 1)))
                .withMessageContaining("at least one thread and 65536 bytes for each");
    }

    @Test
    void theReadKernelReadsEveryNumberOfItsBlocksAndNoOther() {
        int numbers = ReadKernel.BLOCK_BYTES / Float.BYTES;
        long distance = 3L * ReadKernel.BLOCK_BYTES;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment segment = arena.allocate(ReadKernel.STREAMS * distance, 64);
            for (long i = 0; i < segment.byteSize() / Float.BYTES; i++) {
                long block = i / numbers % 3;
                segment.setAtIndex(ValueLayout.JAVA_FLOAT, i, block == 1 ? 1 : 1000);
            }

            assertThat(ReadKernel.sum(segment, ReadKernel.BLOCK_BYTES, distance))
                    .isEqualTo(ReadKernel.STREAMS * numbers);
        }
    }
}
