package dev.assay.checkpoint;

import dev.assay.config.BlockSize;
import dev.assay.config.ModelConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Weights made from a seed: every element is a pure function of seed, tensor name and index, the same on every
/// machine and in every implementation of [#ALGORITHM].
///
/// @param tensors in any order; no name twice
public record SyntheticWeights(long seed, List<SyntheticTensor> tensors) {
    /// The name of the algorithm, as golden cases state it.
    public static final String ALGORITHM = Synthesis.ALGORITHM;

    /// Bytes made and written at a time.
    private static final int WRITE_BYTES = 8 << 20;

    public SyntheticWeights {
        tensors = List.copyOf(tensors);
        Set<String> names = new HashSet<>();
        for (SyntheticTensor tensor : tensors) {
            if (!names.add(tensor.info().name())) {
                throw new IllegalArgumentException(tensor.info().name() + ": expected once, found twice");
            }
        }
    }

    /// Weights for every tensor that a configuration demands, scaled so that each part of the model matters: gains
    /// around 1 but never all 1, matrices that keep the variance of their input, biases that are felt.
    ///
    /// Mean and standard deviation: norms 1 and 0.2; matrices, routers and heads 0 and 1/√columns; embeddings 0 and
    /// 1, or 1/√columns where they are the head too; biases 0 and 0.3; correction biases 0 and 0.5.
    ///
    /// With F8_E4M3, matrices are FP8 with block scales, and all else is BF16, as in published FP8 checkpoints.
    /// Correction biases are F32 throughout.
    ///
    /// @param type F32, F16, BF16 or F8_E4M3
    /// @throws IllegalArgumentException for other types, and for F8_E4M3 if the configuration has no weight block
    ///     size
    public static SyntheticWeights forShape(ModelConfig config, ElementType type, long seed) {
        BlockSize block = LoadedCheckpoint.weightBlockSize(config);
        if (type == ElementType.F8_E4M3 && block == null) {
            throw new IllegalArgumentException(
                    config.architecture().title() + ": expected a weight_block_size for F8_E4M3, found none");
        }
        List<SyntheticTensor> tensors = new ArrayList<>();
        for (TensorSpec spec : CheckpointLayout.of(config)) {
            double std = std(spec, config);
            if (type == ElementType.F8_E4M3 && block != null && spec.role() == TensorRole.MATRIX) {
                // The farthest elements come to 443, just within the type. Scales differ from block to block.
                double fp8Std = 128;
                tensors.add(new SyntheticTensor(new TensorInfo(spec.name(), type, spec.shape()), 0, fp8Std));
                tensors.add(new SyntheticTensor(
                        new TensorInfo(
                                spec.name() + LoadedCheckpoint.SCALES_SUFFIX,
                                ElementType.F32,
                                LoadedCheckpoint.scalesShape(spec.shape(), block)),
                        std / fp8Std,
                        0.2 * std / fp8Std));
                continue;
            }
            ElementType own = switch (spec.role()) {
                case CORRECTION_BIAS -> ElementType.F32;
                case EMBEDDING, HEAD, MATRIX, TRANSPOSED_MATRIX, ROUTER, NORM, ZERO_CENTRED_NORM, BIAS ->
                    type == ElementType.F8_E4M3 ? ElementType.BF16 : type;
            };
            double mean = spec.role() == TensorRole.NORM ? 1 : 0;
            tensors.add(new SyntheticTensor(new TensorInfo(spec.name(), own, spec.shape()), mean, std));
        }
        return new SyntheticWeights(seed, tensors);
    }

    private static double std(TensorSpec spec, ModelConfig config) {
        return switch (spec.role()) {
            case NORM, ZERO_CENTRED_NORM -> 0.2;
            case BIAS -> 0.3;
            case CORRECTION_BIAS -> 0.5;
            case MATRIX, ROUTER, HEAD -> 1 / Math.sqrt(spec.shape().getLast());
            case TRANSPOSED_MATRIX ->
                1 / Math.sqrt(spec.shape().get(spec.shape().size() - 2));
            // A tied embedding is the head too.
            case EMBEDDING ->
                config.tieWordEmbeddings() ? 1 / Math.sqrt(spec.shape().getLast()) : 1;
        };
    }

