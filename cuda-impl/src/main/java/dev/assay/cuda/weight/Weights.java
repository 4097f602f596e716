package dev.assay.cuda.weight;

import dev.assay.checkpoint.BlockScales;
import dev.assay.checkpoint.Checkpoint;
import dev.assay.checkpoint.ElementType;
import dev.assay.checkpoint.Tensor;
import dev.assay.cuda.driver.DeviceMemory;
import dev.assay.engine.UnsupportedModelException;
import dev.assay.plan.Bias;
import dev.assay.plan.Linear;
import dev.assay.plan.Ref;
import dev.assay.plan.VectorRef;
import dev.assay.plan.WeightLayout;
import dev.assay.plan.WeightRef;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.IntFunction;

/// Gives the weights that a plan names, brought to the device. Matrices keep their type; vectors are float32.
///
/// Every matrix lies with its rows one after another, however the checkpoint holds it. Matrices with the same input can
/// be stacked to one, so that one kernel multiplies with all of them.
public final class Weights {
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Checkpoint checkpoint;
    private final Room room;
    private final Set<WeightType> types = EnumSet.noneOf(WeightType.class);

    public Weights(Checkpoint checkpoint, Room room) {
        this.checkpoint = checkpoint;
        this.room = room;
    }

    /// Types of all matrices given so far.
    public Set<WeightType> types() {
        return types;
    }

    /// A matrix.
    ///
    /// @param prefix of the layer it belongs to, empty for none
    /// @throws UnsupportedModelException if there is no kernel for its type
    public DeviceMatrix matrix(String prefix, WeightRef ref) {
        return stacked(prefix, List.of(ref));
    }

    /// Matrices of as many columns, one below the other. If their types differ they become float32.
    ///
    /// @throws UnsupportedModelException if there is no kernel for a type
    public DeviceMatrix stacked(String prefix, List<WeightRef> refs) {
        return experts(1, _ -> refs, _ -> prefix).first();
    }

    /// Stacked matrices of each expert.
    ///
    /// @throws UnsupportedModelException if there is no kernel for a type
    public DeviceExperts experts(String prefix, int count, IntFunction<List<WeightRef>> refs) {
        return experts(count, refs, _ -> prefix);
    }

    private DeviceExperts experts(int count, IntFunction<List<WeightRef>> refs, IntFunction<String> prefixes) {
        String prefix = prefixes.apply(0);
        Set<WeightType> found = EnumSet.noneOf(WeightType.class);
        for (int e = 0; e < count; e++) {
            refs.apply(e).forEach(ref -> found.add(type(tensor(prefix, ref))));
        }
        List<WeightRef> shapes = refs.apply(0);
        int columns = shapes.getFirst().columns();
        int rows = shapes.stream().mapToInt(WeightRef::rows).sum();
        int scaleColumns = scaleColumns(prefix, shapes, found);
        WeightType type = found.size() > 1 || scaleColumns == 0
                ? WeightType.F32
                : found.iterator().next();
        types.add(type);
        int rowScales = switch (type) {
            case F8 -> Math.ceilDiv(columns, scaleColumns);
            case BF16 -> 1;
            case F16, F32 -> 0;
        };
        long stride = DeviceMemory.aligned((long) rows * columns * type.bytes()) / type.bytes();
        long scaleStride = DeviceMemory.aligned((long) rows * rowScales * Float.BYTES) / Float.BYTES;
        long data = room.take(count * stride * type.bytes());
        long scales = rowScales == 0 ? 0 : room.take(count * scaleStride * Float.BYTES);
        for (int e = 0; e < count; e++) {
            long row = 0;
            for (WeightRef ref : refs.apply(e)) {
                long to = data + (e * stride + row * columns) * type.bytes();
                if (type == WeightType.F32 && type(tensor(prefix, ref)) != WeightType.F32) {
                    writeDecoded(prefix, ref, to);
                } else {
                    write(prefix, ref, to, type);
                }
                if (type == WeightType.F8) {
                    writeScales(prefix, ref, scales + (e * scaleStride + row * rowScales) * Float.BYTES);
                }
                row += ref.rows();
            }
        }
        if (type == WeightType.BF16) {
            room.scaleRows(scales, scaleStride, data, stride, count, rows, columns);
        }
        int sharing = type == WeightType.BF16 ? columns : Math.max(1, scaleColumns);
        DeviceMatrix first = new DeviceMatrix(data, scales, sharing, rows, columns, type);
        return new DeviceExperts(first, count, stride, scaleStride);
    }

