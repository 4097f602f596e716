package dev.assay.adapter.llamacpp;

import dev.assay.checkpoint.gguf.GgufType;
import dev.assay.config.ModelConfig;
import dev.assay.engine.Execution;
import dev.assay.engine.Footprint;
import dev.assay.engine.LoadOptions;
import dev.assay.engine.Model;
import dev.assay.engine.Session;
import dev.assay.engine.SessionOptions;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// A model that llama.cpp has loaded.
final class LlamaCppModel implements Model {
    private final Installation.Found llama;
    private final MemorySegment model;
    private final GgufType matrices;
    private final ModelConfig config;
    private final Optional<Betas> betas;
    private final LoadOptions options;
    private boolean closed;

    LlamaCppModel(
            Installation.Found llama,
            MemorySegment model,
            GgufType matrices,
            ModelConfig config,
            Optional<Betas> betas,
            LoadOptions options) {
        this.llama = llama;
        this.model = model;
        this.matrices = matrices;
        this.config = config;
        this.betas = betas;
        this.options = options;
    }

    @Override
    public Session newSession(SessionOptions session) {
        if (closed) {
            throw new IllegalStateException("the model is closed");
        }
        MemorySegment context = llama.library().newContext(model, session.maxContext(), options.threads(), betas);
        return new LlamaCppSession(llama.library(), context, config.vocabSize(), session);
    }

    /// The weights are a copy in the mapped file, every number of it four bytes.
    @Override
    public Footprint footprint() {
        return new Footprint(0, Float.BYTES);
    }

    @Override
    public Execution execution() {
        List<String> decisions = new ArrayList<>(List.of(
                "llama.cpp " + llama.release().version() + " from " + llama.source(),
                "weights as GGUF, matrices " + matrices,
                "cache of float32, no flash attention"));
        betas.ifPresent(ramp -> decisions.add("YaRN's beta_fast and beta_slow as parameters of the context"));
        return new Execution("cpu", 0, options.threads(), decisions);
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            llama.library().freeModel(model);
        }
    }
}
