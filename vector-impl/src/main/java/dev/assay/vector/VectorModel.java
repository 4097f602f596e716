package dev.assay.vector;

import dev.assay.engine.Execution;
import dev.assay.engine.Footprint;
import dev.assay.engine.LoadOptions;
import dev.assay.engine.Model;
import dev.assay.engine.Session;
import dev.assay.engine.SessionOptions;
import dev.assay.vector.stage.Program;
import dev.assay.vector.stage.Runner;
import dev.assay.vector.thread.Workers;
import dev.assay.vector.weight.Weights;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// A compiled model and its threads.
final class VectorModel implements Model {
    private final Program program;
    private final Weights weights;
    private final LoadOptions options;
    private final Workers workers;
    private boolean closed;

    VectorModel(Program program, Weights weights, LoadOptions options) {
        this.program = program;
        this.weights = weights;
        this.options = options;
        this.workers = new Workers(options.threads());
    }

    /// @throws IllegalArgumentException if the session would take more memory than the heap can have
    @Override
    public Session newSession(SessionOptions sessionOptions) {
        if (closed) {
            throw new IllegalStateException("the model is closed");
        }
        long needed = Runner.bytes(program, options.threads(), options.kvCache(), sessionOptions);
        long limit = Runtime.getRuntime().maxMemory();
        if (needed > limit) {
            throw new IllegalArgumentException(String.format(
                    Locale.ROOT,
                    "a context of %d positions takes %d MiB for cache and intermediate values, the heap is limited to"
                            + " %d MiB: raise it with -Xmx or ask for less",
                    sessionOptions.maxContext(),
                    needed >> 20,
                    limit >> 20));
        }
        return new VectorSession(program, workers, options.kvCache(), sessionOptions);
    }

    @Override
    public Footprint footprint() {
        return new Footprint(weights.heapBytes(), options.kvCache().bytes());
    }

    @Override
    public Execution execution() {
        List<String> decisions = new ArrayList<>();
        decisions.add(Attestation.sentence());
        decisions.add("weights are read as " + weights.matrixTypes() + " where the checkpoint has them; "
                + (weights.heapBytes() >> 10) + " KiB of gains, biases and scales are decoded");
        decisions.add("activations and sums are float32, the cache is " + options.kvCache());
        decisions.addAll(program.decisions());
        return new Execution("vector", Attestation.vectorBits(), options.threads(), decisions);
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            workers.close();
        }
    }
}
