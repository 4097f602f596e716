package dev.assay.checkpoint;

import dev.assay.config.ModelConfig;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// A model's configuration and its tensors under their published names.
///
/// Names are those of the text model: the prefixes of multimodal checkpoints (`language_model.`) are taken off.
/// Opening checks that every tensor the configuration demands is there with its shape, and that nothing else is,
/// apart from what is knowingly [skipped][#skipped]. Block scales of FP8 matrices are part of their [Tensor], not
/// tensors of their own.
public interface Checkpoint extends AutoCloseable {
    /// Opens a folder with `config.json` and `model.safetensors` or `model.safetensors.index.json` and its shards.
    /// Where there is both, the single file is read, as in HF.
    ///
    /// The files are memory-mapped: nothing is read but headers, and the embedding where a tied model also stores a
    /// copy of it as its head, which must be equal.
    ///
    /// @throws CheckpointException if a file is malformed or does not fit the configuration
    /// @throws dev.assay.config.ConfigException if the configuration cannot be used
    static Checkpoint open(Path folder) {
        return SafetensorsCheckpoint.open(folder);
    }

    ModelConfig config();

    /// Where the checkpoint comes from, for messages.
    String source();

    /// The folder whose files hold all of this, if there is one; [HfFolder] makes one.
    default Optional<Path> folder() {
        return Optional.empty();
    }

    /// All tensors of the text model, sorted by name.
    List<TensorInfo> tensors();

    boolean contains(String name);

    /// The tensor of that name.
    ///
    /// @param shape the shape the caller relies on
    /// @throws CheckpointException if there is no such tensor or it has another shape
    Tensor tensor(String name, int... shape);

    /// Tensors in the files that the text model does not use.
    List<SkippedTensor> skipped();

    /// Reads every tensor and refuses NaN and infinite elements.
    ///
    /// @throws CheckpointException if there is one; the message names the first tensor and element
    default void checkFinite() {
        tensors().parallelStream()
                .map(info -> tensor(
                        info.name(),
                        info.shape().stream().mapToInt(Integer::intValue).toArray()))
                .filter(tensor -> tensor.firstNotFinite() >= 0)
                .findFirst()
                .ifPresent(tensor -> {
                    long index = tensor.firstNotFinite();
                    throw new CheckpointException(source() + ": "
                            + tensor.info().name() + " "
                            + TensorInfo.format(tensor.info().shape()) + ": expected finite elements, element " + index
                            + " is " + tensor.at(index));
                });
    }

    /// Releases the files. Tensors taken from the checkpoint can no longer be read. Does nothing the second time.
    @Override
    void close();
}
