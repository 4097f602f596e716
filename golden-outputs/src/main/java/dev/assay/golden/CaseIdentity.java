package dev.assay.golden;

/// What tells a golden case from every other.
///
/// @param id of the case
/// @param sha256 of its `golden.json`, which lists the digests of its other files: so of everything it holds, in
///     hexadecimal
public record CaseIdentity(String id, String sha256) {}
