package dev.assay.cuda.stage;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Stages for a single token that nobody listens to: fewer launches that compute the same.
///
/// - A product takes the norm before it along, where it is the only reader of the norm's result.
/// - A product with gate and up activates and joins them.
/// - A product adds to the residual stream by itself.
///
/// What the compiler emits makes each of these a matter of neighbours: it adds RESULT to HIDDEN as the last use of
/// RESULT,
/// and gives an input that several stages read first to one whose result is none of those named here.
final class Fusion {
    private Fusion() {}

    static List<Stage> ofOneToken(List<Stage> stages) {
        List<Stage> fused = new ArrayList<>();
        for (Stage stage : stages) {
            if (stage instanceof Stage.Tapped || stage instanceof Stage.TappedExperts) {
                continue;
            }
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
                return new Stage.MultiplyGatedChosen(weights, input, pairs, activation);
            }
        }
        if (second instanceof Stage.Add(View from, View to, int _, double scale)
                && scale == 1
                && from.equals(View.of(Buffer.RESULT))
                && first instanceof Stage.Multiply multiply
                && multiply.to().equals(from)) {
            return new Stage.MultiplyFused(multiply.withTo(to), Optional.empty(), Optional.of(to));
        }
        return null;
    }

    /// Whether a product that leaves its result here is the only one to read its input.
    private static boolean isOnlyReader(Buffer to) {
        return to == Buffer.PROJECTED || to == Buffer.QUERY || to == Buffer.GATE_UP || to == Buffer.GATED;
    }
}
