package dev.assay.checkpoint;

/// Element types of tensors, named as in safetensors headers.
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
}
