package dev.assay.engine;

/// The positions of a prefill whose predictions are returned.
public enum LogitsScope {
    ALL_POSITIONS,
    LAST_POSITION
}
