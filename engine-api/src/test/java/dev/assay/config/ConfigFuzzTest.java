package dev.assay.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// Damaged files end in a configuration or a [ConfigException], nothing else.
///
/// `-Dassay.fuzz.inputs` sets how many are tried, `-Dassay.fuzz.seed` which.
class ConfigFuzzTest {
    private static final int INPUTS = Integer.getInteger("assay.fuzz.inputs", 100_000);
    private static final long SEED = Long.getLong("assay.fuzz.seed", 20_261_123L);

    /// Bits of JSON that hurt more than random bytes do.
    private static final List<String> TOKENS = List.of(
            "null",
            "true",
            "0",
            "-1",
            "1e6",
            "1e999",
            "-0.0",
            "1e-400",
            "2147483647",
            "2147483648",
            "99999999999999999999",
            "0.5",
            "\"\"",
            "\"yarn\"",
            "[]",
            "{}",
            "[[",
            "{\"a\":",
            "\"",
            "\\u0000",
            "\\ud800",
            "NaN",
            "1e6666666666");

    @Test
    void damagedFileEndsInAConfigOrAConfigException() {
        List<String> files = Stream.concat(
                        PublishedConfigTest.models().stream().map(Configs::published),
                        SavedConfigTest.saved().stream().map(SavedConfigTest::file))
                .toList();
        SplittableRandom random = new SplittableRandom(SEED);
        int read = 0;
        int refused = 0;
        for (int input = 0; input < INPUTS; input++) {
            String json = damage(files, random);
            try {
                ModelConfig config = Configs.parse(json);
                read += config.vocabSize() > 0 ? 1 : 0;
            } catch (ConfigException expected) {
                refused += String.valueOf(expected.getMessage()).startsWith("test.json: ") ? 1 : 0;
            } catch (RuntimeException | StackOverflowError escaped) {
                throw new AssertionError("seed " + SEED + ", input " + input + ":\n" + json, escaped);
            }
        }
        assertThat(read + refused).isEqualTo(INPUTS);
        // Too much damage would only test the JSON parser, too little nothing.
        assertThat(read).isGreaterThan(INPUTS / 100);
        assertThat(refused).isGreaterThan(INPUTS / 3);
    }

    private static String damage(List<String> files, SplittableRandom random) {
        StringBuilder json = new StringBuilder(files.get(random.nextInt(files.size())));
        for (int hits = 1 + random.nextInt(3); hits > 0; hits--) {
            int at = random.nextInt(json.length());
            switch (random.nextInt(6)) {
                case 0 -> json.setCharAt(at, (char) (json.charAt(at) ^ (1 << random.nextInt(8))));
                case 1 -> json.setCharAt(at, (char) random.nextInt(0x1_0000));
                case 2 -> json.setLength(Math.max(1, at));
                case 3 -> json.insert(at, TOKENS.get(random.nextInt(TOKENS.size())));
                case 4 -> replaceValue(json, at, TOKENS.get(random.nextInt(TOKENS.size())));
                default -> splice(json, at, files.get(random.nextInt(files.size())), random);
            }
        }
        return json.toString();
    }

    /// Replaces what stands between the next colon and the comma after it.
    private static void replaceValue(StringBuilder json, int at, String value) {
        int colon = json.indexOf(":", at);
        int comma = json.indexOf(",", colon);
        if (colon >= 0 && comma >= 0) {
            json.replace(colon + 1, comma, value);
        }
    }

    /// Goes over into another file, at a comma of each.
    private static void splice(StringBuilder json, int at, String other, SplittableRandom random) {
        int from = other.indexOf(',', random.nextInt(other.length()));
        int to = json.indexOf(",", at);
        if (from >= 0 && to >= 0) {
            json.replace(to, json.length(), other.substring(from));
        }
    }
}
