package dev.assay.checkpoint;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Decodes elements to float32 and float64.
///
/// A tensor of any rank is taken as `[rows][columns]`, columns being its last dimension.
final class Decoding {
    /// What the 256 codes of F8_E4M3 mean: sign, four bits of exponent with bias 7, three of mantissa. 0x7f and
    /// 0xff are NaN; there is no infinity.
    private static final float[] F8_E4M3 = new float[256];

    private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfDouble DOUBLE =
            ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    static {
        for (int code = 0; code < F8_E4M3.length; code++) {
            int exponent = (code >> 3) & 15;
            int mantissa = code & 7;
            float magnitude = exponent == 0
                    ? Math.scalb((float) mantissa, -9)
                    : Math.scalb((float) (8 + mantissa), exponent - 10);
            F8_E4M3[code] = (code & 0x7f) == 0x7f ? Float.NaN : (code & 0x80) != 0 ? -magnitude : magnitude;
        }
    }

    private Decoding() {}

    static float at(Tensor tensor, long index) {
        MemorySegment data = tensor.data();
        return switch (tensor.info().type()) {
            case F64 -> (float) data.get(DOUBLE, index * Double.BYTES);
            case F32 -> data.get(FLOAT, index * Float.BYTES);
            case F16 -> Float.float16ToFloat(data.get(SHORT, index * Short.BYTES));
            case BF16 -> bfloat16(data.get(SHORT, index * Short.BYTES));
            case F8_E4M3 -> {
                float value = F8_E4M3[data.get(BYTE, index) & 0xff];
                yield tensor.scales() == null ? value : value * scaleAt(tensor, tensor.scales(), index);
            }
            case I64, I32 -> throw notFloatingPoint(tensor);
        };
    }

    static double doubleAt(Tensor tensor, long index) {
        MemorySegment data = tensor.data();
        return switch (tensor.info().type()) {
            case F64 -> data.get(DOUBLE, index * Double.BYTES);
            case F8_E4M3 -> {
                double value = F8_E4M3[data.get(BYTE, index) & 0xff];
                yield tensor.scales() == null ? value : value * scaleAt(tensor, tensor.scales(), index);
            }
            case F32, F16, BF16 -> at(tensor, index);
            case I64, I32 -> throw notFloatingPoint(tensor);
        };
    }

    static long longAt(Tensor tensor, long index) {
        return switch (tensor.info().type()) {
            case I64 -> tensor.data().get(LONG, index * Long.BYTES);
            case I32 -> tensor.data().get(INT, index * Integer.BYTES);
            case F64, F32, F16, BF16, F8_E4M3 ->
                throw new CheckpointException(tensor.info().name() + ": expected integers, found elements of type "
                        + tensor.info().type());
        };
    }

    static float[] vector(Tensor tensor) {
        checkRank(tensor, 1);
        checkHeap(tensor);
        int columns = columns(tensor);
        try {
            float[] vector = new float[columns]; // [columns]
            decode(tensor, 0, 0, columns, vector);
            return vector;
        } catch (OutOfMemoryError e) {
            throw tooLarge(tensor, e);
        }
    }

    static float[][] matrix(Tensor tensor) {
        checkRank(tensor, 2);
        checkHeap(tensor);
        int rows = tensor.info().shape().getFirst();
        int columns = columns(tensor);
        try {
            float[][] matrix = new float[rows][columns]; // [rows][columns]
            for (int r = 0; r < rows; r++) {
                decode(tensor, r, 0, columns, matrix[r]);
            }
            return matrix;
        } catch (OutOfMemoryError e) {
            throw tooLarge(tensor, e);
        }
    }

    static float[] row(Tensor tensor, int row) {
        checkRank(tensor, 2);
        float[] into = new float[columns(tensor)]; // [columns]
        decode(tensor, row, 0, into.length, into);
        return into;
    }

    static long firstNotFinite(Tensor tensor) {
        if (!tensor.info().type().isFloatingPoint()) {
            return -1;
        }
        int columns = columns(tensor);
        long rows = columns == 0 ? 0 : tensor.info().elements() / columns;
        float[] chunk = new float[Math.min(columns, 8192)];
        for (long r = 0; r < rows; r++) {
            for (int c = 0; c < columns; c += chunk.length) {
                int count = Math.min(chunk.length, columns - c);
                decode(tensor, r, c, count, chunk);
                boolean finite = true;
                for (int i = 0; i < count; i++) {
                    finite &= Math.abs(chunk[i]) <= Float.MAX_VALUE;
                }
                if (!finite) {
                    int i = 0;
                    while (Math.abs(chunk[i]) <= Float.MAX_VALUE) {
                        i++;
                    }
                    return r * columns + c + i;
                }
            }
        }
        return -1;
    }

