package dev.assay.cli;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.config.ModelConfig;
import dev.assay.engine.Availability;
import dev.assay.engine.Engine;
import dev.assay.engine.EngineInfo;
import dev.assay.engine.Execution;
import dev.assay.engine.LoadOptions;
import dev.assay.engine.Model;
import dev.assay.engine.Support;
import dev.assay.report.EngineSummary;
import dev.assay.report.ReportMerge;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/// An engine of which is noted what its models say they run on. Does nothing else to it.
final class ObservedEngine implements Engine {
    private final Engine engine;
    private final Set<String> backends = new TreeSet<>();
    private final Set<String> decisions = new TreeSet<>();
    private int vectorBits;

    ObservedEngine(Engine engine) {
        this.engine = engine;
    }

    @Override
    public EngineInfo info() {
        return engine.info();
    }

    @Override
    public Availability availability() {
        return engine.availability();
    }

    @Override
    public Support supports(ModelConfig config) {
        return engine.supports(config);
    }

    @Override
    public Model load(Checkpoint checkpoint, LoadOptions options) {
        Model model = engine.load(checkpoint, options);
        Execution execution = model.execution();
        backends.add(execution.backend());
        decisions.addAll(execution.decisions());
        vectorBits = Math.max(vectorBits, execution.vectorBits());
        return model;
    }

    /// What all models loaded so far ran on; backend `none` before the first.
    EngineSummary summary() {
        EngineInfo info = engine.info();
        return new EngineSummary(
                info.id(),
                info.title(),
                info.version(),
                info.compute().name(),
                backends.isEmpty() ? ReportMerge.NOTHING_RAN : String.join(", ", backends),
                vectorBits,
                List.copyOf(decisions));
    }
}
