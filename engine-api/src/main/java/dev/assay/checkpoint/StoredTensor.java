package dev.assay.checkpoint;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// A tensor as a file holds it, before anything is known of the model.
///
/// @param type as in the header; null as [#elementType] if it cannot be read
/// @param origin the file, for messages
/// @param data the elements, row-major; made when first asked for
record StoredTensor(String name, String type, List<Integer> shape, String origin, Supplier<MemorySegment> data) {
    @Nullable
    ElementType elementType() {
        return ElementType.named(type);
    }

    SkippedTensor skipped(String reason) {
        return new SkippedTensor(name, type, shape, reason);
    }

    /// Name, type and shape for messages: `model.norm.weight F32 [64]`.
    String describe() {
        return name + " " + type + " " + TensorInfo.format(shape);
    }
}
