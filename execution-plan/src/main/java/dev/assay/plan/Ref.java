package dev.assay.plan;

import java.util.List;

/// A tensor of the checkpoint, or a part of one, that a plan reads.
///
/// Within a [Layer] its name starts after the layer's prefix, so that equal layers are equal records.
public sealed interface Ref permits WeightRef, VectorRef {
    String name();

    /// Numbers that the plan reads of it.
    long elements();

    /// Shape of the stored tensor that it is, or is a part of.
    List<Integer> storedShape();
}
