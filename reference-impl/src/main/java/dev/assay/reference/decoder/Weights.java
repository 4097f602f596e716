package dev.assay.reference.decoder;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.checkpoint.Tensor;
import java.lang.ref.SoftReference;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// The weights of a checkpoint as float32 arrays, by published name and expected shape.
///
/// A tensor is decoded when it is first asked for and kept as long as memory allows: a matrix that nobody holds is
/// given up before the heap is full, and decoded again when asked for. So a model may be larger than the heap. The
/// arrays are shared: whoever changes one changes the model.
public final class Weights {
    private final Checkpoint checkpoint;
    private final String prefix;
    private final Decoded decoded;

    /// The decoded tensors by full name: one store for a model, whatever view was asked.
    private static final class Decoded {
        final Map<String, SoftReference<float[][]>> matrices = new HashMap<>(); // each [rows][columns]
        final Map<String, float[]> vectors = new HashMap<>();

        float[][] matrix(String key, Supplier<float[][]> decode) {
            SoftReference<float[][]> kept = matrices.get(key);
            float @Nullable [][] matrix = kept == null ? null : kept.get();
            if (matrix == null) {
                matrix = decode.get();
                matrices.put(key, new SoftReference<>(matrix));
            }
            return matrix;
        }

        long bytes() {
            long numbers = 0;
            for (SoftReference<float[][]> kept : matrices.values()) {
                float @Nullable [][] matrix = kept.get();
                numbers += matrix == null ? 0 : (long) matrix.length * matrix[0].length;
            }
            for (float[] vector : vectors.values()) {
                numbers += vector.length;
            }
            return numbers * Float.BYTES;
        }
    }

    public Weights(Checkpoint checkpoint) {
        this(checkpoint, "", new Decoded());
    }

    private Weights(Checkpoint checkpoint, String prefix, Decoded decoded) {
        this.checkpoint = checkpoint;
        this.prefix = prefix;
        this.decoded = decoded;
    }

    /// The same weights with `more` put before every name asked for, for example `self_attn.`.
    public Weights under(String more) {
        return new Weights(checkpoint, prefix + more, decoded);
    }

    /// A matrix, `[rows][columns]`.
    ///
    /// @throws dev.assay.checkpoint.CheckpointException if it is missing or has another shape
    public float[][] matrix(String name, int rows, int columns) {
        // Asked even if the matrix is decoded already: the shape is part of the question.
        Tensor tensor = checkpoint.tensor(prefix + name, rows, columns);
        return decoded.matrix(prefix + name, tensor::toMatrix);
    }

    /// Matrix `index` of `count` that lie in one tensor `[count][rows][columns]`, as `[rows][columns]`.
    ///
    /// @throws dev.assay.checkpoint.CheckpointException if the tensor is missing or has another shape
    public float[][] slice(String name, int index, int count, int rows, int columns) {
        Tensor tensor = checkpoint.tensor(prefix + name, count, rows, columns);
        String key = prefix + name + "[" + index + "]";
        return decoded.matrix(key, () -> {
            float[][] matrix = new float[rows][columns];
            for (int r = 0; r < rows; r++) {
                for (int c = 0; c < columns; c++) {
                    matrix[r][c] = tensor.at(((long) index * rows + r) * columns + c);
                }
            }
            return matrix;
        });
    }

    /// A vector, `[length]`.
    ///
    /// @throws dev.assay.checkpoint.CheckpointException if it is missing or has another shape
    public float[] vector(String name, int length) {
        Tensor tensor = checkpoint.tensor(prefix + name, length);
        float[] vector = decoded.vectors.get(prefix + name);
        if (vector == null) {
            vector = tensor.toVector();
            decoded.vectors.put(prefix + name, vector);
        }
        return vector;
    }

    /// Bytes of the decoded arrays that are kept, whatever the view.
    public long bytes() {
        return decoded.bytes();
    }

    /// Forgets the decoded arrays; they are decoded again if asked for.
    public void clear() {
        decoded.matrices.clear();
        decoded.vectors.clear();
    }
}
