package dev.assay.vector.weight;

import dev.assay.checkpoint.BlockScales;
import dev.assay.checkpoint.Checkpoint;
import dev.assay.checkpoint.ElementType;
import dev.assay.checkpoint.Tensor;
import dev.assay.engine.UnsupportedModelException;
import dev.assay.plan.Ref;
import dev.assay.plan.VectorRef;
import dev.assay.plan.WeightLayout;
import dev.assay.plan.WeightRef;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;

/// Gives the weights that a plan names. Matrices stay in the checkpoint; vectors are decoded to float32.
public final class Weights {
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Checkpoint checkpoint;
    private final Set<ElementType> matrixTypes = EnumSet.noneOf(ElementType.class);
    private long heapBytes;
    private int widest;

    public Weights(Checkpoint checkpoint) {
        this.checkpoint = checkpoint;
    }

    /// Bytes of what was decoded: vectors, and the scales of FP8 matrices.
    public long heapBytes() {
        return heapBytes;
    }

    /// Element types of all matrices given so far.
    public Set<ElementType> matrixTypes() {
        return matrixTypes;
    }

    /// The longest row or column of all matrices given so far.
    public int widest() {
        return widest;
    }

    /// A matrix, read where it lies.
    ///
    /// @param prefix of the layer it belongs to, empty for none
    /// @throws UnsupportedModelException if there is no kernel for its type
    public WeightMatrix matrix(String prefix, WeightRef ref) {
        Tensor tensor = tensor(prefix, ref);
        matrixTypes.add(tensor.info().type());
        heapBytes += tensor.scales() == null ? 0 : tensor.scales().scales().byteSize();
        widest = Math.max(widest, Math.max(ref.rows(), ref.columns()));
        return switch (ref.layout()) {
            case WeightLayout.RowsFirst _ -> rows(tensor, ref.rows(), ref.columns());
            case WeightLayout.ColumnsFirst(int storedRows, int firstRow) -> {
                widest = Math.max(widest, storedRows);
                yield new ColumnMajorMatrix(
                        rows(tensor, ref.columns(), storedRows), 0, firstRow, ref.rows(), ref.columns());
            }
            case WeightLayout.StackedColumnsFirst(int count, int position, int storedRows, int firstRow) -> {
                widest = Math.max(widest, storedRows);
                yield new ColumnMajorMatrix(
                        rows(tensor, Math.multiplyExact(count, ref.columns()), storedRows),
                        position * ref.columns(),
                        firstRow,
                        ref.rows(),
                        ref.columns());
            }
        };
    }

    /// A matrix whose rows lie one after another, read where it lies.
    ///
    /// @throws UnsupportedModelException if there is no kernel for its type
    public static WeightMatrix rows(Tensor tensor, int rows, int columns) {
        return switch (tensor.info().type()) {
            case F32 -> new Float32Matrix(tensor.data(), rows, columns);
            case BF16 -> new BFloat16Matrix(tensor.data(), rows, columns);
            case F16 -> new Float16Matrix(tensor.data(), rows, columns);
            case F8_E4M3 -> {
                BlockScales scales = tensor.scales();
                if (scales == null) {
                    throw unsupported(tensor, "FP8 without block scales");
                }
                yield new Float8Matrix(
                        tensor.data(), rows, columns, scales.scales().toArray(FLOAT), scales.block());
            }
            case F64, I64, I32 -> throw unsupported(tensor, tensor.info().type().name());
        };
    }

    private static UnsupportedModelException unsupported(Tensor tensor, String what) {
        return new UnsupportedModelException(tensor.info().name() + ": no kernel for " + what
                + ", only for F32, BF16, F16 and block-scaled F8_E4M3");
    }

    /// A vector, decoded to float32.
    public float[] vector(String prefix, VectorRef ref) {
        float[] stored = tensor(prefix, ref).toVector();
        heapBytes += (long) ref.length() * Float.BYTES;
        return Arrays.copyOfRange(stored, ref.first(), ref.first() + ref.length());
    }

    private Tensor tensor(String prefix, Ref ref) {
        return checkpoint.tensor(
                prefix + ref.name(),
                ref.storedShape().stream().mapToInt(Integer::intValue).toArray());
    }
}
