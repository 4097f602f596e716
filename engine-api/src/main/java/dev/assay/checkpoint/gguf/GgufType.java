package dev.assay.checkpoint.gguf;

import dev.assay.checkpoint.Encoding;
import dev.assay.checkpoint.Q8Blocks;
import java.nio.ByteBuffer;

/// Number formats in which matrices can be written. Vectors, routers and a few small matrices are F32 in every file.
///
/// Numbers lie in blocks along the last dimension; a block of the first three is one number.
public enum GgufType {
    F32(0, 0, 1, 4) {
        @Override
        void encode(float[] row, ByteBuffer into) {
            for (float value : row) {
                into.putFloat(value);
            }
        }
    },
    F16(1, 1, 1, 2) {
        @Override
        void encode(float[] row, ByteBuffer into) {
            for (float value : row) {
                into.putShort(Float.floatToFloat16(value));
            }
        }
    },
    BF16(30, 32, 1, 2) {
        @Override
        void encode(float[] row, ByteBuffer into) {
            for (float value : row) {
                into.putShort(Encoding.bfloat16(value));
            }
        }
    },
    /// [Blocks][Q8Blocks] of 32 numbers. Where the last dimension is no multiple of 32, F16 is written instead, as
    /// llama.cpp does.
    Q8_0(8, 7, Q8Blocks.NUMBERS, Q8Blocks.BYTES) {
        @Override
        void encode(float[] row, ByteBuffer into) {
            Q8Blocks.encode(row, into);
        }
    };

    private final int id;
    private final int fileType;
    private final int blockElements;
    private final int blockBytes;

    GgufType(int id, int fileType, int blockElements, int blockBytes) {
        this.id = id;
        this.fileType = fileType;
        this.blockElements = blockElements;
        this.blockBytes = blockBytes;
    }

    /// ggml's `ggml_type`.
    int id() {
        return id;
    }

    /// llama.cpp's `llama_ftype` of a file whose matrices are of this type.
    int fileType() {
        return fileType;
    }

    int blockElements() {
        return blockElements;
    }

    /// Bytes of a row of that many numbers, which must be whole blocks.
    long rowBytes(int elements) {
        return (long) elements / blockElements * blockBytes;
    }

    /// Appends a row of whole blocks. The buffer must be little-endian.
    abstract void encode(float[] row, ByteBuffer into);
}
