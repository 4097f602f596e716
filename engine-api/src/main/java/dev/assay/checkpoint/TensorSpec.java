package dev.assay.checkpoint;

import java.util.List;

/// A tensor that a configuration demands.
public record TensorSpec(String name, List<Integer> shape, TensorRole role) {
    public TensorSpec {
        shape = List.copyOf(shape);
    }

    /// Number of elements.
    public long elements() {
        return shape.stream().mapToLong(Integer::longValue).reduce(1, Math::multiplyExact);
    }
}
