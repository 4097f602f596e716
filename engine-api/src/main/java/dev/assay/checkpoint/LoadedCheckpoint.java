package dev.assay.checkpoint;

import dev.assay.config.BlockSize;
import dev.assay.config.DeepSeekV2Config;
import dev.assay.config.DeepSeekV3Config;
import dev.assay.config.Gemma3Config;
import dev.assay.config.Gemma3nConfig;
import dev.assay.config.Gpt2Config;
import dev.assay.config.Llama3Config;
import dev.assay.config.Llama4Config;
import dev.assay.config.MistralConfig;
import dev.assay.config.ModelConfig;
import dev.assay.config.Olmo2Config;
import dev.assay.config.Qwen3Config;
import dev.assay.config.Qwen3MoeConfig;
import dev.assay.config.SmolLm3Config;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// A checkpoint whose tensors have been held against the layout of its configuration, wherever they come from.
final class LoadedCheckpoint implements Checkpoint {
    private static final String HEAD = "lm_head.weight";
    static final String SCALES_SUFFIX = "_scale_inv";

    private final ModelConfig config;
    private final String source;
    private final Map<String, Part> parts; // by name in the text model, sorted
    private final List<SkippedTensor> skipped;
    private final @Nullable Path folder;
    private final Runnable release;

    /// A tensor of the text model.
    private record Part(
            TensorInfo info,
            Supplier<MemorySegment> data,
            @Nullable Scales scales) {}

    private record Scales(Supplier<MemorySegment> data, BlockSize block) {}

    private LoadedCheckpoint(
            ModelConfig config,
            String source,
            Map<String, Part> parts,
            List<SkippedTensor> skipped,
            @Nullable Path folder,
            Runnable release) {
        this.config = config;
        this.source = source;
        this.parts = parts;
        this.skipped = List.copyOf(skipped);
        this.folder = folder;
        this.release = release;
    }

    /// Holds tensors against the layout.
    ///
    /// @param folder whose files hold configuration and tensors, if there is one
    /// @param release called by [#close]; not called if this method throws
    /// @throws CheckpointException if tensors are missing, have another shape or type, or should not be there; the
    ///     message describes the first of them and counts the rest
    static LoadedCheckpoint of(
            ModelConfig config, String source, List<StoredTensor> stored, @Nullable Path folder, Runnable release) {
        List<TensorSpec> layout = CheckpointLayout.of(config);
        Map<String, TensorSpec> specs = new HashMap<>();
        for (TensorSpec spec : layout) {
            specs.put(spec.name(), spec);
        }

        Map<String, StoredTensor> found = new HashMap<>(); // by name in the text model
        List<SkippedTensor> skipped = new ArrayList<>();
        List<StoredTensor> unexpected = new ArrayList<>();
        for (StoredTensor tensor : stored) {
            String reason = PublishedNames.skipReason(tensor.name(), config);
            if (reason != null) {
                skipped.add(tensor.skipped(reason));
                continue;
            }
            String name = PublishedNames.textName(tensor.name());
            boolean scales = name.endsWith(SCALES_SUFFIX)
                    && specs.containsKey(name.substring(0, name.length() - SCALES_SUFFIX.length()));
            if (!specs.containsKey(name) && !scales && !(name.equals(HEAD) && config.tieWordEmbeddings())) {
                unexpected.add(tensor);
                continue;
            }
            StoredTensor other = found.put(name, tensor);
            if (other != null) {
                throw new CheckpointException(source + ": " + name + ": expected once, found as " + other.name()
                        + " in " + other.origin() + " and as " + tensor.name() + " in " + tensor.origin());
            }
        }

        List<String> wrong = new ArrayList<>();
        Map<String, Part> parts = new TreeMap<>();
        for (TensorSpec spec : layout) {
            StoredTensor tensor = found.get(spec.name());
            if (tensor == null) {
                wrong.add(source + ": " + spec.name() + ": expected " + TensorInfo.format(spec.shape())
                        + ", the checkpoint has no such tensor");
                continue;
            }
            StoredTensor scales = found.get(spec.name() + SCALES_SUFFIX);
            String problem = problem(spec, tensor, scales, config);
            ElementType type = tensor.elementType();
            if (problem != null) {
                wrong.add(tensor.origin() + ": " + tensor.name() + ": " + problem);
            } else if (type != null) {
                BlockSize block = weightBlockSize(config);
                parts.put(
                        spec.name(),
                        new Part(
                                new TensorInfo(spec.name(), type, spec.shape()),
                                tensor.data(),
                                scales == null || block == null ? null : new Scales(scales.data(), block)));
            }
        }
        for (StoredTensor tensor : unexpected) {
            wrong.add(tensor.origin() + ": " + tensor.describe() + ": no tensor of "
                    + config.architecture().title() + " with this configuration");
        }
        StoredTensor head = config.tieWordEmbeddings() ? found.get(HEAD) : null;
        // The first tensor of every layout is the embedding of tokens.
        StoredTensor embedding = found.get(layout.getFirst().name());
        if (head != null && embedding != null) {
            skipped.add(tiedHead(head, embedding, wrong));
        }
        if (!wrong.isEmpty()) {
            throw new CheckpointException(
                    wrong.getFirst() + (wrong.size() == 1 ? "" : "; " + (wrong.size() - 1) + " more are wrong"));
        }
        return new LoadedCheckpoint(config, source, parts, skipped, folder, release);
    }