    /// Columns that share a scale; 1 without scales, 0 if the matrices do not agree or lie transposed.
    private int scaleColumns(String prefix, List<WeightRef> refs, Set<WeightType> found) {
        if (!found.equals(EnumSet.of(WeightType.F8))) {
            return 1;
        }
        if (!refs.stream().allMatch(ref -> ref.layout() instanceof WeightLayout.RowsFirst)) {
            return 0;
        }
        int[] sizes = refs.stream()
                .mapToInt(ref -> scales(tensor(prefix, ref)).block().columns())
                .distinct()
                .toArray();
        return sizes.length == 1 ? sizes[0] : 0;
    }

    private void write(String prefix, WeightRef ref, long to, WeightType type) {
        MemorySegment data = tensor(prefix, ref).data();
        switch (ref.layout()) {
            case WeightLayout.RowsFirst _ -> room.write(to, data);
            case WeightLayout.ColumnsFirst(int storedRows, int firstRow) ->
                room.writeTransposed(to, data, storedRows, firstRow, ref.rows(), ref.columns(), type.bytes());
            case WeightLayout.StackedColumnsFirst(int _, int position, int storedRows, int firstRow) -> {
                long bytes = (long) ref.columns() * storedRows * type.bytes();
                room.writeTransposed(
                        to,
                        data.asSlice(position * bytes, bytes),
                        storedRows,
                        firstRow,
                        ref.rows(),
                        ref.columns(),
                        type.bytes());
            }
        }
    }

    private void writeDecoded(String prefix, WeightRef ref, long to) {
        Tensor tensor = tensor(prefix, ref);
        if (room instanceof Room.Counted) {
            return;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment row = arena.allocate(FLOAT, ref.columns());
            for (int r = 0; r < ref.rows(); r++) {
                for (int c = 0; c < ref.columns(); c++) {
                    row.setAtIndex(FLOAT, c, tensor.at(ref.index(r, c)));
                }
                room.write(to + (long) r * ref.columns() * Float.BYTES, row);
            }
        }
    }

    /// Scales of blocks, once for each row, so that matrices can be stacked wherever their blocks end.
    private void writeScales(String prefix, WeightRef ref, long to) {
        BlockScales blocks = scales(tensor(prefix, ref));
        int width = Math.ceilDiv(ref.columns(), blocks.block().columns());
        for (int r = 0; r < ref.rows(); r++) {
            long at = (long) (r / blocks.block().rows()) * width * Float.BYTES;
            room.write(to + (long) r * width * Float.BYTES, blocks.scales().asSlice(at, (long) width * Float.BYTES));
        }
    }

    private static WeightType type(Tensor tensor) {
        return switch (tensor.info().type()) {
            case F32 -> WeightType.F32;
            case BF16 -> WeightType.BF16;
            case F16 -> WeightType.F16;
            case F8_E4M3 -> {
                scales(tensor);
                yield WeightType.F8;
            }
            case F64, I64, I32 -> throw unsupported(tensor, tensor.info().type().name());
        };
    }

    private static BlockScales scales(Tensor tensor) {
        BlockScales scales = tensor.scales();
        if (scales == null) {
            throw unsupported(tensor, ElementType.F8_E4M3 + " without block scales");
        }
        return scales;
    }

    private static UnsupportedModelException unsupported(Tensor tensor, String what) {
        return new UnsupportedModelException(tensor.info().name() + ": no kernel for " + what
                + ", only for F32, BF16, F16 and block-scaled F8_E4M3");
    }

    /// A vector, each element plus `offset`.
    public long vector(String prefix, VectorRef ref, float offset) {
        float[] values = decoded(prefix, ref);
        for (int i = 0; i < values.length; i++) {
            values[i] += offset;
        }
        return numbers(values);
    }

    /// The biases of stacked matrices, 0 where one has none; a null address if none has.
    public long biases(String prefix, List<Linear> linears) {
        if (linears.stream().allMatch(linear -> linear.bias() instanceof Bias.None)) {
            return 0;
        }
        float[] all = new float[linears.stream().mapToInt(Linear::outputs).sum()];
        int row = 0;
        for (Linear linear : linears) {
            switch (linear.bias()) {
                case Bias.None _ -> {}
                case Bias.Added(VectorRef vector) ->
                    System.arraycopy(decoded(prefix, vector), 0, all, row, vector.length());
            }
            row += linear.outputs();
        }
        return numbers(all);
    }

    /// Numbers of our own.
    public long numbers(float... values) {
        long to = room.take((long) values.length * Float.BYTES);
        try (Arena arena = Arena.ofConfined()) {
            room.write(to, arena.allocateFrom(FLOAT, values));
        }
        return to;
    }

    private float[] decoded(String prefix, VectorRef ref) {
        float[] stored = tensor(prefix, ref).toVector();
        return Arrays.copyOfRange(stored, ref.first(), ref.first() + ref.length());
    }

    private Tensor tensor(String prefix, Ref ref) {
        return checkpoint.tensor(
                prefix + ref.name(),
                ref.storedShape().stream().mapToInt(Integer::intValue).toArray());
    }
}
