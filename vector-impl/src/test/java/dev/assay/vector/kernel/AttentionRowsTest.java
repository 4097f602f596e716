package dev.assay.vector.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class AttentionRowsTest {
    static IntStream sizes() {
        return Sizes.all().filter(n -> n < 1000);
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void scoresAndSumsAreLoops(int width) {
        for (int heads : new int[] {1, 2, 3, 4, 5}) {
            for (int count : new int[] {1, 2, 3, 9}) {
                scoresAndSumsAreLoops(width, heads, count);
            }
        }
    }

    private static void scoresAndSumsAreLoops(int width, int heads, int count) {
        float[] q = Sizes.normal(2 + heads * (width + 1), 1);
        float[] rows = Sizes.normal(1 + count * width, 2);
        float[] scores = new float[3 + heads * (count + 1)];
        AttentionRows.scores(q, 2, width + 1, heads, width, rows, 1, count, 0.5f, scores, 3, count + 1);
        float[] p = Sizes.normal(heads * (count + 1), 3);
        float[] before = Sizes.normal(4 + heads * width, 4);
        float[] sums = before.clone();
        AttentionRows.weightedSums(p, 0, count + 1, heads, count, rows, 1, width, sums, 4);
        for (int h = 0; h < heads; h++) {
            for (int s = 0; s < count; s++) {
                double expected = 0;
                for (int i = 0; i < width; i++) {
                    expected += 0.5 * q[2 + h * (width + 1) + i] * rows[1 + s * width + i];
                }
                assertThat((double) scores[3 + h * (count + 1) + s])
                        .isCloseTo(expected, within(Sizes.tolerance(width)));
            }
            for (int i = 0; i < width; i++) {
                double expected = before[4 + h * width + i];
                for (int s = 0; s < count; s++) {
                    expected += (double) p[h * (count + 1) + s] * rows[1 + s * width + i];
                }
                assertThat((double) sums[4 + h * width + i]).isCloseTo(expected, within(Sizes.tolerance(count + 1)));
            }
        }
        assertThat(sums).startsWith(before[0], before[1], before[2], before[3]);
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void numbersOfAQueryDoNotDependOnWhoSharesItsLoads(int width) {
        int count = 5;
        float[] q = Sizes.normal(2 * width, 1);
        float[] rows = Sizes.normal(count * width, 2);
        float[] together = new float[2 * count];
        AttentionRows.scores(q, 0, width, 2, width, rows, 0, count, 0.5f, together, 0, count);
        float[] sums = new float[2 * width];
        AttentionRows.weightedSums(together, 0, count, 2, count, rows, 0, width, sums, 0);
        for (int h = 0; h < 2; h++) {
            float[] alone = new float[count];
            AttentionRows.scores(q, h * width, width, 1, width, rows, 0, count, 0.5f, alone, 0, count);
            float[] sum = new float[width];
            AttentionRows.weightedSums(alone, 0, count, 1, count, rows, 0, width, sum, 0);
            assertThat(alone).containsExactly(Arrays.copyOfRange(together, h * count, (h + 1) * count));
            assertThat(sum).containsExactly(Arrays.copyOfRange(sums, h * width, (h + 1) * width));
        }
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void rotationsTurnPairs(int pairs) {
        float[] cos = new float[pairs];
        float[] sin = new float[pairs];
        for (int j = 0; j < pairs; j++) {
            cos[j] = (float) Math.cos(j);
            sin[j] = (float) Math.sin(j);
        }
        float[] head = Sizes.normal(2 * pairs, 5);
        float[] halves = head.clone();
        Rotation.halfSplit(halves, 0, pairs, cos, sin, 0);
        float[] neighbours = head.clone();
        Rotation.interleaved(neighbours, 0, pairs, cos, sin, 0);
        for (int j = 0; j < pairs; j++) {
            assertThat(halves[j]).isEqualTo(head[j] * cos[j] - head[j + pairs] * sin[j]);
            assertThat(halves[j + pairs]).isEqualTo(head[j + pairs] * cos[j] + head[j] * sin[j]);
            assertThat(neighbours[2 * j]).isEqualTo(head[2 * j] * cos[j] - head[2 * j + 1] * sin[j]);
            assertThat(neighbours[2 * j + 1]).isEqualTo(head[2 * j + 1] * cos[j] + head[2 * j] * sin[j]);
        }
    }
}
