package dev.assay.perf.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.withinPercentage;

import org.junit.jupiter.api.Test;

class ScheduleTest {
    /// The mean of 10 000 exponential intervals is off by 1 % at one standard deviation.
    @Test
    void requestsComeAtTheRateAndAreTheSameEveryTime() {
        Load.OpenLoop load = new Load.OpenLoop(4, 10_001);
        long[] nanos = Schedule.of(load).nanos();

        assertThat(nanos)
                .hasSize(10_001)
                .isSorted()
                .startsWith(0L)
                .isEqualTo(Schedule.of(load).nanos());
        assertThat(nanos[10_000] / 10_000.0).isCloseTo(0.25e9, withinPercentage(4));
    }

    @Test
    void aMomentThatHasPassedIsNotWaitedFor() throws InterruptedException {
        long moment = System.nanoTime() + 5_000_000;
        Schedule.await(moment);
        assertThat(System.nanoTime() - moment).isNotNegative();
        Schedule.await(moment);
    }

    @Test
    void aLoadIsOneAtAll() {
        assertThatIllegalArgumentException().isThrownBy(() -> new Load.OpenLoop(0, 1));
        assertThatIllegalArgumentException().isThrownBy(() -> new Load.OpenLoop(Double.NaN, 1));
        assertThatIllegalArgumentException().isThrownBy(() -> new Load.OpenLoop(1, 0));
        assertThatIllegalArgumentException().isThrownBy(() -> new Load.Sessions(1));
    }
}
