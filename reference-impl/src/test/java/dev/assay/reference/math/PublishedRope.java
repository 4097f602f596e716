package dev.assay.reference.math;

import dev.assay.config.RopeParameters;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Objects;
import java.util.Properties;

/// A rotary configuration and what Hugging Face makes of it, from `rope.properties`.
///
/// @param headDim rotated elements
public record PublishedRope(String name, int headDim, RopeParameters parameters) {
    private static final Properties EXPECTED = read();

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
