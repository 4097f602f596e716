package dev.assay.plan.planner;

import dev.assay.config.AttentionType;
import dev.assay.config.RopeParameters;
import dev.assay.plan.Mask;
import dev.assay.plan.Rotary;

/// How far a layer of Gemma 3 or 3n sees, and how it turns heads for it: their configuration classes have rotary
/// parameters for each layer type.
record Span(Mask mask, Rotary rotary) {
    static Span of(AttentionType type, int window, RopeParameters full, RopeParameters sliding, int headDim) {
        return switch (type) {
            case FULL -> new Span(new Mask.Causal(), Rotary.halfSplit(full, headDim));
            case SLIDING -> new Span(new Mask.SlidingWindow(window), Rotary.halfSplit(sliding, headDim));
            case CHUNKED -> throw new IllegalArgumentException("layer type: found chunked, expected full or sliding");
        };
    }
}
