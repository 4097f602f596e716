package dev.assay.perf.compare;

/// A change of speed that is known and wanted: a line of `annotations.jsonl`.
///
/// @param format always [#FORMAT]
/// @param commit that changed the speed
/// @param text why
record Annotation(String format, String commit, String text) {
    static final String FORMAT = "assay-annotation/1";
}
