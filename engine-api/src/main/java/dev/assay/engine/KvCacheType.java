package dev.assay.engine;

/// Number format in which keys, values and latents are cached.
public enum KvCacheType {
    FLOAT32(4),
    /// Each number rounded to bfloat16, to the nearest and ties to even, when it is cached.
    BFLOAT16(2);

    private final int bytes;

    KvCacheType(int bytes) {
        this.bytes = bytes;
    }

    /// Bytes of one cached number.
    public int bytes() {
        return bytes;
    }
}
