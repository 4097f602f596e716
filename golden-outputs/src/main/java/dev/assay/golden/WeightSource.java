package dev.assay.golden;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.checkpoint.SyntheticWeights;
import dev.assay.config.ModelConfig;
import java.nio.file.Path;

/// Where the weights of a case come from.
@FunctionalInterface
public interface WeightSource {
    /// Opens the checkpoint; the caller closes it.
    ///
    /// @throws dev.assay.checkpoint.CheckpointException if it is malformed or does not fit the configuration
    Checkpoint open();

    /// Weights in the files of the case's folder.
    record InFolder(Path folder) implements WeightSource {
        @Override
        public Checkpoint open() {
            return Checkpoint.open(folder);
        }
    }

    /// Weights made from a seed.
    ///
    /// @param sha256 digest of the `model.safetensors` that they make, in hexadecimal
    record Synthesised(ModelConfig config, SyntheticWeights weights, String sha256) implements WeightSource {
        @Override
        public Checkpoint open() {
            return weights.checkpoint(config);
        }
    }
}
