package dev.assay.mutants.catalogue;

/// A known bug that this suite has no place for.
///
/// @param reason what is missing
public record NotPlanted(String id, String title, String evidence, String reason) {}
