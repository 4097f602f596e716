package dev.assay.conformance.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.assay.engine.TapPoint;
import dev.assay.golden.FloatError;
import dev.assay.report.BudgetUse;
import dev.assay.report.BudgetUse.Yardstick;
import java.util.List;
import org.junit.jupiter.api.Test;

class BudgetTest {
    private static final Scale SCALE = new Scale(2, 8, 1.5);

    @Test
    void allowsTwiceTheRmsAndFourTimesTheMaximumOfTheYardstickPlusAFloor() {
        Budget budget = Budget.ofYardstick(new FloatError(1e-6, 5e-6), SCALE);

        assertThat(budget.rms()).isCloseTo(2e-6 + 4 * 0x1p-24 * 2, within(1e-20));
        assertThat(budget.max()).isCloseTo(2e-5 + 4 * 0x1p-24 * 8, within(1e-20));
        assertThat(budget.yardstick()).isEqualTo(Yardstick.RECORDED);
    }

    @Test
    void withoutAYardstickAllowsAShareOfTheStandardDeviation() {
        Budget budget = Budget.ofDeviation(SCALE);

        assertThat(budget.rms()).isCloseTo(3e-5, within(1e-18));
        assertThat(budget.max()).isCloseTo(3e-4, within(1e-18));
        assertThat(budget.yardstick()).isEqualTo(Yardstick.STANDARD_DEVIATION);
    }

    @Test
    void bothLimitsMustHold() {
        Budget budget = new Budget(1, 3, Yardstick.RECORDED);

        assertThat(budget.allows(difference(1, 3))).isTrue();
        assertThat(budget.allows(difference(Math.nextUp(1.0), 3))).isFalse();
        assertThat(budget.allows(difference(1, Math.nextUp(3.0)))).isFalse();
    }

    @Test
    void nanNeverPasses() {
        Budget budget = new Budget(Double.MAX_VALUE, Double.MAX_VALUE, Yardstick.RECORDED);

        assertThat(budget.allows(difference(Double.NaN, 0))).isFalse();
        assertThat(budget.allows(difference(0, Double.NaN))).isFalse();
        assertThat(budget.useOf(difference(Double.NaN, Double.NaN)).used()).isNaN();
    }

    @Test
    void useIsTheLargerShare() {
        BudgetUse use = new Budget(2, 8, Yardstick.RECORDED).useOf(difference(1, 6));

        assertThat(use.used()).isEqualTo(0.75);
        assertThat(use.tap()).isEqualTo("logits");
        assertThat(use.prompt()).isEqualTo("p");
    }

    @Test
    void noDifferenceUsesNothingOfABudgetOfZero() {
        Budget budget = new Budget(0, 0, Yardstick.RECORDED);

        assertThat(budget.allows(difference(0, 0))).isTrue();
        assertThat(budget.useOf(difference(0, 0)).used()).isZero();
        assertThat(budget.useOf(difference(1e-9, 1e-9)).used()).isInfinite();
    }

    @Test
    void scaleIsMeasuredOverAllPrompts() {
        Scale scale = Scale.of(List.of(new double[][] {{1, -3}}, new double[][] {{2}, {8}}));

        assertThat(scale.rms()).isCloseTo(Math.sqrt(78 / 4.0), within(1e-14));
        assertThat(scale.max()).isEqualTo(8);
        assertThat(scale.deviation()).isCloseTo(Math.sqrt(19.5 - 4), within(1e-14));
        assertThatThrownBy(() -> Scale.of(List.of())).isInstanceOf(IllegalArgumentException.class);
    }

    private static Difference difference(double rms, double max) {
        return new Difference(TapPoint.LOGITS, "p", 4, rms, max, 0, 0, 0, 0);
    }
}
