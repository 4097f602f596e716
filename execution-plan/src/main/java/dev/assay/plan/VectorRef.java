package dev.assay.plan;

import java.util.List;

/// A vector: the gain of a norm, or a bias.
///
/// @param length numbers in the vector
/// @param storedLength numbers in the stored tensor
/// @param first where the vector begins in it
public record VectorRef(String name, int length, int storedLength, int first) implements Ref {
    public VectorRef {
        Checks.name(name);
        Checks.positive(name + " length", length);
        Checks.between(name + " first", first, 0, storedLength - length);
    }

    /// A vector that is a stored tensor of its own.
    public static VectorRef of(String name, int length) {
        return new VectorRef(name, length, length, 0);
    }

    @Override
    public long elements() {
        return length;
    }

    @Override
    public List<Integer> storedShape() {
        return List.of(storedLength);
    }
}
