package dev.assay.mutants.catalogue;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.config.ModelConfig;
import dev.assay.engine.Engine;
import dev.assay.engine.EngineInfo;
import dev.assay.engine.LoadOptions;
import dev.assay.engine.Model;
import dev.assay.engine.Support;
import dev.assay.mutants.interpret.PlanInterpreter;
import java.util.Locale;

/// An engine with a bug.
record MutantEngine(Mutant mutant, Engine soil, Loading loading) implements Engine {
    /// Loads a model with the bug.
    @FunctionalInterface
    interface Loading {
        Model load(Checkpoint checkpoint, LoadOptions options);
    }

    @Override
    public EngineInfo info() {
        EngineInfo info = soil.info();
        return new EngineInfo(
                "mutant-" + mutant.id().toLowerCase(Locale.ROOT), mutant.title(), info.version(), info.compute());
    }

    @Override
    public Support supports(ModelConfig config) {
        return switch (mutant.mutation()) {
            case Mutation.OfOperations _ -> new PlanInterpreter().supports(config);
            case Mutation.OfPlan _,
                    Mutation.OfConfig _,
                    Mutation.OfWeights _,
                    Mutation.OfCheckpoint _,
                    Mutation.OfEngine _ -> soil.supports(config);
        };
    }

    @Override
    public Model load(Checkpoint checkpoint, LoadOptions options) {
        return loading.load(checkpoint, options);
    }
}
