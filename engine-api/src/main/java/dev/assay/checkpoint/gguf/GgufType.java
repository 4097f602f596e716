package dev.assay.checkpoint.gguf;

import dev.assay.checkpoint.Encoding;
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
    /// Blocks of 32 numbers: a float16 scale d, then 32 signed bytes q; a number is d · q. Where the last
    /// dimension is no multiple of 32, F16 is written instead, as llama.cpp does.
    Q8_0(8, 7, 32, 34) {
        @Override
        void encode(float[] row, ByteBuffer into) {
            for (int from = 0; from < row.length; from += blockElements()) {
                float largest = 0;
                for (int i = from; i < from + blockElements(); i++) {
                    largest = Math.max(largest, Math.abs(row[i]));
                }
                float scale = largest / 127;
                float inverse = scale == 0 ? 0 : 1 / scale;
                // The bytes are made with the scale before it is rounded, as in ggml's quantize_row_q8_0_ref.
                into.putShort(Float.floatToFloat16(scale));
                for (int i = from; i < from + blockElements(); i++) {
                    float quotient = row[i] * inverse;
                    // C's roundf: ties away from zero. Adding 0.5 in double is exact here.
                    into.put((byte) (Math.signum(quotient) * Math.floor(Math.abs((double) quotient) + 0.5)));
                }
            }
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
