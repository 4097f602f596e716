package dev.assay.checkpoint;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/// An ordinary Hugging Face folder made from a checkpoint, for engines that read files.
public final class HfFolder {
    /// Fewer than a [java.nio.ByteBuffer] can hold.
    private static final long WRITE_BYTES = 1L << 30;

    private HfFolder() {}

    /// A tensor of the file and its elements.
    private record Part(TensorInfo info, MemorySegment data) {}

    /// Writes `config.json` and `model.safetensors`, with the published names of the text model and its element
    /// types. [Checkpoint#open] reads an equal checkpoint.
    ///
    /// @param folder exists; files of these names are replaced
    /// @throws IOException if a file cannot be written
    public static void write(Checkpoint checkpoint, Path folder) throws IOException {
        Files.writeString(folder.resolve("config.json"), checkpoint.config().toJson());
        List<Part> parts = parts(checkpoint);
        try (FileChannel channel = FileChannel.open(
                folder.resolve("model.safetensors"),
                StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.WRITE)) {
            SafetensorsWriter.write(
                    SafetensorsWriter.header(parts.stream().map(Part::info).toList()), channel);
            for (Part part : parts) {
                long bytes = part.data().byteSize();
                for (long from = 0; from < bytes; from += WRITE_BYTES) {
                    SafetensorsWriter.write(
                            part.data()
                                    .asSlice(from, Math.min(WRITE_BYTES, bytes - from))
                                    .asByteBuffer(),
                            channel);
                }
            }
        }
    }

    /// All tensors, and block scales as tensors of their own, in the order of the file.
    private static List<Part> parts(Checkpoint checkpoint) {
        List<Part> parts = new ArrayList<>();
        for (TensorInfo info : checkpoint.tensors()) {
            Tensor tensor = checkpoint.tensor(
                    info.name(),
                    info.shape().stream().mapToInt(Integer::intValue).toArray());
            parts.add(new Part(info, tensor.data()));
            BlockScales scales = tensor.scales();
            if (scales != null) {
                TensorInfo scalesInfo = new TensorInfo(
                        info.name() + LoadedCheckpoint.SCALES_SUFFIX,
                        ElementType.F32,
                        LoadedCheckpoint.scalesShape(info.shape(), scales.block()));
                parts.add(new Part(scalesInfo, scales.scales()));
            }
        }
        parts.sort(Comparator.comparing(Part::info, SafetensorsWriter.ORDER));
        return parts;
    }
}
