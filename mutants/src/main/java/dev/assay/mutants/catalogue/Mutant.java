package dev.assay.mutants.catalogue;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.config.Architecture;
import dev.assay.config.ModelConfig;
import dev.assay.engine.Engine;
import dev.assay.golden.GoldenCase;
import dev.assay.mutants.interpret.PlanInterpreter;
import dev.assay.plan.DecoderPlan;
import dev.assay.plan.PlanEngine;
import dev.assay.plan.planner.Planners;
import java.util.Optional;
import java.util.Set;

/// A known bug.
///
/// @param id as in `D13`; a letter behind the number tells forms of one bug apart
/// @param evidence where it was seen
/// @param architectures whose cases it is planted in
public record Mutant(
        String id,
        String title,
        String evidence,
        Set<Architecture> architectures,
        Mutation mutation,
        Expected expected) {
    public Mutant {
        architectures = Set.copyOf(architectures);
    }

    /// The bug in the model of a case; empty where it cannot act, as it changes nothing there.
    ///
    /// @param soil the engine that bugs of plans, configurations, weights and engines are planted in
    public Optional<Planted> plant(PlanEngine soil, GoldenCase golden) {
        if (!architectures.contains(golden.config().architecture())) {
            return Optional.empty();
        }
        DecoderPlan right = Planners.plan(golden.config());
        return switch (mutation) {
            case Mutation.OfPlan(var change) -> {
                DecoderPlan wrong = change.apply(right);
                yield wrong.equals(right)
                        ? Optional.empty()
                        : planted(right, wrong, soil, (checkpoint, options) -> soil.load(wrong, checkpoint, options));
            }
            case Mutation.OfConfig(var change) -> {
                ModelConfig wrong = ConfigEdits.apply(golden, change);
                yield wrong.equals(golden.config())
                        ? Optional.empty()
                        : planted(
                                right,
                                Planners.plan(wrong),
                                soil,
                                (checkpoint, options) ->
                                        soil.load(new Checkpoints.Reconfigured(checkpoint, wrong), options));
            }
            case Mutation.OfWeights(var among, var change) -> {
                Set<String> names = Checkpoints.names(golden, tensor -> among.test(right, tensor));
                yield names.isEmpty()
                        ? Optional.empty()
                        : planted(
                                right,
                                right,
                                soil,
                                (checkpoint, options) ->
                                        soil.load(new Checkpoints.Altered(checkpoint, names, change), options));
            }
            case Mutation.OfCheckpoint(var acts, var reopening) ->
                acts.test(right)
                        ? planted(right, right, soil, (checkpoint, options) -> {
                            Checkpoint reopened = reopening.reopen(golden.weights(), checkpoint);
                            return new OwningModel(soil.load(reopened, options), reopened);
                        })
                        : Optional.empty();
            case Mutation.OfOperations(var acts, var operations) ->
                acts.test(right)
                        ? planted(right, right, soil, new PlanInterpreter(operations)::load)
                        : Optional.empty();
            case Mutation.OfEngine(var change) -> {
                Engine wrong = change.apply(soil);
                yield planted(right, right, soil, wrong::load);
            }
        };
    }

    private Optional<Planted> planted(
            DecoderPlan right, DecoderPlan wrong, PlanEngine soil, MutantEngine.Loading loading) {
        return Optional.of(new Planted(this, new MutantEngine(this, soil, loading), right, wrong));
    }
}
