package dev.assay.engine;

import java.util.Comparator;

/// A place in the network where every implementation reports its value, for example `context.3`.
///
/// Points are ordered as the computation runs: layer by layer, within a layer in the order of [Tap].
///
/// @param tap kind of value
/// @param layer decoder layer, from 0; the number of layers for the final norm's output; -1 for [Tap#LOGITS]
public record TapPoint(Tap tap, int layer) implements Comparable<TapPoint> {
    /// The logits, which belong to no layer.
    public static final TapPoint LOGITS = new TapPoint(Tap.LOGITS, -1);

    private static final Comparator<TapPoint> ORDER = Comparator.comparingInt(
                    (TapPoint point) -> point.tap == Tap.LOGITS ? Integer.MAX_VALUE : point.layer)
            .thenComparing(TapPoint::tap);

    public TapPoint {
        if ((tap == Tap.LOGITS) != (layer == -1) || layer < -1) {
            throw new IllegalArgumentException("no layer " + layer + " for tap " + tap.label());
        }
    }

    public static TapPoint of(Tap tap, int layer) {
        return new TapPoint(tap, layer);
    }

    /// Reads the form that [#toString] writes.
    ///
    /// @throws IllegalArgumentException if it names no tap
    public static TapPoint parse(String text) {
        if (text.equals(Tap.LOGITS.label())) {
            return LOGITS;
        }
        int dot = text.lastIndexOf('.');
        if (dot > 0 && text.substring(dot + 1).matches("0|[1-9][0-9]{0,5}")) {
            for (Tap tap : Tap.values()) {
                if (tap != Tap.LOGITS && tap.label().equals(text.substring(0, dot))) {
                    return new TapPoint(tap, Integer.parseInt(text.substring(dot + 1)));
                }
            }
        }
        throw new IllegalArgumentException("no tap is named " + text);
    }

    @Override
    public int compareTo(TapPoint other) {
        return ORDER.compare(this, other);
    }

    @Override
    public String toString() {
        return tap == Tap.LOGITS ? tap.label() : tap.label() + "." + layer;
    }
}
