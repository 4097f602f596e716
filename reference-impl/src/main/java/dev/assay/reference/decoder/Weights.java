package dev.assay.reference.decoder;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.checkpoint.Tensor;
import java.util.HashMap;
import java.util.Map;

/// The weights of a checkpoint as float32 arrays, by published name and expected shape.
///
/// A tensor is decoded when it is first asked for and kept. The arrays are shared: whoever changes one changes the
/// model.
public final class Weights {
    private final Checkpoint checkpoint;
    private final String prefix;
    private final Decoded decoded;

    /// The decoded tensors by full name: one store for a model, whatever view was asked.
    private static final class Decoded {
        final Map<String, float[][]> matrices = new HashMap<>(); // each [rows][columns]
        final Map<String, float[]> vectors = new HashMap<>();
        long bytes;
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
        float[][] matrix = decoded.matrices.get(prefix + name);
        if (matrix == null) {
            matrix = tensor.toMatrix();
            decoded.matrices.put(prefix + name, matrix);
            decoded.bytes += (long) rows * columns * Float.BYTES;
        }
        return matrix;
    }

    /// Matrix `index` of `count` that lie in one tensor `[count][rows][columns]`, as `[rows][columns]`.
    ///
    /// @throws dev.assay.checkpoint.CheckpointException if the tensor is missing or has another shape
    public float[][] slice(String name, int index, int count, int rows, int columns) {
        Tensor tensor = checkpoint.tensor(prefix + name, count, rows, columns);
        String key = prefix + name + "[" + index + "]";
        float[][] matrix = decoded.matrices.get(key);
        if (matrix == null) {
            matrix = new float[rows][columns];
            for (int r = 0; r < rows; r++) {
                for (int c = 0; c < columns; c++) {
                    matrix[r][c] = tensor.at(((long) index * rows + r) * columns + c);
                }
            }
            decoded.matrices.put(key, matrix);
            decoded.bytes += (long) rows * columns * Float.BYTES;
        }
        return matrix;
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
            decoded.bytes += (long) length * Float.BYTES;
        }
        return vector;
    }

    /// Bytes of the arrays decoded so far, whatever the view.
    public long bytes() {
        return decoded.bytes;
    }

    /// Forgets the decoded arrays; they are decoded again if asked for.
    public void clear() {
        decoded.matrices.clear();
        decoded.vectors.clear();
        decoded.bytes = 0;
    }
}
