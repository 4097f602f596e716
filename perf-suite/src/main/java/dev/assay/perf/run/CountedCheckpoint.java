package dev.assay.perf.run;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.checkpoint.SkippedTensor;
import dev.assay.checkpoint.Tensor;
import dev.assay.checkpoint.TensorInfo;
import dev.assay.config.ModelConfig;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// A checkpoint that counts the elements an engine reads from it. Whoever is given the folder, to read its files,
/// counts as reading everything.
final class CountedCheckpoint implements Checkpoint {
    private final Checkpoint checkpoint;
    private final Set<String> read = ConcurrentHashMap.newKeySet();

    CountedCheckpoint(Checkpoint checkpoint) {
        this.checkpoint = checkpoint;
    }

    /// Elements of all tensors that were read, each once.
    long elements() {
        return tensors().stream()
                .filter(tensor -> read.contains(tensor.name()))
                .mapToLong(TensorInfo::elements)
                .sum();
    }

    @Override
    public ModelConfig config() {
        return checkpoint.config();
    }

    @Override
    public String source() {
        return checkpoint.source();
    }

    @Override
    public Optional<Path> folder() {
        Optional<Path> folder = checkpoint.folder();
        if (folder.isPresent()) {
            tensors().forEach(tensor -> read.add(tensor.name()));
        }
        return folder;
    }

    @Override
    public List<TensorInfo> tensors() {
        return checkpoint.tensors();
    }

    @Override
    public boolean contains(String name) {
        return checkpoint.contains(name);
    }

    @Override
    public Tensor tensor(String name, int... shape) {
        read.add(name);
        return checkpoint.tensor(name, shape);
    }

    @Override
    public List<SkippedTensor> skipped() {
        return checkpoint.skipped();
    }

    /// Leaves the checkpoint open, which is another's.
    @Override
    public void close() {}
}
