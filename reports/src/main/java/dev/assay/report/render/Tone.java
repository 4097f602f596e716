package dev.assay.report.render;

/// How good a piece of news is.
enum Tone {
    GOOD("✓"),
    BAD("✗"),
    WARN("!"),
    QUIET("–");

    private final String mark;

    Tone(String mark) {
        this.mark = mark;
    }

    /// A sign of its own for those who do not see the colour.
    String mark() {
        return mark;
    }

    /// Class of the style sheet.
    String style() {
        return name().toLowerCase(java.util.Locale.ROOT);
    }
}
