package dev.assay.conformance.junit;

import dev.assay.conformance.suite.Selection;
import java.util.Arrays;

/// Selections narrowed from outside, to run again what failed.
final class Narrowed {
    private Narrowed() {}

    /// The selection with the architectures, cases and rules that system properties name, where they do.
    static Selection bySystemProperties(Selection selection) {
        String[] architectures = named("assay.architecture");
        String[] cases = named("assay.case");
        String[] rules = named("assay.rule");
        Selection narrowed = architectures.length == 0 ? selection : selection.ofArchitectures(architectures);
        narrowed = cases.length == 0 ? narrowed : narrowed.ofCases(cases);
        return rules.length == 0 ? narrowed : narrowed.ofRules(rules);
    }

    private static String[] named(String property) {
        return Arrays.stream(System.getProperty(property, "").split(",", -1))
                .map(String::strip)
                .filter(name -> !name.isEmpty())
                .toArray(String[]::new);
    }
}
