package dev.assay.conformance.compare;

import dev.assay.engine.Tap;
import dev.assay.engine.TapPoint;
import dev.assay.golden.FloatError;
import dev.assay.golden.GoldenCase;
import dev.assay.golden.GoldenPrompt;
import dev.assay.report.BudgetUse;
import dev.assay.report.Divergence;
import dev.assay.report.TapUse;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// Judges differences by the budgets of a golden case.
public final class Judge {
    /// The order of the computation; at the same place the prompt that is further off comes first.
    private static final Comparator<Difference> ORDER = Comparator.comparing(Difference::point)
            .thenComparing(Comparator.comparingDouble(Difference::max).reversed());

    private final Map<TapPoint, Budget> budgets;

    private Judge(Map<TapPoint, Budget> budgets) {
        this.budgets = budgets;
    }

    /// The judge of a case: a budget for each place at which the case has golden values.
    public static Judge of(GoldenCase golden) {
        Map<TapPoint, List<double[][]>> values = new TreeMap<>();
        for (GoldenPrompt prompt : golden.prompts()) {
            values.computeIfAbsent(TapPoint.LOGITS, _ -> new ArrayList<>()).add(prompt.logits());
            prompt.taps()
                    .forEach((point, rows) -> values.computeIfAbsent(point, _ -> new ArrayList<>())
                            .add(rows));
        }
        Map<TapPoint, Budget> budgets = new TreeMap<>();
        values.forEach((point, arrays) -> {
            Scale scale = Scale.of(arrays);
            FloatError yardstick = golden.yardsticks().get(point);
            budgets.put(point, yardstick == null ? Budget.ofDeviation(scale) : Budget.ofYardstick(yardstick, scale));
        });
        return new Judge(budgets);
    }

    /// The verdict on differences, which must not be empty.
    public Judgement judge(List<Difference> differences) {
        if (differences.isEmpty()) {
            throw new IllegalArgumentException("nothing was compared");
        }
        long elements = 0;
        BudgetUse worst = use(differences.getFirst());
        Difference first = null;
        Map<TapPoint, Double> used = new TreeMap<>();
        for (Difference difference : differences) {
            BudgetUse use = use(difference);
            elements += difference.elements();
            used.merge(difference.point(), use.used(), Math::max); // NaN if either is
            if (moreThan(use.used(), worst.used())) {
                worst = use;
            }
            if (!budget(difference.point()).allows(difference)
                    && (first == null || ORDER.compare(difference, first) < 0)) {
                first = difference;
            }
        }
        List<TapUse> taps = used.entrySet().stream()
                .map(tap -> new TapUse(tap.getKey().toString(), responsibleLayer(tap.getKey()), tap.getValue()))
                .toList();
        return new Judgement(elements, worst, Optional.ofNullable(first).map(this::divergence), taps);
    }

    private static boolean moreThan(double used, double than) {
        return used > than || (Double.isNaN(used) && !Double.isNaN(than));
    }

    /// The budget of a place.
    ///
    /// @throws IllegalArgumentException if the case has no golden values there
    public Budget budget(TapPoint point) {
        Budget budget = budgets.get(point);
        if (budget == null) {
            throw new IllegalArgumentException("the case has no golden values at " + point);
        }
        return budget;
    }

    private BudgetUse use(Difference difference) {
        return budget(difference.point()).useOf(difference);
    }

    private Divergence divergence(Difference difference) {
        return new Divergence(
                difference.point().toString(),
                responsibleLayer(difference.point()),
                Divergence.Method.TAPS,
                difference.prompt(),
                difference.token(),
                difference.channel(),
                difference.expected(),
                difference.actual(),
                use(difference).used());
    }

    /// The layer that computed the value of a place. The input of layer i is the output of layer i − 1.
    private static int responsibleLayer(TapPoint point) {
        return point.tap() == Tap.HIDDEN ? point.layer() - 1 : point.layer();
    }
}
