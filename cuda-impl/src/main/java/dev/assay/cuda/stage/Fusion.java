package dev.assay.cuda.stage;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Stages for a single token that nobody listens to: fewer launches that compute the same.
///
/// - A product takes the norm before it along, where it is the only reader of the norm's result.
/// - Router and experts do so too, who read the same norm's result.
/// - A product with gate and up activates and joins them.
/// - A product adds to the residual stream by itself; so do experts, which also sum themselves up.
/// - Attention prepares its heads.
///
/// What the compiler emits makes each of these a matter of neighbours: it adds RESULT to HIDDEN as the last use of
/// RESULT, and gives an input that several stages read first to one whose result is none of those named here.
final class Fusion {
    /// The most experts of a token that one block sums up, with a warp for each.
    private static final int SUMMED_EXPERTS = 16;
    /// Of heads, in the kernel that prepares and attends.
    private static final int WIDTH_STEP = 8;

    private Fusion() {}

    static List<Stage> ofOneToken(List<Stage> stages) {
        List<Stage> fused = new ArrayList<>();
        for (Stage stage : normalisedByExperts(stages)) {
            Stage before = fused.isEmpty() ? null : fused.getLast();
            Stage both = before == null ? null : both(before, stage);
            if (both == null) {
                fused.add(stage);
            } else {
                fused.set(fused.size() - 1, both);
            }
        }
        return fused;
    }

    /// Without taps, and without the norms whose result only routers and experts read: these normalise by
    /// themselves.
    private static List<Stage> normalisedByExperts(List<Stage> stages) {
        List<Stage> all = stages.stream()
                .filter(stage -> !(stage instanceof Stage.Tapped || stage instanceof Stage.TappedExperts))
                .toList();
        List<Stage> fewer = new ArrayList<>();
        for (int i = 0; i < all.size(); i++) {
            if (all.get(i) instanceof Stage.Normalise(RowNorm.Rms norm, int _, double _, View from, View to)
                    && i + 1 < all.size()
                    && all.get(i + 1) instanceof Stage.Multiply router
                    && router.to().buffer() == Buffer.ROUTER_LOGITS) {
                List<Stage> block = all.subList(i + 1, indexOfSum(all, i) + 1);
                if (block.stream().noneMatch(Stage.ScaleInputs.class::isInstance)) {
                    fewer.addAll(takingAlong(norm, from, to, block));
                    i += block.size();
                    continue;
                }
            }
            fewer.add(all.get(i));
        }
        return fewer;
    }

    private static int indexOfSum(List<Stage> stages, int from) {
        int i = from;
        while (!(stages.get(i) instanceof Stage.SumExperts)) {
            i++;
        }
        return i;
    }

    private static List<Stage> takingAlong(RowNorm.Rms norm, View from, View normalised, List<Stage> block) {
        List<Stage> taking = new ArrayList<>();
        for (int i = 0; i < block.size(); i++) {
            if (block.get(i) instanceof Stage.Multiply multiply
                    && multiply.from().equals(normalised)) {
                taking.add(new Stage.MultiplyFused(multiply.withFrom(from), Optional.of(norm), Optional.empty()));
            } else if (block.get(i) instanceof Stage.MultiplyChosen(var weights, View input, View.OfPairs _)
                    && input.equals(normalised)
                    && block.get(i + 1) instanceof Stage.Gate gate
                    && gate.to() instanceof View.OfPairs gated) {
                taking.add(new Stage.MultiplyGatedChosen(weights, Optional.of(norm), from, gated, gate.activation()));
                i++;
            } else {
                taking.add(block.get(i));
            }
        }
        return taking;
    }

    /// One stage for two neighbours, or null.
    private static @Nullable Stage both(Stage first, Stage second) {
        if (first instanceof Stage.Normalise(RowNorm.Rms norm, int groups, double before, View from, View normalised)
                && groups == 1
                && before == 1
                && second instanceof Stage.Multiply multiply
                && multiply.from().equals(normalised)
                && !from.equals(normalised)
                && isOnlyReader(multiply.to().buffer())) {
            return new Stage.MultiplyFused(multiply.withFrom(from), Optional.of(norm), Optional.empty());
        }
        if (second instanceof Stage.Gate(var activation, int width, View from, View to)) {
            if (first instanceof Stage.Multiply multiply && multiply.to().equals(from)) {
                return new Stage.MultiplyGated(multiply.withTo(to), Optional.empty(), activation, width);
            }
            if (first instanceof Stage.MultiplyFused(Stage.Multiply multiply, var norm, var residual)
                    && residual.isEmpty()
                    && multiply.to().equals(from)) {
                return new Stage.MultiplyGated(multiply.withTo(to), norm, activation, width);
            }
            if (first instanceof Stage.MultiplyChosen(var weights, View input, View.OfPairs gateUp)
                    && gateUp.equals(from)
                    && to instanceof View.OfPairs pairs) {
                return new Stage.MultiplyGatedChosen(weights, Optional.empty(), input, pairs, activation);
            }
        }
        if (second instanceof Stage.SumExperts sum
                && first instanceof Stage.MultiplyChosen(var weights, View.OfPairs input, View.OfPairs products)
                && products.equals(sum.from())
                && products.perToken() <= SUMMED_EXPERTS) {
            return new Stage.SumChosen(weights, input, sum, Optional.empty());
        }
        if (second instanceof Stage.Add(View from, View to, int _, double scale)
                && scale == 1
                && from.equals(View.of(Buffer.RESULT))) {
            if (first instanceof Stage.Multiply multiply && multiply.to().equals(from)) {
                return new Stage.MultiplyFused(multiply.withTo(to), Optional.empty(), Optional.of(to));
            }
            if (first instanceof Stage.SumChosen(var weights, View.OfPairs input, Stage.SumExperts sum, var residual)
                    && residual.isEmpty()
                    && sum.to().equals(from)) {
                return new Stage.SumChosen(weights, input, sum, Optional.of(to));
            }
        }
        if (first instanceof Stage.PrepareHeads prepare
                && second instanceof Stage.Attend attend
                && prepare.headDim() % WIDTH_STEP == 0) {
            return new Stage.AttendOne(prepare, attend);
        }
        return null;
    }

    /// Whether a product that leaves its result here is the only one to read its input.
    private static boolean isOnlyReader(Buffer to) {
        return to == Buffer.PROJECTED || to == Buffer.QUERY || to == Buffer.GATE_UP || to == Buffer.GATED;
    }
}
