package dev.assay.adapter.jlama;

import com.github.tjake.jlama.model.DistributedContext;
import com.github.tjake.jlama.safetensors.DType;
import com.github.tjake.jlama.safetensors.TensorInfo;
import com.github.tjake.jlama.safetensors.WeightLoader;
import com.github.tjake.jlama.tensor.AbstractTensor;
import com.github.tjake.jlama.tensor.FloatBufferTensor;
import com.github.tjake.jlama.tensor.TensorShape;
import dev.assay.checkpoint.Checkpoint;
import dev.assay.checkpoint.Tensor;
import java.nio.FloatBuffer;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A checkpoint as Jlama loads weights, every element as float32.
final class CheckpointWeights implements WeightLoader {
    private final Checkpoint checkpoint;
    private final Map<String, int[]> shapes = new HashMap<>();

    CheckpointWeights(Checkpoint checkpoint) {
        this.checkpoint = checkpoint;
        checkpoint
                .tensors()
                .forEach(info -> shapes.put(
                        info.name(),
                        info.shape().stream().mapToInt(Integer::intValue).toArray()));
    }

    @Override
    public Map<String, String> metadata() {
        return Map.of();
    }

    @Override
    public Map<String, TensorInfo> tensorInfoMap() {
        throw new UnsupportedOperationException("Jlama asks for it in the distributed case only");
    }

    @Override
    public boolean isWeightPresent(String name) {
        return shapes.containsKey(name);
    }

    @Override
    public AbstractTensor<?, ?> load(
            String name, @Nullable DistributedContext distributed, boolean sparseRows, boolean sparseColumns) {
        int[] shape = shapes.get(name);
        if (shape == null) {
            throw new IllegalArgumentException(name + ": Jlama asks for it, the checkpoint has no such tensor");
        }
        Tensor tensor = checkpoint.tensor(name, shape);
        FloatBuffer values = FloatBuffer.allocate(Math.toIntExact(tensor.info().elements()));
        for (int i = 0; i < values.capacity(); i++) {
            values.put(i, tensor.at(i));
        }
        // As Jlama's own loader has it, a vector is a matrix of one row.
        TensorShape asMatrix = shape.length == 1 ? TensorShape.of(1, shape[0]) : TensorShape.of(shape);
        return new FloatBufferTensor(name, values, asMatrix, true);
    }

    @Override
    public DType getModelDType() {
        return DType.F32;
    }

    @Override
    public void close() {}
}
