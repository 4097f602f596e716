package dev.assay.mutants.catalogue;

import dev.assay.engine.Engine;
import dev.assay.plan.DecoderPlan;

/// A bug in the model of a case.
///
/// @param engine runs the case with the bug
/// @param right the plan of the case's configuration
/// @param wrong the plan that the engine runs; `right` where the bug is elsewhere
public record Planted(Mutant mutant, Engine engine, DecoderPlan right, DecoderPlan wrong) {}
