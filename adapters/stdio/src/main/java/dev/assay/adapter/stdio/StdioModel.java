package dev.assay.adapter.stdio;

import dev.assay.engine.Execution;
import dev.assay.engine.Footprint;
import dev.assay.engine.Model;
import dev.assay.engine.Session;
import dev.assay.engine.SessionOptions;
import dev.assay.engine.TapListener;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// A model in a process of its own.
final class StdioModel implements Model {
    private final Child child;
    private final Answer.Loaded loaded;
    private @Nullable Path temporary;

    /// @param temporary folder to delete with the model, null if the files are someone else's
    StdioModel(Child child, Answer.Loaded loaded, @Nullable Path temporary) {
        this.child = child;
        this.loaded = loaded;
        this.temporary = temporary;
    }

    @Override
    public Session newSession(SessionOptions options) {
        boolean taps = !options.taps().equals(TapListener.NONE);
        Answer.Opened opened = child.call(
                id -> new Request.Open(id, options.maxContext(), options.logits(), taps), Answer.Opened.class);
        return new StdioSession(child, opened, options.taps(), taps);
    }

    @Override
    public Footprint footprint() {
        return loaded.footprint();
    }

    @Override
    public Execution execution() {
        return loaded.execution();
    }

    @Override
    public void close() {
        child.close();
        StdioEngine.delete(temporary);
        temporary = null;
    }
}
