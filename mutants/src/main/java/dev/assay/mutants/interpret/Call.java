package dev.assay.mutants.interpret;

/// A call of a session.
///
/// @param start positions appended before it
/// @param tokens tokens that it appends
public record Call(int start, int tokens) {}
