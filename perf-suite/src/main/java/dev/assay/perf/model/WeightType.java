package dev.assay.perf.model;

import dev.assay.checkpoint.ElementType;

/// Types of weights that can be made, named as users type them.
@SuppressWarnings("MemberName")
public enum WeightType {
    f32(ElementType.F32),
    bf16(ElementType.BF16),
    f16(ElementType.F16),
    /// Matrices with block scales; all else is BF16.
    fp8(ElementType.F8_E4M3);

    private final ElementType elements;

    WeightType(ElementType elements) {
        this.elements = elements;
    }

    /// Type of the matrices' elements.
    public ElementType elements() {
        return elements;
    }
}
