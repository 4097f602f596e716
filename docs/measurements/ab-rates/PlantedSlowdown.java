import dev.assay.report.Spread;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.DoubleSupplier;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// A measurement of known speed for `assay ab`: `java PlantedSlowdown.java TEMPLATE OUT WORK`.
///
/// Copies the report of one measurement from TEMPLATE to OUT with samples of its own in place of the measurement's: `prefill` is work in
/// registers and first-level cache, `decode` reads 64 MB from memory. A sample does WORK units and calls them 20, so that 21 is
/// slower by exactly 5 %.
final class PlantedSlowdown {
    private static final int UNITS = 20;
    private static final int SAMPLES = 5;
    private static final int WARM_UP = 3;

    private static double sink;

    private PlantedSlowdown() {}

    public static void main(String... arguments) {
        int work = Integer.parseInt(arguments[2]);
        float[] cached = numbers(1 << 12);
        float[] large = numbers(1 << 24);
        Spread compute = samples(work, () -> {
            double sum = 0;
            for (int i = 0; i < 10 << 10; i++) {
                sum += sum(cached, 0, cached.length);
            }
            return sum;
        });
        Spread read = samples(work, () -> sum(large, 0, large.length));
        JsonMapper mapper = JsonMapper.shared();
        JsonNode report = mapper.readTree(Path.of(arguments[0], "report.json"));
        JsonNode row = report.get("bench").get(0);
        ((ObjectNode) row.get("prefill")).set("spread", mapper.valueToTree(compute));
        ((ObjectNode) row.get("decode")).set("spread", mapper.valueToTree(read));
        mapper.writeValue(Path.of(arguments[1], "report.json"), report);
    }

    private static Spread samples(int work, DoubleSupplier unit) {
        double[] speeds = new double[SAMPLES];
        for (int i = -WARM_UP; i < SAMPLES; i++) {
            long start = System.nanoTime();
            for (int w = 0; w < work; w++) {
                sink += unit.getAsDouble();
            }
            if (i >= 0) {
                speeds[i] = UNITS / ((System.nanoTime() - start) / 1e9);
            }
        }
        if (!(sink > 0)) {
            throw new IllegalStateException("the sum is wrong: " + sink);
        }
        return Spread.of(speeds);
    }

    /// In eight sums, so that loads and not the additions' latency count.
    private static double sum(float[] numbers, int from, int to) {
        float a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0;
        for (int i = from; i < to; i += 8) {
            a += numbers[i];
            b += numbers[i + 1];
            c += numbers[i + 2];
            d += numbers[i + 3];
            e += numbers[i + 4];
            f += numbers[i + 5];
            g += numbers[i + 6];
            h += numbers[i + 7];
        }
        return a + b + c + d + e + f + g + h;
    }

    private static float[] numbers(int count) {
        float[] numbers = new float[count];
        Arrays.fill(numbers, 1 / 1024f);
        return numbers;
    }
}