    /// What is wrong with a tensor, or null.
    private static @Nullable String problem(
            TensorSpec spec, StoredTensor tensor, @Nullable StoredTensor scales, ModelConfig config) {
        if (!tensor.shape().equals(spec.shape())) {
            return "expected " + TensorInfo.format(spec.shape()) + ", the checkpoint has "
                    + TensorInfo.format(tensor.shape());
        }
        ElementType type = tensor.elementType();
        if (type == null || !type.isFloatingPoint()) {
            return "expected floating-point elements, found " + tensor.type();
        }
        BlockSize block = weightBlockSize(config);
        if (type != ElementType.F8_E4M3) {
            return scales == null ? null : "expected F8_E4M3, as " + scales.name() + " exists, found " + type;
        }
        if (spec.role() != TensorRole.MATRIX) {
            return "expected a type of at least 16 bits, as only matrices of linear layers may be FP8, found " + type;
        }
        if (block == null) {
            return scales == null ? null : "has block scales, but the configuration has no weight_block_size";
        }
        if (scales == null) {
            return "expected block scales " + spec.name() + SCALES_SUFFIX + ", the checkpoint has no such tensor";
        }
        List<Integer> expected = scalesShape(spec.shape(), block);
        if (scales.elementType() != ElementType.F32 || !scales.shape().equals(expected)) {
            return "expected block scales F32 " + TensorInfo.format(expected) + ", found " + scales.describe();
        }
        return null;
    }

    /// The copy of the embedding that some tied models are published with (Qwen3 0.6B and 1.7B).
    ///
    /// Older versions of HF tie and so ignore the copy; newer ones do not tie where the two differ. A copy that
    /// differs has no agreed meaning and is refused; to know, both are read.
    private static SkippedTensor tiedHead(StoredTensor head, StoredTensor embedding, List<String> wrong) {
        if (!head.type().equals(embedding.type())
                || !head.shape().equals(embedding.shape())
                || head.data().get().mismatch(embedding.data().get()) >= 0) {
            wrong.add(head.origin() + ": " + head.describe() + ": expected a copy of " + embedding.describe()
                    + ", as tie_word_embeddings is true, found other values");
        }
        return head.skipped("copy of the tied embedding");
    }

    /// `[⌈rows / block.rows⌉][⌈columns / block.columns⌉]`.
    static List<Integer> scalesShape(List<Integer> matrix, BlockSize block) {
        return List.of(Math.ceilDiv(matrix.getFirst(), block.rows()), Math.ceilDiv(matrix.getLast(), block.columns()));
    }

    /// Size of the blocks that share an FP8 scale, or null where weights are not FP8.
    static @Nullable BlockSize weightBlockSize(ModelConfig config) {
        return switch (config) {
            case DeepSeekV3Config deepSeek -> deepSeek.weightBlockSize();
            case DeepSeekV2Config _,
                    Gemma3Config _,
                    Gemma3nConfig _,
                    Gpt2Config _,
                    Llama3Config _,
                    Llama4Config _,
                    MistralConfig _,
                    Olmo2Config _,
                    Qwen3Config _,
                    Qwen3MoeConfig _,
                    SmolLm3Config _ -> null;
        };
    }

    @Override
    public ModelConfig config() {
        return config;
    }

    @Override
    public String source() {
        return source;
    }

    @Override
    public Optional<Path> folder() {
        return Optional.ofNullable(folder);
    }

    @Override
    public List<TensorInfo> tensors() {
        return parts.values().stream().map(Part::info).toList();
    }

    @Override
    public boolean contains(String name) {
        return parts.containsKey(name);
    }

    @Override
    public Tensor tensor(String name, int... shape) {
        List<Integer> expected = Arrays.stream(shape).boxed().toList();
        Part part = parts.get(name);
        if (part == null) {
            throw new CheckpointException(source + ": " + name + ": expected " + TensorInfo.format(expected)
                    + ", the checkpoint has no such tensor");
        }
        if (!part.info().shape().equals(expected)) {
            throw new CheckpointException(source + ": " + name + ": expected " + TensorInfo.format(expected)
                    + ", the checkpoint has " + TensorInfo.format(part.info().shape()));
        }
        Scales scales = part.scales();
        return new Tensor(
                part.info(),
                part.data().get(),
                scales == null ? null : new BlockScales(scales.data().get(), scales.block()));
    }

    @Override
    public List<SkippedTensor> skipped() {
        return skipped;
    }

    @Override
    public void close() {
        release.run();
    }
}