    /// Decodes a part of a row.
    ///
    /// @param into receives columns `column` to `column + count`, from index 0
    private static void decode(Tensor tensor, long row, int column, int count, float[] into) {
        MemorySegment data = tensor.data();
        ElementType type = tensor.info().type();
        long offset = (row * columns(tensor) + column) * type.bytes();
        switch (type) {
            case F64 -> {
                for (int i = 0; i < count; i++) {
                    into[i] = (float) data.get(DOUBLE, offset + (long) i * Double.BYTES);
                }
            }
            case F32 -> MemorySegment.copy(data, FLOAT, offset, into, 0, count);
            case F16 -> {
                for (int i = 0; i < count; i++) {
                    into[i] = Float.float16ToFloat(data.get(SHORT, offset + (long) i * Short.BYTES));
                }
            }
            case BF16 -> {
                for (int i = 0; i < count; i++) {
                    into[i] = bfloat16(data.get(SHORT, offset + (long) i * Short.BYTES));
                }
            }
            case F8_E4M3 -> {
                for (int i = 0; i < count; i++) {
                    into[i] = F8_E4M3[data.get(BYTE, offset + i) & 0xff];
                }
                if (tensor.scales() != null) {
                    scale(tensor, tensor.scales(), row, column, count, into);
                }
            }
            case I64, I32 -> throw notFloatingPoint(tensor);
        }
    }

    private static void scale(Tensor tensor, BlockScales scales, long row, int column, int count, float[] into) {
        int i = 0;
        while (i < count) {
            int block = (column + i) / scales.block().columns();
            int end = (int) Math.min(count, (block + 1L) * scales.block().columns() - column);
            float scale = scaleAt(tensor, scales, row * columns(tensor) + column + i);
            for (; i < end; i++) {
                into[i] *= scale;
            }
        }
    }

    private static float scaleAt(Tensor tensor, BlockScales scales, long index) {
        int columns = columns(tensor);
        int blockColumns = scales.block().columns();
        long blocksPerRow = (columns + blockColumns - 1L) / blockColumns;
        long blockRow = index / columns / scales.block().rows();
        long blockColumn = index % columns / blockColumns;
        return scales.scales().get(FLOAT, (blockRow * blocksPerRow + blockColumn) * Float.BYTES);
    }

    private static float bfloat16(short bits) {
        return Float.intBitsToFloat(bits << 16);
    }

    private static int columns(Tensor tensor) {
        List<Integer> shape = tensor.info().shape();
        return shape.isEmpty() ? 1 : shape.getLast();
    }

    private static void checkRank(Tensor tensor, int rank) {
        if (tensor.info().shape().size() != rank) {
            throw new CheckpointException(tensor.info().name() + ": expected " + rank + " dimension(s), found "
                    + TensorInfo.format(tensor.info().shape()));
        }
    }

    /// Refuses what can never fit, before time goes into the attempt to make room for it.
    private static void checkHeap(Tensor tensor) {
        if (heapBytes(tensor) > Runtime.getRuntime().maxMemory()) {
            throw tooLarge(tensor, null);
        }
    }

    /// Bytes of a tensor in arrays of float32: 4 an element, and 20 a row for a reference and the head of an array.
    private static double heapBytes(Tensor tensor) {
        List<Integer> shape = tensor.info().shape();
        return 4.0 * tensor.info().elements() + 20.0 * (shape.size() == 2 ? shape.getFirst() : 1);
    }

    private static CheckpointException notFloatingPoint(Tensor tensor) {
        return new CheckpointException(tensor.info().name() + ": elements of type "
                + tensor.info().type() + " are not floating-point numbers");
    }

    private static CheckpointException tooLarge(Tensor tensor, @Nullable OutOfMemoryError cause) {
        String message =
                tensor.info().name() + ": " + TensorInfo.format(tensor.info().shape()) + " takes "
                        + Math.round(heapBytes(tensor) / (1 << 20)) + " MiB as float32, the heap is limited to "
                        + (Runtime.getRuntime().maxMemory() >> 20) + " MiB: raise it with -Xmx";
        return cause == null ? new CheckpointException(message) : new CheckpointException(message, cause);
    }
}
