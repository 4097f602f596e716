package dev.assay.mutants.catalogue;

/// A change that looks like a bug and computes the same.
///
/// @param scope for which inputs and configurations
/// @param proof why
public record Equivalent(String id, String title, Scope scope, String proof) {
    /// How far an equivalence reaches.
    public enum Scope {
        /// For every input and every configuration.
        ALWAYS,
        /// For every configuration that was ever published, but not for all there could be.
        PUBLISHED_CONFIGURATIONS
    }
}
