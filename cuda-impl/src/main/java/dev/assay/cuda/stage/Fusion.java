package dev.assay.cuda.stage;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Stages for passes that nobody listens to: fewer launches that compute the same.
///
/// Of a single token:
///
/// - A product, the head among them, takes the norm before it along, where it is the only reader of the norm's result.
/// A router does so too,
/// and
///   leaves the result for the experts.
/// - A product with gate and up activates and joins them.
/// - A product adds to the residual stream by itself; so do experts, which also sum themselves up.
/// - Experts find out by themselves who was chosen, from the router's logits.
/// - Attention prepares its heads; to latents it is what it is for few tokens.
///
/// Of many tokens:
///
/// - A product makes its input by itself, by the norm or the gate before it, where it is the only reader of the result;
///   so does one with experts. Such a product and the one that it has its input from are one stage, as they may leave
///   out what is between them.
/// - A product adds to the residual stream by itself; so does the sum of experts.
///
/// What the compiler emits makes each of these a matter of neighbours: it adds RESULT to HIDDEN as the last use of
/// RESULT, and gives an input that several stages read first to one whose result is none of those named here.
final class Fusion {
    /// The most experts of a token that one block sums up, with a warp for each.
    private static final int SUMMED_EXPERTS = 16;

    private Fusion() {}

    static List<Stage> ofOneToken(List<Stage> stages, Stage.Head head) {
        List<Stage> fused = new ArrayList<>();
        for (Stage stage : Stream.concat(stages.stream(), Stream.of(head)).toList()) {
            if (stage instanceof Stage.AttendLatents latents) {
                fused.addAll(latents.absorbing());
            } else {
                append(stage, fused, Fusion::both);
            }
        }
        return withoutRoutes(fused);
    }

    static List<Stage> ofManyTokens(List<Stage> stages) {
        List<Stage> fused = new ArrayList<>();
        for (Stage stage : stages) {
            append(stage, fused, Fusion::bothOfMany);
        }
        List<Stage> joined = new ArrayList<>();
        for (Stage stage : fused) {
            append(stage, joined, Fusion::feedForward);
        }
        return joined;
    }

    /// One stage for two neighbours, or null.
    private interface Pairing {
        @Nullable
        Stage both(Stage first, Stage second);
    }

    private static void append(Stage stage, List<Stage> fused, Pairing pairing) {
        if (stage instanceof Stage.Tapped || stage instanceof Stage.TappedExperts) {
            return;
        }
        Stage both = fused.isEmpty() ? null : pairing.both(fused.getLast(), stage);
        if (both == null) {
            fused.add(stage);
        } else {
            fused.set(fused.size() - 1, both);
        }
    }

    /// Without routers whose experts are all that ask for them; both kernels find the same.
    private static List<Stage> withoutRoutes(List<Stage> stages) {
        List<Stage> left = new ArrayList<>(stages);
        for (int i = 0; i + 2 < left.size(); i++) {
            if (left.get(i) instanceof Stage.Route route
                    && left.get(i + 1) instanceof Stage.MultiplyGatedChosen gated
                    && left.get(i + 2) instanceof Stage.SumChosen sum) {
                left.set(i + 1, gated.after(route));
                left.set(i + 2, sum.after(route));
                left.remove(i);
            }
        }
        return left;
    }

