package dev.assay.perf.ceiling;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FmaKernelTest {
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 7, 4096})
    void everyLaneCountsEveryStep(int steps) {
        assertThat(FmaKernel.run(1, steps)).isEqualTo(FmaKernel.expected(steps));
    }

    /// A kernel that ignored its factor could have been computed by the compiler.
    @ParameterizedTest
    @ValueSource(floats = {0, 0.5f, 2, 3})
    void theFactorIsUsedTwice(float factor) {
        assertThat(FmaKernel.run(factor, 64)).isEqualTo(factor * factor * FmaKernel.expected(64));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 1000})
    void countsTwoOperationsForEachLaneAndStep(int steps) {
        assertThat(FmaKernel.flops(steps)).isEqualTo(2 * (long) FmaKernel.expected(steps));
    }
}
