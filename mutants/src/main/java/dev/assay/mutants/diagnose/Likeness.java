package dev.assay.mutants.diagnose;

import dev.assay.mutants.catalogue.Mutant;

/// How like an engine's error a known bug's is.
///
/// @param explained share of the error that the bug explains: 1 − Σ(e − m)² / Σ(e − o)² over logits, with e the
/// engine's,
///     m the mutant's and o the oracle's; 1 if the engine computes what the mutant does
public record Likeness(Mutant mutant, double explained) {}
