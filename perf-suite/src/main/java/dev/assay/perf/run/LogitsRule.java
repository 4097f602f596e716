package dev.assay.perf.run;

import dev.assay.report.BudgetUse;

/// How far logits may be from others. The command gives the rule of the conformance suite, which this module does not
/// know.
@FunctionalInterface
public interface LogitsRule {
    /// What the difference uses of the budget; at most 1 passes, and NaN never does.
    ///
    /// @param what is compared, for messages
    /// @param expected `[rows][V]`
    /// @param actual `[rows][V]`
    /// @throws RuntimeException if the shapes differ
    BudgetUse judge(String what, float[][] expected, float[][] actual);
}
