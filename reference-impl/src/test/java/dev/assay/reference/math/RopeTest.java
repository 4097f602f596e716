package dev.assay.reference.math;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.withinPercentage;

import dev.assay.config.RopeParameters.Default;
import dev.assay.config.RopeParameters.Yarn;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class RopeTest {
    /// Ten units in the last place of a double, in percent: pow and log differ by one or two between libraries.
    private static final double TEN_DOUBLE_ULPS_PERCENT = 10 * 0x1p-52 * 100;

    static List<PublishedRope> published() {
        return PublishedRope.all();
    }

    @ParameterizedTest
    @MethodSource("published")
    void inverseFrequenciesAgreeWithHuggingFace(PublishedRope rope) {
        double[] expected = rope.inverseFrequencies(); // [d/2]
        double[] actual = Rope.inverseFrequencies(rope.parameters(), rope.headDim()); // [d/2]
        assertThat(actual).hasSize(rope.headDim() / 2).hasSameSizeAs(expected);
        for (int i = 0; i < actual.length; i++) {
            assertThat(actual[i]).as("pair %d", i).isCloseTo(expected[i], withinPercentage(TEN_DOUBLE_ULPS_PERCENT));
        }
    }

    @ParameterizedTest
    @MethodSource("published")
    void cosSinFactorAgreesWithHuggingFace(PublishedRope rope) {
        assertThat(Rope.cosSinFactor(rope.parameters()))
                .isCloseTo(rope.cosSinFactor(), withinPercentage(TEN_DOUBLE_ULPS_PERCENT));
    }

    @Test
    void theRampOfYarnEndsAtTheHeadDimLessOne() {
        // It would run from pair −1 to 17 of the 4: log(65536 / (20000 · 2π)) < 0 and 8·log(65536 / 2π) / (2·log 10).
        Yarn yarn = new Yarn(10, 4, 20_000, 1, 65_536, null, null, null, true);
        double[] divided = {0, 1 / 7.0, 2 / 7.0, 3 / 7.0}; // share of each pair's frequency that is divided by 4
        double[] actual = Rope.inverseFrequencies(yarn, 8); // [d/2]
        for (int i = 0; i < 4; i++) {
            double expected = Math.pow(10, -i / 4.0) * (1 - 0.75 * divided[i]);
            assertThat(actual[i]).as("pair %d", i).isCloseTo(expected, withinPercentage(TEN_DOUBLE_ULPS_PERCENT));
        }
    }

    @Test
    void oddHeadDimsAreRefused() {
        assertThatThrownBy(() -> new Rope(new Default(10_000), 7))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("rotary embedding needs an even head dim, found 7");
        assertThatThrownBy(() -> new Rope(new Default(10_000), 0)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void headsOfAnotherLengthAreRefused() {
        Rope rope = new Rope(new Default(10_000), 8);
        assertThatThrownBy(() -> rope.rotateHalfSplit(new float[6], 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("rotary embedding of 8 elements given a head of 6");
        assertThatThrownBy(() -> rope.rotateInterleaved(new float[10], 0)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void halfSplitTurnsElementIWithElementIPlusHalf() {
        // θ 1 turns every pair by the position: position 1 by 1 radian.
        Rope rope = new Rope(new Default(1), 4);
        float cos = (float) Math.cos(1);
        float sin = (float) Math.sin(1);
        assertThat(rope.rotateHalfSplit(new float[] {1, 0, 0, 0}, 1)).containsExactly(cos, 0, sin, 0);
        assertThat(rope.rotateHalfSplit(new float[] {0, 0, 0, 1}, 1)).containsExactly(0, -sin, 0, cos);
    }

    @Test
    void interleavedTurnsElement2IWithElement2IPlus1() {
        Rope rope = new Rope(new Default(1), 4);
        float cos = (float) Math.cos(1);
        float sin = (float) Math.sin(1);
        assertThat(rope.rotateInterleaved(new float[] {1, 0, 0, 0}, 1)).containsExactly(cos, sin, 0, 0);
        assertThat(rope.rotateInterleaved(new float[] {0, 0, 0, 1}, 1)).containsExactly(0, 0, -sin, cos);
    }

    @Test
    void positionZeroChangesNothing() {
        Rope rope = new Rope(new Default(10_000), 4);
        float[] head = {1, 2, 3, 4};
        assertThat(rope.rotateHalfSplit(head, 0)).containsExactly(head);
        assertThat(rope.rotateInterleaved(head, 0)).containsExactly(head);
    }

    @Test
    void anglesOfFarPositionsAreComputedInDouble() {
        // Pair 1 of Qwen3 at position 131071 turns by 105622.541392 radians; a float32 angle is off by up to 0.004.
        Rope rope = new Rope(new Default(1_000_000), 128);
        float[] head = new float[128]; // [d]
        head[1] = 1;
        float[] rotated = rope.rotateHalfSplit(head, 131_071);
        assertThat(rotated[1]).isEqualTo(-0.5855692f);
        assertThat(rotated[65]).isEqualTo(0.8106224f);
        float[] interleaved = new float[128]; // [d]
        interleaved[2] = 1;
        rotated = rope.rotateInterleaved(interleaved, 131_071);
        assertThat(rotated[2]).isEqualTo(-0.5855692f);
        assertThat(rotated[3]).isEqualTo(0.8106224f);
    }

    @Test
    void yarnScalesCosineAndSine() {
        Rope rope = new Rope(new Yarn(10_000, 4, 32, 1, 64, 1.75, null, null, true), 2);
        assertThat(rope.rotateHalfSplit(new float[] {2, 4}, 0)).containsExactly(3.5f, 7);
        assertThat(rope.rotateInterleaved(new float[] {2, 4}, 0)).containsExactly(3.5f, 7);
    }
}
