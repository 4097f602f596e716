package dev.assay.perf.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.assay.perf.compare.ChangePoints.ChangePoint;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;

class ChangePointsTest {
    /// The flow of the Nile at Aswan from 1871 to 1970, in 10^8 m^3: table 1 of Cobb, "The problem of the Nile:
    /// conditional solution to a changepoint problem", Biometrika 65 (1978).
    private static final double[] NILE = {
        1120, 1160, 963, 1210, 1160, 1160, 813, 1230, 1370, 1140, 995, 935, 1110, 994, 1020, 960, 1180, 799, 958, 1140,
        1100, 1210, 1150, 1250, 1260, 1220, 1030, 1100, 774, 840, 874, 694, 940, 833, 701, 916, 692, 1020, 1050, 969,
        831, 726, 456, 824, 702, 1120, 1100, 832, 764, 821, 768, 845, 864, 862, 698, 845, 744, 796, 1040, 759, 781, 865,
        845, 944, 984, 897, 822, 1010, 771, 676, 649, 846, 812, 742, 801, 1040, 860, 874, 848, 890, 744, 749, 838, 1050,
        918, 986, 797, 923, 975, 815, 1020, 906, 901, 1170, 912, 746, 919, 718, 714, 740
    };

    private static final RandomGeneratorFactory<RandomGenerator> RANDOM = RandomGeneratorFactory.of("L64X128MixRandom");

    /// The dam of Aswan was begun in 1898: 1899 is the first year of the new level, and the only change that is
    /// known.
    @Test
    void findsTheDamInTheFlowOfTheNile() {
        assertThat(NILE).hasSize(100);
        assertThat(Arrays.stream(NILE).average()).hasValueCloseTo(919.35, within(1e-9));

        List<ChangePoint> changes = ChangePoints.of(NILE, 0.01);

        assertThat(changes).singleElement().satisfies(change -> {
            assertThat(1871 + change.at()).isEqualTo(1899);
            assertThat(change.p()).isEqualTo(0.001);
        });
    }

    @Test
    void findsEveryStepAndItsPlace() {
        RandomGenerator random = RANDOM.create(3);
        double[] series = new double[60];
        for (int i = 0; i < series.length; i++) {
            series[i] = (i < 20 ? 10 : i < 45 ? 9 : 9.6) * (1 + 0.01 * random.nextGaussian());
        }
        assertThat(ChangePoints.of(series, 0.05)).extracting(ChangePoint::at).containsExactly(20, 45);
    }

    /// In 5 % of steady series chance looks like a change: of 200 some 10; 22 is four standard deviations above.
    @Test
    void steadySeriesHaveNoChanges() {
        RandomGenerator random = RANDOM.create(11);
        int alarms = 0;
        for (int i = 0; i < 200; i++) {
            double[] series = random.doubles(20).toArray();
            alarms += ChangePoints.of(series, 0.05).isEmpty() ? 0 : 1;
        }
        assertThat(alarms).isLessThanOrEqualTo(22);
    }

    @Test
    void anOutlierOrAShortSeriesIsNoLevel() {
        double[] outlier = new double[20];
        Arrays.setAll(outlier, i -> i == 19 ? 5 : 10 + 0.01 * (i % 4));
        assertThat(ChangePoints.of(outlier, 0.05)).isEmpty();
        assertThat(ChangePoints.of(new double[] {1, 1, 1, 9, 9}, 0.05)).isEmpty();
        assertThat(ChangePoints.of(new double[0], 0.05)).isEmpty();
    }
}
