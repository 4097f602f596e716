package dev.assay.reference.decoder;

import dev.assay.engine.TapListener;
import dev.assay.reference.cache.Cache;

/// A decoder as its paper describes it.
///
/// @param <C> what it keeps of the positions seen
public interface ReferenceDecoder<C extends Cache> {
    /// A cache of no positions.
    C newCache();

    /// Appends `tokens` to the sequence in `cache` and returns the logits that follow each of them, `[T][V]`.
    ///
    /// @param taps receives the intermediate values
    float[][] forward(int[] tokens, C cache, TapListener taps);
}
