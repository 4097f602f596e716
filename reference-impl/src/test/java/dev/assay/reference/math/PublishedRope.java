package dev.assay.reference.math;

import dev.assay.config.RopeParameters;
import dev.assay.config.RopeParameters.Default;
import dev.assay.config.RopeParameters.Linear;
import dev.assay.config.RopeParameters.Llama3;
import dev.assay.config.RopeParameters.Yarn;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Objects;
import java.util.Properties;

/// A rotary configuration and what Hugging Face makes of it, from `rope.properties`.
///
/// @param headDim rotated elements
public record PublishedRope(String name, int headDim, RopeParameters parameters) {
    private static final Properties EXPECTED = read();

    /// Published configurations, then edge cases of YaRN.
    public static List<PublishedRope> all() {
        return List.of(
                new PublishedRope("qwen3-0.6b", 128, new Default(1_000_000)),
                new PublishedRope("llama-3.2-1b", 64, new Llama3(500_000, 32, 1, 4, 8192)),
                // low = high: the blend would divide by zero.
                new PublishedRope("llama-4-scout", 128, new Llama3(500_000, 16, 1, 1, 8192)),
                new PublishedRope("deepseek-v3", 64, new Yarn(10_000, 40, 32, 1, 4096, null, 1.0, 1.0, true)),
                // beta_fast = beta_slow, made different by truncation.
                new PublishedRope("kimi-k2", 64, new Yarn(50_000, 32, 1, 1, 4096, null, 1.0, 1.0, true)),
                new PublishedRope("gpt-oss-20b", 64, new Yarn(150_000, 32, 32, 1, 4096, null, null, null, false)),
                new PublishedRope("gemma-3-4b-global", 256, new Linear(1_000_000, 8)),
                new PublishedRope(
                        "equal-betas-untruncated", 16, new Yarn(10_000, 8, 2, 2, 4096, null, null, null, false)),
                new PublishedRope("clamped-at-zero", 16, new Yarn(10_000, 40, 32, 1, 4, null, null, null, true)),
                new PublishedRope("clamped-at-the-end", 16, new Yarn(100, 4, 32, 1, 2_000_000, null, 0.707, 1.3, true)),
                new PublishedRope("mscale-all-dim-alone", 16, new Yarn(10_000, 4, 32, 1, 64, null, null, 0.5, true)),
                new PublishedRope("mscale-alone", 16, new Yarn(10_000, 4, 32, 1, 64, null, 0.5, null, true)),
                new PublishedRope("attention-factor", 16, new Yarn(10_000, 4, 32, 1, 64, 1.75, 0.5, 0.25, true)),
                new PublishedRope("factor-below-one", 16, new Yarn(10_000, 0.5, 32, 1, 64, null, 0.5, 0.25, true)));
    }

    /// Hugging Face's inverse frequencies, `[headDim/2]`.
    public double[] inverseFrequencies() {
        String[] words = property("inverse_frequencies").split(" ", -1);
        double[] inverseFrequencies = new double[words.length]; // [headDim/2]
        for (int i = 0; i < words.length; i++) {
            inverseFrequencies[i] = Double.parseDouble(words[i]);
        }
        return inverseFrequencies;
    }

    public double cosSinFactor() {
        return Double.parseDouble(property("cos_sin_factor"));
    }

    /// Whether [#softmaxScale] is known.
    public boolean hasSoftmaxScale() {
        return EXPECTED.containsKey(name + ".softmax_scale");
    }

    /// DeepSeek V3's softmax scale for 128 + headDim elements a head.
    public double softmaxScale() {
        return Double.parseDouble(property("softmax_scale"));
    }

    private String property(String key) {
        String full = name + "." + key;
        return Objects.requireNonNull(EXPECTED.getProperty(full), full);
    }

    private static Properties read() {
        Properties properties = new Properties();
        try (InputStream in = PublishedRope.class.getResourceAsStream("rope.properties")) {
            properties.load(Objects.requireNonNull(in, "rope.properties"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return properties;
    }

    @Override
    public String toString() {
        return name;
    }
}
