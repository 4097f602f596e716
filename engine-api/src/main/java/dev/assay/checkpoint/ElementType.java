package dev.assay.checkpoint;

import org.jspecify.annotations.Nullable;

/// Element types that can be read, named as in safetensors headers.
///
/// Files may hold tensors of other types, such as `U8` or `BOOL`. These are listed, and refused where the model needs
/// them.
public enum ElementType {
    F64(8),
    F32(4),
    F16(2),
    BF16(2),
    /// OCP FP8 E4M3 (no infinities, largest 448), with block scales where a tensor has them.
    F8_E4M3(1),
    I64(8),
    I32(4);

    private final int bytes;

    ElementType(int bytes) {
        this.bytes = bytes;
    }

    /// Bytes of one element.
    public int bytes() {
        return bytes;
    }

    /// Whether elements are floating-point numbers, as weights are.
    public boolean isFloatingPoint() {
        return switch (this) {
            case F64, F32, F16, BF16, F8_E4M3 -> true;
            case I64, I32 -> false;
        };
    }

    /// The type of that name, or null if there is none that can be read.
    static @Nullable ElementType named(String name) {
        for (ElementType type : values()) {
            if (type.name().equals(name)) {
                return type;
            }
        }
        return null;
    }
}
