package dev.assay.nowhere;

/// Lies in a package that belongs to no module.
final class Homeless {
    private Homeless() {}
}
