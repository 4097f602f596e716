package dev.assay.checkpoint;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/// Decodes elements to float32.
final class Decoding {
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfDouble DOUBLE =
            ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private Decoding() {}

    static float at(Tensor tensor, long index) {
        MemorySegment data = tensor.data();
        return switch (tensor.info().type()) {
            case F64 -> (float) data.get(DOUBLE, index * Double.BYTES);
            case F32 -> data.get(FLOAT, index * Float.BYTES);
            case F16 -> Float.float16ToFloat(data.get(SHORT, index * Short.BYTES));
            case BF16 -> Float.intBitsToFloat(data.get(SHORT, index * Short.BYTES) << 16);
            case F8_E4M3, I64, I32 ->
                throw new CheckpointException(tensor.info().name() + ": elements of type "
                        + tensor.info().type() + " cannot be read as float32");
        };
    }

    static float[] vector(Tensor tensor) {
        float[] vector = new float[tensor.info().shape().getFirst()]; // [columns]
        for (int i = 0; i < vector.length; i++) {
            vector[i] = at(tensor, i);
        }
        return vector;
    }

    static float[][] matrix(Tensor tensor) {
        int rows = tensor.info().shape().getFirst();
        int columns = tensor.info().shape().getLast();
        float[][] matrix = new float[rows][columns]; // [rows][columns]
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < columns; c++) {
                matrix[r][c] = at(tensor, (long) r * columns + c);
            }
        }
        return matrix;
    }
}
