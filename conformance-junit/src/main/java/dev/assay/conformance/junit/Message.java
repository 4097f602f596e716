package dev.assay.conformance.junit;

import dev.assay.engine.TapPoint;
import dev.assay.report.BudgetUse;
import dev.assay.report.CheckResult;
import dev.assay.report.Divergence;
import java.util.Locale;
import java.util.StringJoiner;

/// A result in words.
///
/// @param command runs the test again
record Message(CheckResult result, String command) {
    @Override
    public String toString() {
        StringJoiner lines = new StringJoiner("\n  ");
        lines.add(result.caseId() + " " + result.check() + ": " + result.outcome());
        if (result.message() != null) {
            lines.add(result.message());
        }
        Divergence first = result.firstDivergence();
        if (first != null) {
            lines.add("first divergence: " + place(first) + ", prompt " + first.prompt() + ", token " + first.token()
                    + ", channel " + first.channel());
            lines.add("expected " + first.expected() + ", found " + first.actual() + ": " + times(first.used())
                    + " of what is allowed there");
        }
        BudgetUse worst = result.worst();
        if (worst != null) {
            lines.add("worst: " + worst.tap() + " of prompt " + worst.prompt() + ", " + times(worst.used())
                    + " of what is allowed there");
        }
        lines.add("compared " + result.elements() + " numbers: "
                + result.evidence().told());
        return lines.add("reproduce: " + command).toString();
    }

    /// For example `layer 2, context.2, attention over the values`.
    private static String place(Divergence first) {
        return first.layerInWords() + ", " + first.tap() + operation(first.tap());
    }

    private static String operation(String tap) {
        try {
            return " (" + TapPoint.parse(tap).tap().operation() + ")";
        } catch (IllegalArgumentException _) {
            return ""; // What is made of the logits is not in the network.
        }
    }

    private static String times(double used) {
        return String.format(Locale.ROOT, "%.3g times", used);
    }
}