    /// One stage for two neighbours of one token, or null.
    private static @Nullable Stage both(Stage first, Stage second) {
        if (first instanceof Stage.Normalise(RowNorm.Rms norm, int groups, double before, View from, View normalised)
                && groups == 1
                && before == 1
                && second instanceof Stage.Multiply multiply
                && multiply.from().equals(normalised)
                && !from.equals(normalised)) {
            boolean routes = multiply.to().buffer() == Buffer.ROUTER_LOGITS;
            if (routes || isOnlyReader(multiply.to().buffer())) {
                return new Stage.MultiplyFused(
                        multiply.withFrom(from),
                        Optional.of(norm),
                        routes ? Optional.of(normalised) : Optional.empty(),
                        Optional.empty());
            }
        }
        if (first instanceof Stage.Normalise(RowNorm.Rms norm, int groups, double before, View from, View normalised)
                && groups == 1
                && before == 1
                && second instanceof Stage.Head(var weight, var softcap, View input, var none)
                && none.isEmpty()
                && input.equals(normalised)) {
            return new Stage.Head(weight, softcap, from, Optional.of(norm));
        }
        if (second instanceof Stage.Gate(var activation, int width, View from, View to)) {
            if (first instanceof Stage.Multiply multiply && multiply.to().equals(from)) {
                return new Stage.MultiplyGated(multiply.withTo(to), Optional.empty(), activation, width);
            }
            if (first instanceof Stage.MultiplyFused(Stage.Multiply multiply, var norm, var normalised, var residual)
                    && normalised.isEmpty()
                    && residual.isEmpty()
                    && multiply.to().equals(from)) {
                return new Stage.MultiplyGated(multiply.withTo(to), norm, activation, width);
            }
            if (first instanceof Stage.MultiplyChosen(var weights, View input, View.OfPairs gateUp)
                    && gateUp.equals(from)
                    && to instanceof View.OfPairs pairs) {
                return new Stage.MultiplyGatedChosen(weights, input, pairs, activation, Optional.empty());
            }
        }
        // The kernel of SumChosen counts on that of MultiplyGatedChosen before it.
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
                return new Stage.MultiplyFused(
                        multiply.withTo(to), Optional.empty(), Optional.empty(), Optional.of(to));
            }
            if (first instanceof Stage.SumChosen(var weights, View.OfPairs input, Stage.SumExperts sum, var route)
                    && sum.residual().isEmpty()
                    && sum.to().equals(from)) {
                return new Stage.SumChosen(weights, input, sum.addedTo(to), route);
            }
        }
        if (first instanceof Stage.PrepareHeads prepare && second instanceof Stage.Attend attend) {
            return new Stage.AttendOne(prepare, attend);
        }
        return null;
    }

    /// One stage for two neighbours of many tokens, or null.
    private static @Nullable Stage bothOfMany(Stage first, Stage second) {
        if (first instanceof Stage.Normalise(RowNorm.Rms norm, int groups, double before, View from, View normalised)
                && groups == 1
                && before == 1
                && second instanceof Stage.Multiply multiply
                && multiply.from().equals(normalised)
                && isOnlyReader(multiply.to().buffer())) {
            return new Stage.MultiplyMade(new Making.Norm(norm), from, multiply, Optional.empty());
        }
        if (first instanceof Stage.Gate(var activation, int _, View from, View gated)) {
            if (second instanceof Stage.Multiply multiply && multiply.from().equals(gated)) {
                return new Stage.MultiplyMade(new Making.Gate(activation), from, multiply, Optional.empty());
            }
            if (second instanceof Stage.MultiplyChosen multiply
                    && multiply.from().equals(gated)) {
                return new Stage.MultiplyMadeChosen(new Making.Gate(activation), from, multiply);
            }
        }
        if (second instanceof Stage.Add sum && sum.scale() == 1 && sum.from().equals(View.of(Buffer.RESULT))) {
            if (first instanceof Stage.Multiply multiply && multiply.to().equals(sum.from())) {
                return new Stage.MultiplyMade(new Making.Nothing(), multiply.from(), multiply, Optional.of(sum));
            }
            if (first instanceof Stage.MultiplyMade(var making, View from, Stage.Multiply multiply, var other)
                    && other.isEmpty()
                    && multiply.to().equals(sum.from())) {
                return new Stage.MultiplyMade(making, from, multiply, Optional.of(sum));
            }
            if (first instanceof Stage.SumExperts experts
                    && experts.residual().isEmpty()
                    && experts.to().equals(sum.from())) {
                return experts.addedTo(sum.to());
            }
        }
        return null;
    }

    /// One stage for the product of gate and up and that of what they become, or null.
    private static @Nullable Stage feedForward(Stage first, Stage second) {
        if (second instanceof Stage.MultiplyMade down && down.making() instanceof Making.Gate(var activation)) {
            if (first instanceof Stage.MultiplyMade gateUp
                    && gateUp.product().to().equals(down.from())) {
                return new Stage.FeedForward(gateUp, activation, down);
            }
            if (first instanceof Stage.Multiply gateUp && gateUp.to().equals(down.from())) {
                Stage.MultiplyMade alone =
                        new Stage.MultiplyMade(new Making.Nothing(), gateUp.from(), gateUp, Optional.empty());
                return new Stage.FeedForward(alone, activation, down);
            }
        }
        if (second instanceof Stage.MultiplyMadeChosen down
                && down.making() instanceof Making.Gate(var activation)
                && first instanceof Stage.MultiplyChosen gateUp
                && gateUp.to().equals(down.from())) {
            return new Stage.FeedForwardChosen(gateUp, activation, down);
        }
        return null;
    }

    /// Whether a product that leaves its result here is the only one to read its input.
    private static boolean isOnlyReader(Buffer to) {
        return to == Buffer.PROJECTED || to == Buffer.QUERY || to == Buffer.GATE_UP || to == Buffer.GATED;
    }
}
