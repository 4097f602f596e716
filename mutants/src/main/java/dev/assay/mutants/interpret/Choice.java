package dev.assay.mutants.interpret;

/// The experts of a token, best first.
///
/// @param experts ids, `[k]`
/// @param weights what each is multiplied by, `[k]`
public record Choice(int[] experts, double[] weights) {}
