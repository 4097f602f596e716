package dev.assay.checkpoint;

import java.util.List;
import java.util.stream.Collectors;

/// Name, type and shape of a tensor. The shape of a single number is empty.
public record TensorInfo(String name, ElementType type, List<Integer> shape) {
    public TensorInfo {
        shape = List.copyOf(shape);
        for (int size : shape) {
            if (size < 0) {
                throw new IllegalArgumentException(name + ": expected no negative dimension, found " + shape);
            }
        }
    }

    /// Number of elements.
    ///
    /// @throws ArithmeticException if it exceeds a `long`
    public long elements() {
        return shape.stream().mapToLong(Integer::longValue).reduce(1, Math::multiplyExact);
    }

    /// A shape as messages show it: `[151936][1024]`, or `[]` for a single number.
    static String format(List<Integer> shape) {
        return shape.isEmpty()
                ? "[]"
                : shape.stream().map(size -> "[" + size + "]").collect(Collectors.joining());
    }
}
