package dev.assay.config;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Reads the keys of the rotary position embedding in both of HF's styles.
///
/// Up to 4.x these are `rope_theta` and `rope_scaling`, whose kind is `type` or `rope_type`; from 5.x on they are one
/// `rope_parameters`. A file may hold both, if they agree. HF's rules are in its `modeling_rope_utils.py`.
final class RopeReader {
    private static final String ORIGINAL_LENGTH = "original_max_position_embeddings";

    private RopeReader() {}

    /// Reads the parameters of a decoder that rotates alike in all layers.
    ///
    /// @param defaultTheta θ of the HF class where the file has none
    static RopeParameters read(ConfigFields fields, double defaultTheta, int maxPositionEmbeddings) {
        ConfigFields scaling = fields.object("rope_scaling");
        ConfigFields parameters = fields.object("rope_parameters");
        fields.only("partial_rotary_factor", 1);
        double theta = theta(defaultTheta, fields, scaling, parameters);
        if (scaling == null) {
            return read(fields, parameters, theta, maxPositionEmbeddings);
        }
        RopeParameters rope = read(fields, scaling, theta, maxPositionEmbeddings);
        if (parameters != null && !rope.equals(read(fields, parameters, theta, maxPositionEmbeddings))) {
            throw fields.wrong("rope_parameters", "the same as in \"rope_scaling\"");
        }
        return rope;
    }

    private static double theta(double defaultTheta, @Nullable ConfigFields... places) {
        Double theta = null;
        for (ConfigFields place : places) {
            if (place == null || !place.has("rope_theta")) {
                continue;
            }
            double found = place.number("rope_theta");
            if (theta != null && theta != found) {
                throw place.wrong("rope_theta", theta + ", as the other \"rope_theta\" says");
            }
            theta = found;
        }
        return theta == null ? defaultTheta : theta;
    }

    /// @param top the object that holds the length of the context, and perhaps the original one
    /// @param rope the object with the kind and its parameters, if there is one
    private static RopeParameters read(
            ConfigFields top, @Nullable ConfigFields rope, double theta, int maxPositionEmbeddings) {
        if (rope == null) {
            return top.create(() -> new RopeParameters.Default(theta));
        }
        rope.inert(Set.of("rope_theta"));
        rope.only("partial_rotary_factor", 1);
        String typeKey = rope.alias("rope_type", "type");
        return switch (rope.text(typeKey, "default")) {
            case "default" -> rope.create(() -> new RopeParameters.Default(theta));
            case "linear" -> {
                double factor = rope.number("factor");
                yield rope.create(() -> new RopeParameters.Linear(theta, factor));
            }
            case "llama3" -> {
                double factor = rope.number("factor");
                double lowFreqFactor = rope.number("low_freq_factor");
                double highFreqFactor = rope.number("high_freq_factor");
                int originalLength = originalLength(top, rope, maxPositionEmbeddings);
                yield rope.create(() ->
                        new RopeParameters.Llama3(theta, factor, lowFreqFactor, highFreqFactor, originalLength));
            }
            case "yarn" -> yarn(top, rope, theta, maxPositionEmbeddings);
            default -> throw rope.wrong(typeKey, "default, linear, llama3 or yarn: no other is modelled");
        };
    }

    private static RopeParameters yarn(ConfigFields top, ConfigFields rope, double theta, int maxPositionEmbeddings) {
        double factor = rope.number("factor");
        double betaFast = orElse(rope.numberOrNull("beta_fast"), 32);
        double betaSlow = orElse(rope.numberOrNull("beta_slow"), 1);
        int originalLength = originalLength(top, rope, maxPositionEmbeddings);
        Double attentionFactor = rope.numberOrNull("attention_factor");
        Double mscale = zeroIsNone(rope.numberOrNull("mscale"));
        Double mscaleAllDim = zeroIsNone(rope.numberOrNull("mscale_all_dim"));
        boolean truncate = rope.flag("truncate", true);
        return rope.create(() -> new RopeParameters.Yarn(
                theta, factor, betaFast, betaSlow, originalLength, attentionFactor, mscale, mscaleAllDim, truncate));
    }

    /// Length of the context before it was stretched: in the object of the parameters or, for want of that, beside it,
    /// or else the length of the context. HF lets the one beside it win; a file where both stand must not need that.
    private static int originalLength(ConfigFields top, ConfigFields rope, int maxPositionEmbeddings) {
        if (!top.has(ORIGINAL_LENGTH)) {
            return rope.integer(ORIGINAL_LENGTH, maxPositionEmbeddings);
        }
        int beside = top.integer(ORIGINAL_LENGTH, 0);
        if (rope.integer(ORIGINAL_LENGTH, beside) != beside) {
            throw rope.wrong(ORIGINAL_LENGTH, beside + ", as the one outside says");
        }
        return beside;
    }

    private static double orElse(@Nullable Double given, double otherwise) {
        return given == null ? otherwise : given;
    }

    /// HF tests these numbers for truth, so that 0 counts as not given.
    private static @Nullable Double zeroIsNone(@Nullable Double given) {
        return given == null || given == 0 ? null : given;
    }
}
