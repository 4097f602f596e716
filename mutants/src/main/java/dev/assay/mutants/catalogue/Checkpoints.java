package dev.assay.mutants.catalogue;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.checkpoint.ElementType;
import dev.assay.checkpoint.SkippedTensor;
import dev.assay.checkpoint.Tensor;
import dev.assay.checkpoint.TensorInfo;
import dev.assay.config.ModelConfig;
import dev.assay.golden.GoldenCase;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/// Checkpoints that are not what their files say.
final class Checkpoints {
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private Checkpoints() {}

    /// Names of a case's tensors.
    static Set<String> names(GoldenCase golden, Predicate<TensorInfo> among) {
        try (Checkpoint checkpoint = golden.weights().open()) {
            return checkpoint.tensors().stream()
                    .filter(among)
                    .map(TensorInfo::name)
                    .collect(Collectors.toUnmodifiableSet());
        }
    }

    /// The same tensors under another configuration.
    record Reconfigured(Checkpoint opened, ModelConfig config) implements Checkpoint {
        @Override
        public String source() {
            return opened.source();
        }

        @Override
        public List<TensorInfo> tensors() {
            return opened.tensors();
        }

        @Override
        public boolean contains(String name) {
            return opened.contains(name);
        }

        @Override
        public Tensor tensor(String name, int... shape) {
            return opened.tensor(name, shape);
        }

        @Override
        public List<SkippedTensor> skipped() {
            return opened.skipped();
        }

        @Override
        public void close() {
            opened.close();
        }
    }

    /// Some tensors with other numbers, as float32.
    record Altered(Checkpoint opened, Set<String> names, UnaryOperator<float[]> change) implements Checkpoint {
        @Override
        public ModelConfig config() {
            return opened.config();
        }

        @Override
        public String source() {
            return opened.source();
        }

        @Override
        public List<TensorInfo> tensors() {
            return opened.tensors();
        }

        @Override
        public boolean contains(String name) {
            return opened.contains(name);
        }

        @Override
        public Tensor tensor(String name, int... shape) {
            Tensor tensor = opened.tensor(name, shape);
            if (!names.contains(name)) {
                return tensor;
            }
            float[] values = new float[Math.toIntExact(tensor.info().elements())];
            for (int i = 0; i < values.length; i++) {
                values[i] = tensor.at(i);
            }
            float[] changed = change.apply(values);
            // A cache line, as those who read weights in place may rely on.
            MemorySegment data = Arena.ofAuto().allocate((long) Float.BYTES * changed.length, 64);
            MemorySegment.copy(changed, 0, data, FLOAT, 0, changed.length);
            TensorInfo info = tensor.info();
            return new Tensor(new TensorInfo(info.name(), ElementType.F32, info.shape()), data, null);
        }

        @Override
        public List<SkippedTensor> skipped() {
            return opened.skipped();
        }

        @Override
        public void close() {
            opened.close();
        }
    }
}
