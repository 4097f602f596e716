package dev.assay.cuda.stage;

import dev.assay.config.HiddenActivation;
import dev.assay.cuda.weight.DeviceExperts;
import dev.assay.cuda.weight.DeviceMatrix;
import dev.assay.engine.TapPoint;
import dev.assay.plan.Mask;
import dev.assay.plan.OutputHead;
import dev.assay.plan.Rotary;
import dev.assay.plan.Router;
import dev.assay.plan.Temperature;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// One step of a pass, as data: mostly one launch. Weights are on the device already; where intermediate values and the
/// cache lie, [Launcher] knows.
sealed interface Stage {
    // ------------------------------------------------------------------------------------------------------ embeddings

    /// to = scale · row of the token id.
    record Embed(DeviceMatrix table, double scale, View to) implements Stage {}

    /// to += row of the position.
    record AddPosition(DeviceMatrix table, View to) implements Stage {}

    /// x = (x + tableScale · row of the token id) · sumScale.
    record AddPerLayer(DeviceMatrix table, double tableScale, double sumScale, View x) implements Stage {}

    // --------------------------------------------------------------------------------------------------------- rows

    /// to = norm(before · from), by `groups` groups of the norm's size side by side.
    record Normalise(RowNorm norm, int groups, double before, View from, View to) implements Stage {}

    /// to = W · from + bias.
    ///
    /// @param bias address of a number for each row; 0 for none
    record Multiply(DeviceMatrix weight, long bias, View from, View to) implements Stage {
        Multiply withFrom(View other) {
            return new Multiply(weight, bias, other, to);
        }

        Multiply withTo(View other) {
            return new Multiply(weight, bias, from, other);
        }
    }

    /// Of one token: a product of normalised input, or one that is added to a residual.
    ///
    /// @param normalised where to leave the normalised input, for others who read it
    record MultiplyFused(
            Multiply product, Optional<RowNorm.Rms> norm, Optional<View> normalised, Optional<View> residual)
            implements Stage {}

    /// Of one token: to = activation(first half of the product) ⊙ second half, of normalised input or not.
    record MultiplyGated(Multiply product, Optional<RowNorm.Rms> norm, HiddenActivation activation, int width)
            implements Stage {}

    /// Of many tokens: a product whose input is made on the way, or that is added to a residual by itself.
    ///
    /// @param from rows that the product's input is made from, for nobody else
    /// @param sum what happens to the product's result; none for a result that others read
    record MultiplyMade(Making making, View from, Multiply product, Optional<Add> sum) implements Stage {
        /// The stages that it takes the place of.
        List<Stage> parts() {
            List<Stage> parts = new ArrayList<>();
            making.alone(from, product.from(), product.weight().columns()).ifPresent(parts::add);
            parts.add(product);
            sum.ifPresent(parts::add);
            return parts;
        }
    }

    /// to = (to + from) · scale.
    record Add(View from, View to, int width, double scale) implements Stage {}

    /// to = from · scale.
    record Copy(View from, View to, int width, double scale) implements Stage {}

    /// x = bound · tanh(x / bound).
    record Bound(View x, int width, double bound) implements Stage {}

    // ------------------------------------------------------------------------------------------------------ attention

    /// What happens to projected heads before attention: norms, rotation, heat; keys and values are cached.
    ///
    /// @param kvHeads heads to cache; 0 in a layer that attends to another's cache
    /// @param queryNorm of each head; likewise those of keys and values
    /// @param normAfter ε of a norm without weight after rotation
    record PrepareHeads(
            int layer,
            View x,
            int queryHeads,
            int kvHeads,
            int headDim,
            Optional<RowNorm.Rms> queryNorm,
            Optional<RowNorm.Rms> keyNorm,
            Optional<RowNorm.Rms> valueNorm,
            Rotary rotary,
            Optional<Double> normAfter,
            Temperature temperature)
            implements Stage {}

    /// The same for latent attention: turning parts are turned; latent and turned key are cached.
    record PrepareLatents(
            int layer, View queries, int heads, int nope, int rope, View compressed, int latent, Rotary rotary)
            implements Stage {}

    /// Takes the expansion's keys into the queries.
    ///
    /// @param expansion `[heads · (nope + valueWidth)][latent]`
    record Absorb(DeviceMatrix expansion, int heads, int nope, int rope, int valueWidth, View queries, View to)
            implements Stage {}

    /// Softmax attention over the cache of a layer.
    ///
    /// @param layer whose cache it is
    /// @param kvHeads that `heads` query heads share
    /// @param keyWidth numbers of a key; of latent attention a latent and a turned key
    /// @param valueWidth numbers of a value; of latent attention the latent
    record Attend(
            int layer,
            int heads,
            int kvHeads,
            int keyWidth,
            int valueWidth,
            Mask mask,
            double scale,
            View queries,
            View to)
            implements Stage {}

    /// Of one token: [PrepareHeads] and [Attend] of the same layer.
    record AttendOne(PrepareHeads prepare, Attend attend) implements Stage {}

    /// Expands latents that attention summed up to values.
    record Expand(DeviceMatrix expansion, int heads, int nope, int valueWidth, View from, View to) implements Stage {}

