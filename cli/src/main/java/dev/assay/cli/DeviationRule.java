package dev.assay.cli;

import dev.assay.conformance.compare.Budget;
import dev.assay.conformance.compare.Difference;
import dev.assay.conformance.compare.Scale;
import dev.assay.engine.TapPoint;
import dev.assay.perf.run.LogitsRule;
import dev.assay.report.BudgetUse;
import java.util.List;

/// The conformance suite's rule for a golden without a yardstick: a fraction of the logits' standard deviation.
record DeviationRule() implements LogitsRule {
    @Override
    public BudgetUse judge(String what, float[][] expected, float[][] actual) {
        double[][] oracle = new double[expected.length][]; // [rows][V]
        for (int row = 0; row < oracle.length; row++) {
            oracle[row] = new double[expected[row].length];
            for (int i = 0; i < oracle[row].length; i++) {
                oracle[row][i] = expected[row][i];
            }
        }
        Budget budget = Budget.ofDeviation(Scale.of(List.<double[][]>of(oracle)));
        return budget.useOf(Difference.measure(TapPoint.LOGITS, what, oracle, actual));
    }
}
