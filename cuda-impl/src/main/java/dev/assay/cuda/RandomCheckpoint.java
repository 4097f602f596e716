package dev.assay.cuda;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.checkpoint.CheckpointLayout;
import dev.assay.checkpoint.ElementType;
import dev.assay.checkpoint.SkippedTensor;
import dev.assay.checkpoint.Tensor;
import dev.assay.checkpoint.TensorInfo;
import dev.assay.config.ModelConfig;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.SplittableRandom;

/// Weights of a published shape to measure speed with: bfloat16 between -0.05 and 0.05, gains of norms too. All tensors
/// read from the same pattern, so that a model of any size takes no more memory of the host than its largest tensor.
final class RandomCheckpoint implements Checkpoint {
    private static final int PATTERN = 1 << 22;

    private final ModelConfig config;
    private final List<TensorInfo> tensors;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment pattern;

    RandomCheckpoint(ModelConfig config) {
        this.config = config;
        this.tensors = CheckpointLayout.of(config).stream()
                .map(spec -> new TensorInfo(spec.name(), ElementType.BF16, spec.shape()))
                .toList();
        long largest = tensors.stream().mapToLong(TensorInfo::elements).max().orElseThrow() * Short.BYTES;
        long block = (long) PATTERN * Short.BYTES;
        this.pattern = arena.allocate(Math.ceilDiv(largest, block) * block, Long.BYTES);
        SplittableRandom random = new SplittableRandom(7);
        for (int i = 0; i < PATTERN; i++) {
            float value = (float) (random.nextDouble() - 0.5) * 0.1f;
            pattern.setAtIndex(ValueLayout.JAVA_SHORT, i, (short) (Float.floatToRawIntBits(value) >>> 16));
        }
        for (long at = block; at < pattern.byteSize(); at += block) {
            MemorySegment.copy(pattern, 0, pattern, at, block);
        }
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
        return tensors;
    }

    @Override
    public boolean contains(String name) {
        return tensors.stream().anyMatch(tensor -> tensor.name().equals(name));
    }

    @Override
    public Tensor tensor(String name, int... shape) {
        List<Integer> sizes = java.util.Arrays.stream(shape).boxed().toList();
        TensorInfo info = new TensorInfo(name, ElementType.BF16, sizes);
        return new Tensor(info, pattern.asSlice(0, info.elements() * Short.BYTES), null);
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
