package dev.assay.mutants.catalogue;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.checkpoint.TensorInfo;
import dev.assay.config.ModelConfig;
import dev.assay.engine.Engine;
import dev.assay.golden.WeightSource;
import dev.assay.mutants.interpret.Operations;
import dev.assay.plan.DecoderPlan;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import tools.jackson.databind.node.ObjectNode;

/// How a bug is planted.
public sealed interface Mutation {
    /// Name in reports.
    String kind();

    /// Another plan, run by an engine that runs any.
    record OfPlan(UnaryOperator<DecoderPlan> change) implements Mutation {
        @Override
        public String kind() {
            return "plan";
        }
    }

    /// Another reading of `config.json`.
    record OfConfig(ConfigChange change) implements Mutation {
        @Override
        public String kind() {
            return "config";
        }
    }

    /// Other numbers in the tensors that are `among` those of the bug.
    ///
    /// @param change of the decoded numbers of a tensor, in row-major order
    record OfWeights(TensorFilter among, UnaryOperator<float[]> change) implements Mutation {
        @Override
        public String kind() {
            return "weights";
        }
    }

    /// A checkpoint opened otherwise.
    ///
    /// @param planted whether the bug can act in a plan
    record OfCheckpoint(Predicate<DecoderPlan> planted, Reopening reopening) implements Mutation {
        @Override
        public String kind() {
            return "weights";
        }
    }

    /// A wrong operation, run by the interpreter of plans: what no plan can express.
    ///
    /// @param planted whether the operation is used by a plan in a way that the bug can act
    record OfOperations(Predicate<DecoderPlan> planted, Supplier<Operations> operations) implements Mutation {
        @Override
        public String kind() {
            return "operation";
        }
    }

    /// A right engine, used wrongly: its sessions, its buffers, its results.
    record OfEngine(UnaryOperator<Engine> change) implements Mutation {
        @Override
        public String kind() {
            return "engine";
        }
    }

    /// Changes a `config.json` before the engine sees it.
    @FunctionalInterface
    interface ConfigChange {
        /// Changes the object of the text model, which reads as `right` before.
        void change(ModelConfig right, ObjectNode json);
    }

    /// Which tensors a bug alters.
    @FunctionalInterface
    interface TensorFilter {
        boolean test(DecoderPlan plan, TensorInfo tensor);
    }

    /// Another checkpoint of the same files.
    @FunctionalInterface
    interface Reopening {
        /// Opens it; `opened` is the checkpoint as it should be.
        Checkpoint reopen(WeightSource source, Checkpoint opened);
    }
}
