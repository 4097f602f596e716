package dev.assay.checkpoint;

import dev.assay.config.ModelConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/// A checkpoint in a folder of safetensors files.
final class SafetensorsCheckpoint {
    private static final String SINGLE = "model.safetensors";
    private static final String INDEX = "model.safetensors.index.json";

    private SafetensorsCheckpoint() {}

    static Checkpoint open(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw new CheckpointException(folder + ": expected a folder with config.json and " + SINGLE);
        }
        ModelConfig config = ModelConfig.read(folder.resolve("config.json"));
        return open(folder, config);
    }

    private static Checkpoint open(Path folder, ModelConfig config) {
        Map<String, SafetensorsFile> files = new TreeMap<>(); // by file name
        try {
            List<StoredTensor> stored = new ArrayList<>();
            // As in HF, a single file wins over an index beside it.
            if (Files.exists(folder.resolve(SINGLE))) {
                SafetensorsFile file = SafetensorsFile.open(folder.resolve(SINGLE));
                files.put(SINGLE, file);
                stored.addAll(file.stored());
            } else if (Files.exists(folder.resolve(INDEX))) {
                stored.addAll(sharded(folder, ShardIndex.read(folder.resolve(INDEX)), files));
            } else {
                throw new CheckpointException(folder + ": expected " + SINGLE + " or " + INDEX + ", found neither");
            }
            return LoadedCheckpoint.of(config, folder.toString(), stored, folder, () -> close(files));
        } catch (RuntimeException e) {
            close(files);
            throw e;
        }
    }

    private static List<StoredTensor> sharded(Path folder, ShardIndex index, Map<String, SafetensorsFile> files) {
        Path indexFile = folder.resolve(INDEX);
        for (String name : new TreeSet<>(index.weightMap().values())) {
            Path shard = folder.resolve(name);
            if (!Files.exists(shard)) {
                throw new CheckpointException(indexFile + ": expected shard " + name + " in the folder, it is missing");
            }
            checkInside(folder, shard);
            files.put(name, SafetensorsFile.open(shard));
        }
        return index.match(files, indexFile.toString());
    }

    /// Refuses a shard that is a link out of the folder: the index comes with the checkpoint, and must not choose
    /// files elsewhere. The cache of huggingface_hub is the exception: `snapshots/<revision>/` links into its own
    /// `blobs/`.
    private static void checkInside(Path folder, Path shard) {
        try {
            Path real = shard.toRealPath();
            Path realFolder = folder.toRealPath();
            if (real.startsWith(realFolder)) {
                return;
            }
            Path snapshots = realFolder.getParent();
            if (snapshots != null
                    && snapshots.endsWith("snapshots")
                    && real.startsWith(snapshots.resolveSibling("blobs"))) {
                return;
            }
            throw new CheckpointException(shard + ": expected a file in the folder, found a link to " + real);
        } catch (IOException e) {
            throw new CheckpointException(shard + ": cannot be read: " + e, e);
        }
    }

    private static void close(Map<String, SafetensorsFile> files) {
        files.values().forEach(SafetensorsFile::close);
    }
}
