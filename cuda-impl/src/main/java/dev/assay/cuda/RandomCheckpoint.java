package dev.assay.cuda;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.checkpoint.CheckpointException;
import dev.assay.checkpoint.ElementType;
import dev.assay.checkpoint.Encoding;
import dev.assay.checkpoint.SkippedTensor;
import dev.assay.checkpoint.SyntheticTensor;
import dev.assay.checkpoint.SyntheticWeights;
import dev.assay.checkpoint.Tensor;
import dev.assay.checkpoint.TensorInfo;
import dev.assay.config.ModelConfig;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Collectors;

/// Weights of a published shape to measure speed with: bfloat16, with mean and deviation of [SyntheticWeights], so
/// that each part of the model matters to its logits. Tensors of the same mean and deviation read from one pattern,
/// each from an offset of its own, so that a model of any size takes little more memory of the host than its largest
/// tensors.
final class RandomCheckpoint implements Checkpoint {
    /// Numbers after which a pattern repeats: a prime, so that no two rows of a matrix are the same.
    private static final int PERIOD = 4_194_319;

    /// Numbers of a cache line, at which every tensor begins.
    private static final int LINE = 32;

    private final ModelConfig config;
    private final Map<String, Tensor> tensors = new TreeMap<>();
    private final Arena arena = Arena.ofShared();

    private record Moments(double mean, double std) {}

    RandomCheckpoint(ModelConfig config) {
        this.config = config;
        SplittableRandom random = new SplittableRandom(7);
        double[] uniform = new double[PERIOD]; // mean 0, deviation 1
        Arrays.setAll(uniform, _ -> (random.nextDouble() - 0.5) * Math.sqrt(12));
        Map<Moments, List<SyntheticTensor>> alike =
                SyntheticWeights.forShape(config, ElementType.BF16, 0).tensors().stream()
                        .collect(Collectors.groupingBy(tensor -> new Moments(tensor.mean(), tensor.std())));
        alike.forEach((moments, these) -> {
            long longest = these.stream()
                    .mapToLong(tensor -> tensor.info().elements())
                    .max()
                    .orElseThrow();
            MemorySegment pattern = pattern(moments, uniform, longest + PERIOD);
            these.forEach(tensor -> put(tensor.info().name(), tensor.info().shape(), pattern));
        });
    }

    private MemorySegment pattern(Moments moments, double[] uniform, long numbers) {
        MemorySegment pattern = arena.allocate(numbers * Short.BYTES, (long) LINE * Short.BYTES);
        for (int i = 0; i < PERIOD; i++) {
            short value = Encoding.bfloat16(moments.mean() + moments.std() * uniform[i]);
            pattern.setAtIndex(ValueLayout.JAVA_SHORT, i, value);
        }
        long period = (long) PERIOD * Short.BYTES;
        for (long at = period; at < pattern.byteSize(); at += period) {
            MemorySegment.copy(pattern, 0, pattern, at, Math.min(period, pattern.byteSize() - at));
        }
        return pattern.asReadOnly();
    }

    private void put(String name, List<Integer> shape, MemorySegment pattern) {
        TensorInfo info = new TensorInfo(name, ElementType.BF16, shape);
        long offset = (long) Math.floorMod(name.hashCode(), PERIOD / LINE) * LINE;
        MemorySegment data = pattern.asSlice(offset * Short.BYTES, info.elements() * Short.BYTES);
        tensors.put(name, new Tensor(info, data, null));
    }

    @Override
    public ModelConfig config() {
        return config;
    }

    @Override
    public String source() {
        return "random weights";
    }

    @Override
    public List<TensorInfo> tensors() {
        return tensors.values().stream().map(Tensor::info).toList();
    }

    @Override
    public boolean contains(String name) {
        return tensors.containsKey(name);
    }

    @Override
    public Tensor tensor(String name, int... shape) {
        List<Integer> sizes = Arrays.stream(shape).boxed().toList();
        Tensor tensor = tensors.get(name);
        if (tensor == null || !tensor.info().shape().equals(sizes)) {
            throw new CheckpointException(source() + ": " + name + ": expected " + sizes + ", found "
                    + (tensor == null ? "no such tensor" : tensor.info().shape()));
        }
        return tensor;
    }

    @Override
    public List<SkippedTensor> skipped() {
        return List.of();
    }

    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }
}
