package dev.assay.cuda.weight;

/// A type of weights that kernels read; its name ends theirs.
public enum WeightType {
    F32("f32", 4),
    BF16("bf16", 2),
    F16("f16", 2),
    /// E4M3 with a float32 scale for every row and block of columns.
    F8("f8", 1);

    private final String suffix;
    private final int bytes;

    WeightType(String suffix, int bytes) {
        this.suffix = suffix;
        this.bytes = bytes;
    }

    /// What names of kernels of this type end with.
    public String suffix() {
        return suffix;
    }

    /// Bytes of an element, without its share of a scale.
    public int bytes() {
        return bytes;
    }
}
