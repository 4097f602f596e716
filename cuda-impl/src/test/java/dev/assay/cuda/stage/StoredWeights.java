package dev.assay.cuda.stage;

import dev.assay.cuda.driver.DeviceMemory;
import dev.assay.cuda.weight.DeviceExperts;
import dev.assay.cuda.weight.DeviceMatrix;
import dev.assay.cuda.weight.Room;
import dev.assay.cuda.weight.WeightType;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/// Weights `[rows][columns]` as they are stored and as they count.
final class StoredWeights {
    private final WeightType type;
    private final int scaleColumns;
    private final float[] scales; // [rows][⌈columns / scaleColumns⌉], of F8
    private final ByteBuffer stored;
    private final double[][] values;

    /// Zeros.
    ///
    /// @param scales `[rows][⌈columns / scaleColumns⌉]`, which [WeightType#F8] alone has
    StoredWeights(WeightType type, int rows, int columns, int scaleColumns, float[] scales) {
        this.type = type;
        this.scaleColumns = scaleColumns;
        this.scales = scales;
        this.stored = ByteBuffer.allocate(rows * columns * type.bytes()).order(ByteOrder.LITTLE_ENDIAN);
        this.values = new double[rows][columns];
    }

    int rows() {
        return values.length;
    }

    int columns() {
        return values[0].length;
    }

    WeightType type() {
        return type;
    }

    /// What the weights of a row count.
    double[] row(int row) {
        return values[row];
    }

    /// Stores a value: in bfloat16 cut off, in float16 the nearest, in E4M3 one that E4M3 has, before it is scaled.
    void set(int row, int column, float value) {
        int at = (row * columns() + column) * type.bytes();
        int bits = Float.floatToRawIntBits(value);
        values[row][column] = switch (type) {
            case F32 -> {
                stored.putFloat(at, value);
                yield value;
            }
            case BF16 -> {
                stored.putShort(at, (short) (bits >>> 16));
                yield Float.intBitsToFloat(bits & 0xffff0000);
            }
            case F16 -> {
                short half = Float.floatToFloat16(value);
                stored.putShort(at, half);
                yield Float.float16ToFloat(half);
            }
            case F8 -> {
                stored.put(at, e4m3(value));
                yield (double) value * scales[row * Math.ceilDiv(columns(), scaleColumns) + column / scaleColumns];
            }
        };
    }

    private static byte e4m3(float value) {
        int exponent = Math.max(Math.getExponent(value), -6);
        int eighths = (int) Math.scalb(Math.abs(value), 3 - exponent); // below 8: subnormal, which has exponent 0
        int sign = Float.floatToRawIntBits(value) >>> 24 & 0x80;
        return (byte) (sign | (((exponent + 7) << 3) + eighths - 8));
    }

    /// The matrix on the device.
    DeviceMatrix write(FakeDevice.Run run) {
        return write(List.of(this), run).first();
    }

    /// Matrices of one shape on the device, with the scales that kernels want of their type.
    static DeviceExperts write(List<StoredWeights> all, FakeDevice.Run run) {
        StoredWeights one = all.getFirst();
        WeightType type = one.type;
        int rows = one.rows();
        int columns = one.columns();
        int rowScales = switch (type) {
            case F8 -> Math.ceilDiv(columns, one.scaleColumns);
            case BF16 -> 1;
            case F16, F32 -> 0;
        };
        long stride = DeviceMemory.aligned((long) rows * columns * type.bytes()) / type.bytes();
        long scaleStride = DeviceMemory.aligned((long) rows * rowScales * Float.BYTES) / Float.BYTES;
        DeviceMemory memory = run.memory();
        long data = memory.take(all.size() * stride * type.bytes());
        long scales = rowScales == 0 ? 0 : run.takeFloats(all.size() * scaleStride);
        try (Arena arena = Arena.ofConfined()) {
            for (int e = 0; e < all.size(); e++) {
                StoredWeights own = all.get(e);
                memory.write(
                        data + e * stride * type.bytes(),
                        arena.allocateFrom(ValueLayout.JAVA_BYTE, own.stored.array()));
                if (type == WeightType.F8) {
                    memory.write(
                            scales + e * scaleStride * Float.BYTES,
                            arena.allocateFrom(ValueLayout.JAVA_FLOAT, own.scales));
                }
            }
            memory.finishWrites();
        }
        if (type == WeightType.BF16) {
            new Room.OnDevice(run.device(), memory, run.kernels(), run.stream())
                    .scaleRows(scales, scaleStride, data, stride, all.size(), rows, columns);
        }
        int sharing = switch (type) {
            case F8 -> one.scaleColumns;
            case BF16 -> columns;
            case F16, F32 -> 1;
        };
        return new DeviceExperts(
                new DeviceMatrix(data, scales, sharing, rows, columns, type), all.size(), stride, scaleStride);
    }
}
