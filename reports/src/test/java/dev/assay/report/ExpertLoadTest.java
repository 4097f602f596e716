package dev.assay.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class ExpertLoadTest {
    @Test
    void countsTheTokensOfEachExpert() {
        ExpertLoad load = ExpertLoad.of(3, "len3", new int[][] {{0, 4}, {4, 1}, {0, 4}}, 6);

        assertThat(load).isEqualTo(new ExpertLoad(3, "len3", List.of(2, 1, 0, 0, 3, 0)));
        assertThat(load.unused()).isEqualTo(3);
    }

    /// Shares 1/2, 1/4, 0, 1/4: (1 + 2 · 1/4 · 2) bits, of 2.
    @Test
    void entropyIsInBits() {
        ExpertLoad load = new ExpertLoad(0, "p", List.of(4, 2, 0, 2));

        assertThat(load.entropyBits()).isCloseTo(1.5, within(1e-15));
        assertThat(load.evenness()).isCloseTo(0.75, within(1e-15));
    }

    @Test
    void anEvenLoadIsAllEvenAndASingleExpertNone() {
        assertThat(new ExpertLoad(0, "p", List.of(5, 5, 5)).evenness()).isCloseTo(1, within(1e-15));
        assertThat(new ExpertLoad(0, "p", List.of(0, 7, 0)).entropyBits()).isZero();
        assertThat(new ExpertLoad(0, "p", List.of(0, 7, 0)).evenness()).isZero();
    }

    @Test
    void whereThereIsOneExpertItsLoadIsEven() {
        assertThat(new ExpertLoad(0, "p", List.of(7)).evenness()).isEqualTo(1);
    }
}
