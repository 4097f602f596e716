package dev.assay.mutants.catalogue;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.engine.Execution;
import dev.assay.engine.Footprint;
import dev.assay.engine.Model;
import dev.assay.engine.Session;
import dev.assay.engine.SessionOptions;

/// A model that closes the checkpoint it was loaded from.
record OwningModel(Model model, Checkpoint checkpoint) implements Model {
    @Override
    public Session newSession(SessionOptions options) {
        return model.newSession(options);
    }

    @Override
    public Footprint footprint() {
        return model.footprint();
    }

    @Override
    public Execution execution() {
        return model.execution();
    }

    @Override
    public void close() {
        model.close();
        checkpoint.close();
    }
}
