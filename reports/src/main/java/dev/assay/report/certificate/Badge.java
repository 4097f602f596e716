package dev.assay.report.certificate;

import dev.assay.report.Verdict;
import java.util.Locale;
import tools.jackson.databind.json.JsonMapper;

/// The JSON of a badge, as https://shields.io/badges/endpoint-badge reads it.
///
/// @param schemaVersion always 1
public record Badge(int schemaVersion, String label, String message, String color) {
    /// The badge of what a certificate says.
    public static Badge of(Statement.Assay assay) {
        return new Badge(1, "Assay", message(assay), color(assay.verdict()));
    }

    private static String message(Statement.Assay assay) {
        String verdict = assay.verdict().name().toLowerCase(Locale.ROOT).replace('_', ' ');
        return verdict + " (" + assay.evidence().told() + ")";
    }

    private static String color(Verdict verdict) {
        return switch (verdict) {
            case CONFORMANT -> "brightgreen";
            case CONSISTENT -> "yellowgreen";
            case INCONCLUSIVE -> "yellow";
            case NON_CONFORMANT, REGRESSION -> "red";
            case FAULT -> "lightgrey";
        };
    }

    /// The JSON text, with a line end after the last brace.
    public String toJson() {
        return JsonMapper.shared().writeValueAsString(this) + "\n";
    }
}