    /// A checkpoint of these weights, held to the layout of the configuration as a file would be.
    ///
    /// Nothing is made until a tensor is asked for; then it is made once, outside the heap, on all processors, and
    /// stays until the checkpoint is closed.
    ///
    /// @throws CheckpointException if the tensors do not fit the configuration
    @SuppressWarnings("MustBeClosedChecker") // The arena lives as long as the checkpoint, whose close() closes it.
    public Checkpoint checkpoint(ModelConfig config) {
        Arena arena = Arena.ofShared();
        String source = ALGORITHM + " with seed " + seed;
        List<StoredTensor> stored = sorted().stream()
                .map(tensor -> new StoredTensor(
                        tensor.info().name(),
                        tensor.info().type().name(),
                        tensor.info().shape(),
                        source,
                        new OnDemand(seed, tensor, arena)))
                .toList();
        try {
            return LoadedCheckpoint.of(config, source, stored, null, () -> {
                if (arena.scope().isAlive()) {
                    arena.close();
                }
            });
        } catch (RuntimeException e) {
            arena.close();
            throw e;
        }
    }

    /// Elements of a tensor, made by the first thread that asks.
    private static final class OnDemand implements Supplier<MemorySegment> {
        private final long seed;
        private final SyntheticTensor tensor;
        private final Arena arena;
        private @Nullable MemorySegment data;

        OnDemand(long seed, SyntheticTensor tensor, Arena arena) {
            this.seed = seed;
            this.tensor = tensor;
            this.arena = arena;
        }

        @Override
        public synchronized MemorySegment get() {
            MemorySegment made = data;
            if (made == null) {
                // A cache line, so that vector loads do not straddle two.
                made = arena.allocate(bytes(tensor), 64);
                Synthesis.fill(seed, tensor, 0, tensor.info().elements(), made);
                made = made.asReadOnly();
                data = made;
            }
            return made;
        }
    }

    /// Writes the weights as a safetensors file: byte for byte the same for the same weights.
    ///
    /// Tensors lie in the byte order of their names, without gaps. The file appears whole or not at all: it is
    /// written under another name in the same folder and moved.
    ///
    /// @param file replaced if it exists
    /// @throws IOException if it cannot be written
    public void writeSafetensors(Path file) throws IOException {
        Path folder = file.toAbsolutePath().getParent();
        if (folder == null) {
            throw new IOException(file + ": expected the name of a file");
        }
        Path temporary = folder.resolve("." + file.getFileName() + "." + UUID.randomUUID() + ".tmp");
        try {
            try (FileChannel channel =
                    FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                write(channel);
                channel.force(true);
            }
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(temporary);
        }
    }

    /// SHA-256 of the file that [#writeSafetensors] writes, in lower-case hex, without writing it.
    public String sha256() {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            write(new Digesting(digest));
            return HexFormat.of().formatHex(digest.digest());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    private record Digesting(MessageDigest digest) implements WritableByteChannel {
        @Override
        public int write(ByteBuffer bytes) {
            int count = bytes.remaining();
            digest.update(bytes);
            return count;
        }

        @Override
        public boolean isOpen() {
            return true;
        }

        @Override
        public void close() {}
    }

    private void write(WritableByteChannel channel) throws IOException {
        List<SyntheticTensor> sorted = sorted();
        SafetensorsWriter.write(
                SafetensorsWriter.header(
                        sorted.stream().map(SyntheticTensor::info).toList()),
                channel);
        try (Arena arena = Arena.ofShared()) {
            MemorySegment buffer = arena.allocate(WRITE_BYTES);
            for (SyntheticTensor tensor : sorted) {
                int elementBytes = tensor.info().type().bytes();
                long elements = tensor.info().elements();
                long step = WRITE_BYTES / elementBytes;
                for (long from = 0; from < elements; from += step) {
                    long to = Math.min(elements, from + step);
                    Synthesis.fill(seed, tensor, from, to, buffer);
                    SafetensorsWriter.write(
                            buffer.asSlice(0, (to - from) * elementBytes).asByteBuffer(), channel);
                }
            }
        }
    }

    private List<SyntheticTensor> sorted() {
        return tensors.stream()
                .sorted(Comparator.comparing(SyntheticTensor::info, SafetensorsWriter.ORDER))
                .toList();
    }

    private static long bytes(SyntheticTensor tensor) {
        return Math.multiplyExact(tensor.info().elements(), tensor.info().type().bytes());
    }
}
