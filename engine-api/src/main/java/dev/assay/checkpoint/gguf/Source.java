package dev.assay.checkpoint.gguf;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.checkpoint.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.LongUnaryOperator;
import java.util.stream.IntStream;

/// Where the numbers of a GGUF tensor come from: published tensors, their elements in another order and perhaps scaled
/// or shifted. Elements are indexed row-major.
sealed interface Source {
    /// Sizes, outermost first; a GGUF file states them innermost first.
    List<Integer> shape();

    /// The numbers, to be read as long as the checkpoint is open.
    Elements open(Checkpoint checkpoint);

    /// The numbers of a tensor.
    @FunctionalInterface
    interface Elements {
        float at(long index);
    }

    default long size() {
        return shape().stream().mapToLong(Integer::longValue).reduce(1, Math::multiplyExact);
    }

    /// A published tensor as it is.
    static Source of(String tensor, int... shape) {
        return new Published(tensor, Arrays.stream(shape).boxed().toList());
    }

    /// Numbers that follow from the configuration.
    static Source of(float[] values) {
        return new Computed(values);
    }

    /// Tensors of one shape `[...]` as one, `[count][...]`.
    static Source stacked(List<Source> parts) {
        return new Stacked(parts);
    }

    /// Each number plus `term` in float32, as HF computes 1 + w.
    default Source plus(float term) {
        return new Affine(this, 1, term, size());
    }

    /// The numbers of the first `rows` rows times `factor` in float32, the others as they are.
    default Source scaled(float factor, int rows) {
        return new Affine(this, factor, 0, rows * rowSize());
    }

    /// The last two dimensions exchanged.
    default Source transposed() {
        int rows = dimension(2);
        int columns = dimension(1);
        List<Integer> shape = new ArrayList<>(shape());
        shape.set(shape.size() - 2, columns);
        shape.set(shape.size() - 1, rows);
        return new Moved(this, List.copyOf(shape), i -> {
            long matrix = i / ((long) rows * columns);
            long row = i / rows % columns;
            return (matrix * rows + i % rows) * columns + row;
        });
    }

    /// Rows of a matrix or elements of a vector in another order: `order[i]` is the one that comes i-th.
    default Source rows(int[] order) {
        List<Integer> shape = new ArrayList<>(shape());
        shape.set(0, order.length);
        long size = rowSize();
        return new Moved(this, List.copyOf(shape), i -> order[(int) (i / size)] * size + i % size);
    }

    /// Rows `from` to `to` of each matrix: `[..][rows][columns]` becomes `[..][to - from][columns]`.
    default Source slice(int from, int to) {
        int rows = dimension(2);
        int columns = dimension(1);
        List<Integer> shape = new ArrayList<>(shape());
        shape.set(shape.size() - 2, to - from);
        long part = (long) (to - from) * columns;
        return new Moved(this, List.copyOf(shape), i -> i / part * rows * columns + (long) from * columns + i % part);
    }

    /// The same numbers under another shape of as many.
    default Source reshaped(Integer... shape) {
        return new Moved(this, List.of(shape), LongUnaryOperator.identity());
    }

    /// Rows of zeros after the last, up to `rows`.
    default Source padded(int rows) {
        return new Padded(this, rows);
    }

    /// Rows of rotated heads, moved from HF's pairs (i, i + d/2) to pairs (2i, 2i + 1), d the rotated width,
    /// which ends each head: the rotation and every score stay the same.
    ///
    /// @param heads heads of equal width, which the rows are
    default Source interleaved(int heads, int rotated) {
        int width = shape().getFirst() / heads;
        int kept = width - rotated;
        return rows(IntStream.range(0, heads * width)
                .map(i -> {
                    int inHead = i % width - kept;
                    return inHead < 0 ? i : i - inHead + inHead / 2 + inHead % 2 * (rotated / 2);
                })
                .toArray());
    }

    /// Size of a dimension counted from the last, which is 1.
    private int dimension(int fromLast) {
        return shape().get(shape().size() - fromLast);
    }

    /// Numbers in one step of the outermost dimension.
    private long rowSize() {
        return size() / shape().getFirst();
    }

    record Published(String name, List<Integer> shape) implements Source {
        @Override
        public Elements open(Checkpoint checkpoint) {
            Tensor tensor = checkpoint.tensor(
                    name, shape.stream().mapToInt(Integer::intValue).toArray());
            return tensor::at;
        }
    }

    record Computed(float[] values) implements Source {
        @Override
        public List<Integer> shape() {
            return List.of(values.length);
        }

        @Override
        public Elements open(Checkpoint checkpoint) {
            return i -> values[(int) i];
        }
    }

    record Stacked(List<Source> parts) implements Source {
        @Override
        public List<Integer> shape() {
            List<Integer> shape = new ArrayList<>(parts.getFirst().shape());
            shape.addFirst(parts.size());
            return List.copyOf(shape);
        }

        @Override
        public Elements open(Checkpoint checkpoint) {
            Elements[] opened =
                    parts.stream().map(part -> part.open(checkpoint)).toArray(Elements[]::new);
            long size = parts.getFirst().size();
            return i -> opened[(int) (i / size)].at(i % size);
        }
    }

    /// The first `end` numbers times `factor` plus `term`, the others as they are.
    record Affine(Source source, float factor, float term, long end) implements Source {
        @Override
        public List<Integer> shape() {
            return source.shape();
        }

        @Override
        public Elements open(Checkpoint checkpoint) {
            Elements elements = source.open(checkpoint);
            return i -> i < end ? factor * elements.at(i) + term : elements.at(i);
        }
    }

    record Moved(Source source, List<Integer> shape, LongUnaryOperator from) implements Source {
        @Override
        public Elements open(Checkpoint checkpoint) {
            Elements elements = source.open(checkpoint);
            return i -> elements.at(from.applyAsLong(i));
        }
    }

    record Padded(Source source, int rows) implements Source {
        @Override
        public List<Integer> shape() {
            List<Integer> shape = new ArrayList<>(source.shape());
            shape.set(0, rows);
            return List.copyOf(shape);
        }

        @Override
        public Elements open(Checkpoint checkpoint) {
            Elements elements = source.open(checkpoint);
            long size = source.size();
            return i -> i < size ? elements.at(i) : 0;
        }
    }
}
