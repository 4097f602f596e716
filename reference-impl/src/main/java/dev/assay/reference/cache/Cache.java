package dev.assay.reference.cache;

/// What is kept of the positions of one sequence.
public sealed interface Cache permits KvCache, LatentCache {
    /// Positions appended so far.
    int length();

    /// Bytes of the numbers held, all layers together, counted array by array: 4 for each float32.
    long bytes();
}
