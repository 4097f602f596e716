package dev.assay.config;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Reads the keys of the rotary position embedding in both of HF's styles.
///
/// Up to 4.x these are `rope_theta` and `rope_scaling`, whose kind is `type` or `rope_type`; from 5.x on they are
/// one `rope_parameters`. A file may hold both, if they agree. HF's rules are in its `modeling_rope_utils.py`.
final class RopeReader {
    private static final String THETA = "rope_theta";
    private static final String ORIGINAL_LENGTH = "original_max_position_embeddings";

    private RopeReader() {}

    /// Parameters of full and of sliding layers.
    record PerLayerType(RopeParameters full, RopeParameters sliding) {}

    /// Where θ may stand.
    private record Place(@Nullable ConfigFields fields, String key) {}

    /// Reads the parameters of a decoder that rotates alike in all layers.
    ///
    /// @param defaultTheta θ of the HF class where the file has none
    static RopeParameters read(ConfigFields fields, double defaultTheta, int maxPositionEmbeddings) {
        ConfigFields scaling = fields.object("rope_scaling");
        ConfigFields parameters = fields.object("rope_parameters");
        fields.only("partial_rotary_factor", 1);
        double theta =
                theta(defaultTheta, new Place(fields, THETA), new Place(scaling, THETA), new Place(parameters, THETA));
        // HF lets the original length beside the parameters win over the one among them.
        return agreed(
                scaling == null ? null : read(fields, scaling, theta, maxPositionEmbeddings),
                parameters == null ? null : read(fields, parameters, theta, maxPositionEmbeddings),
                theta,
                fields);
    }

    /// Reads the parameters of a decoder whose sliding layers rotate by others than its full ones.
    ///
    /// Up to 4.x the θ of sliding layers is `rope_local_base_freq`, and `rope_scaling` is for full layers alone.
    /// From 5.x on `rope_parameters` holds an object for each layer type.
    static PerLayerType readPerLayerType(
            ConfigFields fields, double defaultFullTheta, double defaultSlidingTheta, int maxPositionEmbeddings) {
        ConfigFields scaling = fields.object("rope_scaling");
        ConfigFields parameters = fields.object("rope_parameters");
        fields.only("partial_rotary_factor", 1);
        if (scaling != null
                && !scaling.has("rope_type")
                && !scaling.text("type", "default").equals("default")) {
            // 5.18.0 puts these fields over a rope_type of default, and then reads that; 4.x takes the older name.
            throw scaling.wrong("type", "rope_type instead: HF versions disagree on the older name here");
        }
        ConfigFields full = parameters == null ? null : parameters.object("full_attention");
        ConfigFields sliding = parameters == null ? null : parameters.object("sliding_attention");
        double fullTheta =
                theta(defaultFullTheta, new Place(fields, THETA), new Place(scaling, THETA), new Place(full, THETA));
        double slidingTheta =
                theta(defaultSlidingTheta, new Place(fields, "rope_local_base_freq"), new Place(sliding, THETA));
        RopeParameters fullParameters = agreed(
                scaling == null ? null : read(null, scaling, fullTheta, maxPositionEmbeddings),
                full == null ? null : read(null, full, fullTheta, maxPositionEmbeddings),
                fullTheta,
                fields);
        RopeParameters slidingParameters = agreed(
                null,
                sliding == null ? null : read(null, sliding, slidingTheta, maxPositionEmbeddings),
                slidingTheta,
                fields);
        return new PerLayerType(fullParameters, slidingParameters);
    }

    private static RopeParameters agreed(
            @Nullable RopeParameters scaling, @Nullable RopeParameters parameters, double theta, ConfigFields fields) {
        if (scaling != null && parameters != null && !scaling.equals(parameters)) {
            throw fields.wrong("rope_parameters", "the same as in \"rope_scaling\"");
        }
        if (scaling != null) {
            return scaling;
        }
        return parameters != null ? parameters : fields.create(() -> new RopeParameters.Default(theta));
    }

    /// θ from the places that have it; they must agree.
    private static double theta(double absent, Place... places) {
        Double theta = null;
        for (Place place : places) {
            ConfigFields fields = place.fields();
            if (fields == null || !fields.has(place.key())) {
                continue;
            }
            double found = fields.number(place.key());
            if (theta != null && theta != found) {
                throw fields.wrong(place.key(), theta + ", as \"" + places[0].key() + "\" elsewhere in the file");
            }
            theta = found;
        }
        return theta == null ? absent : theta;
    }

    /// Reads one object of parameters.
    ///
    /// @param beside the object in which HF also looks for some of the parameters, if there is one
    private static RopeParameters read(
            @Nullable ConfigFields beside, ConfigFields rope, double theta, int maxPositionEmbeddings) {
        rope.inert(Set.of(THETA));
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
                int originalLength = originalLength(beside, rope, maxPositionEmbeddings);
                yield rope.create(
                        () -> new RopeParameters.Llama3(theta, factor, lowFreqFactor, highFreqFactor, originalLength));
            }
            case "yarn" -> yarn(beside, rope, theta, maxPositionEmbeddings);
            default -> throw rope.wrong(typeKey, "default, linear, llama3 or yarn: no other is modelled");
        };
    }

    private static RopeParameters yarn(
            @Nullable ConfigFields beside, ConfigFields rope, double theta, int maxPositionEmbeddings) {
        double factor = rope.number("factor");
        double betaFast = orElse(rope.numberOrNull("beta_fast"), 32);
        double betaSlow = orElse(rope.numberOrNull("beta_slow"), 1);
        int originalLength = originalLength(beside, rope, maxPositionEmbeddings);
        Double attentionFactor = rope.numberOrNull("attention_factor");
        Double mscale = zeroIsNone(rope.numberOrNull("mscale"));
        Double mscaleAllDim = zeroIsNone(rope.numberOrNull("mscale_all_dim"));
        if (beside == null) {
            // HF looks for this key outside the objects of the layer types, and so always finds the default.
            rope.only("truncate", true);
        }
        boolean truncate = rope.flag("truncate", true);
        return rope.create(() -> new RopeParameters.Yarn(
                theta, factor, betaFast, betaSlow, originalLength, attentionFactor, mscale, mscaleAllDim, truncate));
    }

    /// Length of the context before it was stretched: among the parameters or beside them, or else that of the
    /// context.
    private static int originalLength(@Nullable ConfigFields beside, ConfigFields rope, int maxPositionEmbeddings) {
        if (beside == null || !beside.has(ORIGINAL_LENGTH)) {
            return rope.integer(ORIGINAL_LENGTH, maxPositionEmbeddings);
        }
        int outer = beside.integer(ORIGINAL_LENGTH, maxPositionEmbeddings);
        if (rope.integer(ORIGINAL_LENGTH, outer) != outer) {
            throw rope.wrong(ORIGINAL_LENGTH, outer + ", as the one outside says");
        }
        return outer;
    }

    private static double orElse(@Nullable Double given, double otherwise) {
        return given == null ? otherwise : given;
    }

    /// HF tests these numbers for truth, so that 0 counts as not given.
    private static @Nullable Double zeroIsNone(@Nullable Double given) {
        return given == null || given == 0 ? null : given;
    }
}
