package dev.assay.perf.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class LineTest {
    /// Five points and the interval at 10, computed apart in Python: t of 3 degrees of freedom is 3.182446305.
    @Test
    void isTheLeastSquaresLineWithItsInterval() {
        Line line = Line.through(List.of(
                        new Point(1, 2.1), new Point(2, 3.9), new Point(3, 6.2), new Point(4, 7.8), new Point(5, 10.1)))
                .orElseThrow();

        assertThat(line.intercept()).isCloseTo(0.05, within(1e-9));
        assertThat(line.slope()).isCloseTo(1.99, within(1e-9));
        Line.At at = line.at(10).orElseThrow();
        assertThat(at.value()).isCloseTo(19.95, within(1e-9));
        assertThat(at.high() - at.value()).isCloseTo(1.3573049545615985, within(1e-7));
        assertThat(at.value() - at.low()).isCloseTo(1.3573049545615985, within(1e-7));
    }

    /// Mean 4 s and standard error sqrt(1 / 3) s of work 2; at work 6 both are three times that. t of 2 is
    /// 4.302652730.
    @Test
    void pointsOfOneWorkGiveALineThroughTheOrigin() {
        Line line = Line.through(List.of(new Point(2, 3), new Point(2, 4), new Point(2, 5)))
                .orElseThrow();

        assertThat(line.intercept()).isZero();
        Line.At at = line.at(6).orElseThrow();
        assertThat(at.value()).isCloseTo(12, within(1e-12));
        assertThat(at.high() - at.value()).isCloseTo(3 * 4.302652730 / Math.sqrt(3), within(1e-7));
    }

    @Test
    void thereIsNoLineOfTooFewPointsAndNoneThatFalls() {
        assertThat(Line.through(List.of(new Point(2, 3)))).isEmpty();
        assertThat(Line.through(List.of(new Point(2, 3), new Point(3, 4)))).isEmpty();
        assertThat(Line.through(List.of(new Point(2, 5), new Point(3, 4), new Point(4, 3))))
                .isEmpty();
    }

    @Test
    void anIntervalThatReachesDownToNothingIsNone() {
        Line line = Line.through(List.of(new Point(2, 1), new Point(2, 9))).orElseThrow();

        assertThat(line.at(2)).isEmpty();
    }
}
