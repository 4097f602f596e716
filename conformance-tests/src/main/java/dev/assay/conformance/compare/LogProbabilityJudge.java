package dev.assay.conformance.compare;

import dev.assay.golden.GoldenPrompt;
import dev.assay.report.BudgetUse;
import dev.assay.report.Divergence;
import dev.assay.report.TapUse;
import java.util.List;
import java.util.Optional;

/// Judges the log-probabilities of the most probable tokens, row by row, by the log-softmax of the oracle's logits.
public final class LogProbabilityJudge {
    /// Name of the place in reports: the engine shows no logits.
    private static final String TAP = "log_probabilities";

    private final PredictionBudget budget;
    private long elements;
    private double squares;
    private double scale;
    private Worst worst = new Worst("", 0, 0, 0, 0, -1);

    public LogProbabilityJudge(PredictionBudget budget) {
        this.budget = budget;
    }

    /// The place of the largest difference.
    ///
    /// @param channel token id
    private record Worst(String prompt, int token, int channel, double expected, double actual, double difference) {}

    /// Adds a row: `tokens` with their natural-log probabilities, both `[n]`, most probable first.
    ///
    /// @param position of the row within the prompt
    /// @return what is wrong with the tokens themselves; empty if they are the n most probable in their order
    public String add(GoldenPrompt prompt, int position, int[] tokens, float[] logProbabilities) {
        double[] logits = prompt.logits()[position]; // [V]
        String where = "prompt " + prompt.id() + ", token " + position + ": ";
        boolean[] returned = new boolean[logits.length];
        double least = Double.POSITIVE_INFINITY; // the oracle's smallest logit of those returned
        double logSum = logSumExp(logits);
        for (int i = 0; i < tokens.length; i++) {
            int id = tokens[i];
            if (id < 0 || id >= logits.length || returned[id]) {
                return where + "expected " + tokens.length + " different tokens of 0 to " + (logits.length - 1)
                        + ", found " + id + (id < 0 || id >= logits.length ? "" : " twice");
            }
            if (i > 0 && logProbabilities[i] > logProbabilities[i - 1]) {
                return where + "expected the most probable first, found " + logProbabilities[i - 1] + " before "
                        + logProbabilities[i];
            }
            returned[id] = true;
            least = Math.min(least, logits[id]);
            add(new Worst(prompt.id(), position, id, logits[id] - logSum, logProbabilities[i], 0));
        }
        for (int id = 0; id < logits.length; id++) {
            if (!returned[id] && logits[id] - least > budget.gap()) {
                return where + "token " + id + " is not among the " + tokens.length
                        + " most probable, and the oracle's logit of it is larger than one that is by "
                        + (logits[id] - least) + ", " + budget.gap() + " is allowed";
            }
        }
        return "";
    }

    private void add(Worst at) {
        double difference = Math.abs(at.actual() - at.expected());
        elements++;
        squares += difference * difference;
        scale = Math.max(scale, Math.abs(at.expected()));
        // The first NaN wins and stays: no comparison with it is true.
        if (difference > worst.difference() || (Double.isNaN(difference) && !Double.isNaN(worst.difference()))) {
            worst = new Worst(at.prompt(), at.token(), at.channel(), at.expected(), at.actual(), difference);
        }
    }

    /// The verdict on all rows, of which there must be one.
    public Judgement judgement() {
        if (elements == 0) {
            throw new IllegalStateException("nothing was compared");
        }
        double limit = budget.logProbability(scale);
        BudgetUse use = new BudgetUse(
                TAP,
                worst.prompt(),
                Math.sqrt(squares / elements),
                limit,
                worst.difference(),
                limit,
                budget.yardstick());
        return new Judgement(
                elements,
                use,
                worst.difference() <= limit ? Optional.empty() : Optional.of(divergence(use)),
                List.of(new TapUse(TAP, -1, use.used())));
    }

    private Divergence divergence(BudgetUse use) {
        return new Divergence(
                TAP,
                -1,
                Divergence.Method.TAPS,
                worst.prompt(),
                worst.token(),
                worst.channel(),
                worst.expected(),
                worst.actual(),
                use.used());
    }

    private static double logSumExp(double[] logits) {
        double max = Double.NEGATIVE_INFINITY;
        for (double logit : logits) {
            max = Math.max(max, logit);
        }
        double sum = 0;
        for (double logit : logits) {
            sum += Math.exp(logit - max);
        }
        return max + Math.log(sum);
    }
}
