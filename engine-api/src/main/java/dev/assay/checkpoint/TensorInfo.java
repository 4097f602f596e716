package dev.assay.checkpoint;

import java.util.List;

/// Name, type and shape of a tensor.
public record TensorInfo(String name, ElementType type, List<Integer> shape) {
    public TensorInfo {
        shape = List.copyOf(shape);
    }

    /// Number of elements.
    public long elements() {
        return shape.stream().mapToLong(Integer::longValue).reduce(1, Math::multiplyExact);
    }
}
