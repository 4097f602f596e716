package dev.assay.reference;

import dev.assay.engine.Execution;
import dev.assay.engine.Footprint;
import dev.assay.engine.LoadOptions;
import dev.assay.engine.Model;
import dev.assay.engine.Session;
import dev.assay.engine.SessionOptions;
import dev.assay.reference.cache.Cache;
import dev.assay.reference.decoder.ReferenceDecoder;
import dev.assay.reference.decoder.Weights;
import java.util.List;

/// A loaded model. Weights are decoded when a session first needs them, so the footprint grows with use.
final class ReferenceModel<C extends Cache> implements Model {
    private final int vocabSize;
    private final LoadOptions options;
    private final Weights weights;
    private final ReferenceDecoder<C> decoder;
    private boolean closed;

    ReferenceModel(int vocabSize, LoadOptions options, Weights weights, ReferenceDecoder<C> decoder) {
        this.vocabSize = vocabSize;
        this.options = options;
        this.weights = weights;
        this.decoder = decoder;
    }

    @Override
    public Session newSession(SessionOptions sessionOptions) {
        if (closed) {
            throw new IllegalStateException("the model is closed");
        }
        return new ReferenceSession<>(decoder, vocabSize, sessionOptions);
    }

    @Override
    public Footprint footprint() {
        return new Footprint(weights.bytes(), Float.BYTES);
    }

    @Override
    public Execution execution() {
        return new Execution(
                "scalar",
                0,
                1,
                List.of(
                        "One thread runs plain loops; " + options.threads() + " allowed.",
                        "Values are stored as float32, sums are double, weights are decoded to float32."));
    }

    @Override
    public void close() {
        closed = true;
        weights.clear();
    }
}
