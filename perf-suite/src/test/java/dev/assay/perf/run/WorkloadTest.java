package dev.assay.perf.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class WorkloadTest {
    @Test
    void isTheSameEveryTimeAndWithinTheVocabulary() {
        Workload workload = Workload.random(40, 10, 7);

        assertThat(workload.tokens()).isEqualTo(Workload.random(40, 10, 7).tokens());
        assertThat(workload.tokens()).hasSize(50).contains(0, 1, 2, 3, 4, 5, 6);
        assertThat(workload.tokens()).startsWith(workload.prompt()).endsWith(workload.decoded());
    }

    @Test
    void refusesNothing() {
        assertThatIllegalArgumentException().isThrownBy(() -> Workload.random(0, 1, 7));
        assertThatIllegalArgumentException().isThrownBy(() -> Workload.random(1, 0, 7));
    }

    @Test
    void theDigestIsThatOfLittleEndianFloats() {
        // printf '\x00\x00\x80\x3f\x00\x00\x00\xc0' | sha256sum
        assertThat(FullLogits.sha256(new float[][] {{1}, {-2}}))
                .isEqualTo(FullLogits.sha256(new float[][] {{1, -2}}))
                .isEqualTo("ee4ac73c2bd27756ab82780f27c73a7bc4d3f0bb6acb37e008bc27eccd7e588b");
    }

    @Test
    void thePeakOfTheProcessCoversWhatWasAllocated() {
        ProcessMemory.resetPeak();
        byte[] touched = new byte[64 << 20];
        Arrays.fill(touched, (byte) 1);

        assertThat(ProcessMemory.peakBytes()).isGreaterThan(touched.length);
    }
}
