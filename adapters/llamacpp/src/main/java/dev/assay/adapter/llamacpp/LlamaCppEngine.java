package dev.assay.adapter.llamacpp;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.checkpoint.gguf.Gguf;
import dev.assay.checkpoint.gguf.GgufType;
import dev.assay.config.ModelConfig;
import dev.assay.engine.Capability;
import dev.assay.engine.ComputeType;
import dev.assay.engine.Engine;
import dev.assay.engine.EngineInfo;
import dev.assay.engine.KvCacheType;
import dev.assay.engine.LoadOptions;
import dev.assay.engine.Model;
import dev.assay.engine.Support;
import dev.assay.engine.UnsupportedModelException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Set;

/// llama.cpp on the CPU, found by [java.util.ServiceLoader] under the id `llamacpp`. A model is written as a temporary
/// GGUF file of a [MatrixType], and evaluated with a float32 cache and without flash attention.
public final class LlamaCppEngine implements Engine {
    private static final Set<Capability> CAPABILITIES = EnumSet.of(
            Capability.FULL_LOGITS,
            Capability.ALL_POSITIONS,
            Capability.CHUNKED_PREFILL,
            Capability.CONCURRENT_SESSIONS);

    private final MatrixType matrices;

    public LlamaCppEngine() {
        this(MatrixType.of(System.getenv(MatrixType.VARIABLE)));
    }

    LlamaCppEngine(MatrixType matrices) {
        this.matrices = matrices;
    }

    @Override
    public EngineInfo info() {
        String version = switch (Installation.get()) {
            case Installation.Found found -> found.release().version();
            case Installation.Missing _ -> "none";
        };
        return new EngineInfo("llamacpp", "llama.cpp (CPU)", version, ComputeType.FLOAT32);
    }

    @Override
    public Support supports(ModelConfig config) {
        return switch (matrices) {
            case MatrixType.Unknown(String reason) -> new Support.Unsupported(reason);
            case MatrixType.Known _ -> expressible(config);
        };
    }

    private static Support expressible(ModelConfig config) {
        return switch (Installation.get()) {
            case Installation.Missing(String reason) -> new Support.Unsupported(reason);
            case Installation.Found found ->
                switch (Gguf.of(config)) {
                    case Gguf.Refused(String reason) -> new Support.Unsupported("not expressible in GGUF: " + reason);
                    case Gguf.Layout _ ->
                        found.release()
                                .lacks(config)
                                .<Support>map(Support.Unsupported::new)
                                .orElseGet(() -> new Support.Supported(CAPABILITIES));
                };
        };
    }

    @Override
    public Model load(Checkpoint checkpoint, LoadOptions options) {
        if (options.kvCache() != KvCacheType.FLOAT32) {
            throw new UnsupportedModelException("this adapter runs llama.cpp with a float32 cache only");
        }
        if (supports(checkpoint.config()) instanceof Support.Unsupported(String reason)) {
            throw new UnsupportedModelException(reason);
        }
        if (!(matrices instanceof MatrixType.Known(GgufType type))
                || !(Installation.get() instanceof Installation.Found found)
                || !(Gguf.of(checkpoint.config()) instanceof Gguf.Layout layout)) {
            throw new IllegalStateException("supports() looked at all three");
        }
        try {
            Path file = Files.createTempFile("assay-llamacpp-", ".gguf");
            try {
                layout.write(checkpoint, type, file);
                MemorySegment model = found.library().loadModel(file);
                return new LlamaCppModel(found, model, type, checkpoint.config(), Betas.of(layout), options);
            } finally {
                // llama.cpp has mapped it and needs no name.
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("the temporary GGUF file cannot be written: " + e.getMessage(), e);
        }
    }
}