    /// Attention to latents: of few tokens by queries that absorb the expansion's keys, of many by expanded keys
    /// and values.
    record AttendLatents(Absorb absorb, Attend attend, Expand expand) implements Stage {
        /// What it is for few tokens.
        List<Stage> absorbing() {
            return List.of(absorb, attend, expand);
        }
    }

    // --------------------------------------------------------------------------------------------------- feed-forward

    /// to = activation(first half of from) ⊙ second half.
    record Gate(HiddenActivation activation, int width, View from, View to) implements Stage {}

    /// Of many tokens: [MultiplyMade] of gate and up, and of what their [Gate] makes.
    record FeedForward(MultiplyMade gateUp, HiddenActivation activation, MultiplyMade down) implements Stage {}

    /// As [Gate], after relu(g − (mean(g) + σ(g) · deviations)) of the first half.
    record GateSparse(HiddenActivation activation, double deviations, int width, View from, View to) implements Stage {}

    /// x = activation(x).
    record Activate(HiddenActivation activation, int width, View x) implements Stage {}

    /// x = activation(x) ⊙ by.
    record GateBy(HiddenActivation activation, int width, View x, View by) implements Stage {}

    // --------------------------------------------------------------------------------------------------------- experts

    /// From router logits to the experts of a token and their weights.
    ///
    /// @param correctionBias address of a number for each expert; 0 for routers without
    record Route(Router router, long correctionBias) implements Stage {}

    /// x = weight of the expert · the token's input.
    record ScaleInputs(View from, View.OfPairs to) implements Stage {}

    /// to = W of the pair's expert · from, of its token or of the pair itself.
    record MultiplyChosen(DeviceExperts weights, View from, View.OfPairs to) implements Stage {}

    /// Of many tokens: [MultiplyChosen] of an input that is made on the way.
    ///
    /// @param from rows that the product's input is made from, for nobody else
    record MultiplyMadeChosen(Making making, View from, MultiplyChosen product) implements Stage {
        /// The stages that it takes the place of.
        List<Stage> parts() {
            List<Stage> parts = new ArrayList<>();
            int width = product.weights().first().columns();
            making.alone(from, product.from(), width).ifPresent(parts::add);
            parts.add(product);
            return parts;
        }
    }

    /// As [FeedForward], of experts.
    record FeedForwardChosen(MultiplyChosen gateUp, HiddenActivation activation, MultiplyMadeChosen down)
            implements Stage {}

    /// Of one token: to = activation(first half of [MultiplyChosen]'s result) ⊙ second half.
    ///
    /// @param route by which it finds the experts itself; none if they were found before
    record MultiplyGatedChosen(
            DeviceExperts weights, View from, View.OfPairs to, HiddenActivation activation, Optional<Route> route)
            implements Stage {
        MultiplyGatedChosen after(Route route) {
            return new MultiplyGatedChosen(weights, from, to, activation, Optional.of(route));
        }
    }

    /// to = Σ of the experts' results, plus the shared expert's and a residual.
    ///
    /// @param weights of the experts; none where they have multiplied the inputs already
    /// @param residual `to` itself, if anything
    record SumExperts(
            View.OfPairs from, Optional<View> weights, Optional<View> shared, Optional<View> residual, View to)
            implements Stage {
        SumExperts addedTo(View other) {
            return new SumExperts(from, weights, shared, Optional.of(other), other);
        }
    }

    /// Of one token, after [MultiplyGatedChosen]: [SumExperts] of [MultiplyChosen].
    ///
    /// @param route by which it finds the experts and their weights itself; none if they were found before
    record SumChosen(DeviceExperts experts, View.OfPairs from, SumExperts sum, Optional<Route> route) implements Stage {
        SumChosen after(Route route) {
            return new SumChosen(experts, from, sum, Optional.of(route));
        }
    }

    // ----------------------------------------------------------------------------------------------- residual streams

    /// Brings x to the root mean square of another row.
    record MatchMagnitude(View x, View like, int width, double smallestMeanSquare) implements Stage {}

    /// Predictions of all streams from the coefficients.
    record Predict(int streams, int width) implements Stage {}

    /// Streams from predictions, coefficients and the layer's result in HIDDEN; the corrected active stream to
    /// RESULT.
    ///
    /// @param gain address of what multiplies the latter; 0 for nothing
    record Correct(int streams, int active, int width, long gain) implements Stage {}

    /// RESULT is added to every stream but the first.
    record AddToOthers(int streams, int width) implements Stage {}

    // ------------------------------------------------------------------------------------------------------------ head

    /// Of one token: the logits, by the program's head.
    ///
    /// @param norm of `from`, which is not normalised yet; none if it is
    record Head(DeviceMatrix weight, OutputHead.Softcap softcap, View from, Optional<RowNorm.Rms> norm)
            implements Stage {}

    // ------------------------------------------------------------------------------------------------------------ taps

    /// Reports rows, if anyone listens.
    record Tapped(TapPoint point, View rows, int width) implements Stage {}

    /// Reports the experts of each token.
    record TappedExperts(int layer, int topK) implements Stage {}
}
