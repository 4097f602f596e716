package dev.assay.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.assay.config.RopeParameters;
import java.util.List;
import org.assertj.core.data.Percentage;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/// Frequencies against the buffers of Hugging Face 5.18.0.
class RotaryFrequenciesTest {
    /// HF computes in float32: a power, a quotient and a blend, each of up to a few units of 2^-24, and a power
    /// whose exponent is itself rounded, which ln θ · 2^-24 ≤ 21 · 2^-24 bounds for θ up to 1e9.
    private static final double RELATIVE = 40 * 0x1p-24;

    static List<String> planned() {
        return Published.planned();
    }

    @ParameterizedTest
    @MethodSource("planned")
    void publishedModelsTurnAsTheOracleDoes(String model) {
        JsonNode buffers = Published.rope(model);
        int compared = 0;
        for (Layer layer : Published.plan(model).layers()) {
            Rotary rotary = layer.mixer().rotary();
            if (rotary instanceof Rotary.None) {
                continue;
            }
            JsonNode buffer = buffers.path(
                    buffers.has("all")
                            ? "all"
                            : switch (layer.mixer().mask()) {
                                case Mask.Causal _ -> "full_attention";
                                case Mask.SlidingWindow _ -> "sliding_attention";
                                case Mask.Chunked _ -> "chunked_attention";
                            });
            double[] frequencies = rotary.inverseFrequencies();
            assertThat(frequencies).hasSize(buffer.get("inv_freq").size());
            for (int j = 0; j < frequencies.length; j++) {
                double expected = buffer.get("inv_freq").get(j).doubleValue();
                assertThat(frequencies[j])
                        .as("%s frequency %d", model, j)
                        .isCloseTo(expected, Percentage.withPercentage(100 * RELATIVE));
            }
            assertThat(factor(rotary)).isEqualTo(buffer.get("cos_sin_factor").doubleValue(), within(1e-12));
            compared++;
        }
        // GPT-2 has no buffers, as it does not turn anything.
        assertThat(compared > 0).isEqualTo(!buffers.isEmpty());
    }

    private static double factor(Rotary rotary) {
        return switch (rotary) {
            case Rotary.None _ -> throw new AssertionError("nothing turns");
            case Rotary.HalfSplit(RopeParameters _, int _, double factor) -> factor;
            case Rotary.Interleaved(RopeParameters _, int _, double factor) -> factor;
        };
    }

    @ParameterizedTest
    @MethodSource("planned")
    void publishedModelsScaleScoresAsTheOracleDoes(String model) {
        List<Double> scales = Published.plan(model).layers().stream()
                .map(layer -> layer.mixer().scale())
                .distinct()
                .toList();
        JsonNode expected = Published.facts(model).get("attention_scale");
        assertThat(scales).hasSameSizeAs(expected);
        assertThat(scales.getFirst()).isCloseTo(expected.get(0).doubleValue(), within(1e-15));
    }

    @Test
    void yarnBlendsBetweenTheEndsOfItsRamp() {
        // 64 dims, original context 4096, θ 1e4: the ramp runs from pair 10 to pair 23.
        var yarn = new RopeParameters.Yarn(1e4, 40, 32, 1, 4096, null, 1.0, 1.0, true);
        double[] plain = RotaryFrequencies.inverse(new RopeParameters.Default(1e4), 64);
        double[] blended = RotaryFrequencies.inverse(yarn, 64);
        assertThat(blended[10]).isEqualTo(plain[10]);
        assertThat(blended[11]).isLessThan(plain[11]);
        assertThat(blended[22]).isGreaterThan(plain[22] / 40);
        assertThat(blended[23]).isEqualTo(plain[23] / 40);
        assertThat(RotaryFrequencies.cosSinFactor(yarn)).isEqualTo(1);
    }

    @Test
    void yarnsFactorIsTheGivenOneOrElseOfBothMagnitudesOrElseOfTheStretch() {
        assertThat(factor(0.25, 0.7, 0.7)).isEqualTo(0.25);
        assertThat(factor(null, 1.0, 0.7)).isEqualTo((0.1 * Math.log(4) + 1) / (0.07 * Math.log(4) + 1), within(1e-15));
        assertThat(factor(null, 1.0, null)).isEqualTo(0.1 * Math.log(4) + 1, within(1e-15));
        assertThat(factor(null, null, null)).isEqualTo(0.1 * Math.log(4) + 1, within(1e-15));
    }

    private static double factor(@Nullable Double given, @Nullable Double magnitude, @Nullable Double ofAllDims) {
        return RotaryFrequencies.cosSinFactor(
                new RopeParameters.Yarn(1e4, 4, 32, 1, 4096, given, magnitude, ofAllDims, true));
    }

    @Test
    void yarnSurvivesARampWithoutLength() {
        var yarn = new RopeParameters.Yarn(1e4, 4, 32, 1, 6, null, null, null, true);
        assertThat(RotaryFrequencies.inverse(yarn, 16))
                .doesNotContain(Double.NaN)
                .hasSize(8);
    }

    @Test
    void llama3WithEqualBoundsIsAStep() {
        var step = new RopeParameters.Llama3(5e5, 16, 1, 1, 8192);
        double[] plain = RotaryFrequencies.inverse(new RopeParameters.Default(5e5), 128);
        double[] stepped = RotaryFrequencies.inverse(step, 128);
        for (int j = 0; j < plain.length; j++) {
            double stretch = 2 * Math.PI / plain[j] > 8192 ? 16 : 1;
            assertThat(stepped[j]).isEqualTo(plain[j] / stretch);
        }
    }
}
