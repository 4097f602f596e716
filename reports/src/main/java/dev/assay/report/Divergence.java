package dev.assay.report;

/// The first place, in the order of the computation, where an engine leaves its budget.
///
/// @param tap for example `context.2`
/// @param layer decoder layer, -1 where none is known or the place belongs to none
/// @param method how the layer was found
/// @param prompt id of the prompt
/// @param token position of the largest difference
/// @param channel index of it within the row
/// @param expected the golden value there
/// @param actual the engine's value there
/// @param used share of the budget used at this tap
public record Divergence(
        String tap,
        int layer,
        Method method,
        String prompt,
        int token,
        int channel,
        double expected,
        double actual,
        double used) {
    /// How a layer is found.
    public enum Method {
        /// The place is itself one of the layer's values.
        TAPS,
        /// The place is behind the layer: models of the first layers are right without it and wrong with it.
        TRUNCATED_MODELS
    }

    /// The same place, with the layer that models of the first layers tell.
    public Divergence inLayer(int found) {
        return new Divergence(tap, found, Method.TRUNCATED_MODELS, prompt, token, channel, expected, actual, used);
    }

    /// The layer in words.
    public String layerInWords() {
        String number = layer < 0 ? "no layer" : "layer " + layer;
        return switch (method) {
            case TAPS -> number;
            case TRUNCATED_MODELS -> number + " (by truncated models)";
        };
    }
}
