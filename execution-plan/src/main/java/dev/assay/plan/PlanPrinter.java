package dev.assay.plan;

import dev.assay.config.RopeParameters;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/// Prints a plan for people: the architecture card.
public final class PlanPrinter {
    private final StringBuilder card = new StringBuilder();

    private PlanPrinter() {}

    /// The card of a plan; lines end with `\n`.
    public static String print(DecoderPlan plan) {
        var printer = new PlanPrinter();
        printer.card(plan);
        return printer.card.toString();
    }

    private void card(DecoderPlan plan) {
        LayerPattern pattern = LayerPattern.of(plan.layers());
        card.append(plan.architecture().title())
                .append(": ")
                .append(plan.layers().size())
                .append(" layers, hidden size ")
                .append(plan.hiddenSize())
                .append(", vocabulary ")
                .append(plan.vocabSize())
                .append(", context ")
                .append(plan.maxPositions())
                .append("\n\n");
        line("embedding", embedding(plan.embedding()));
        switch (plan.perLayerEmbedding()) {
            case PerLayerEmbedding.None _ -> {}
            case PerLayerEmbedding.TableAndProjection table -> line("per layer", perLayer(table));
        }
        line("residual", stream(plan.residualStream()));
        line("layers", pattern.toString());
        for (int kind = 0; kind < pattern.kinds().size(); kind++) {
            layer(plan.layers().get(pattern.kinds().get(kind)), LayerPattern.letter(kind), pattern.layersOf(kind));
        }
        card.append('\n');
        line("final norm", norm(plan.finalNorm()));
        line("head", head(plan.head()));
        line("skipped", plan.skipped().isEmpty() ? "nothing" : String.join("; ", plan.skipped()));
    }

    private void layer(Layer layer, String letter, String indices) {
        card.append("\n").append(letter).append(": ").append(indices).append('\n');
        line("  attention", mixer(layer.mixer()));
        if (layer.mixer() instanceof GroupedQueryAttention attention) {
            line("  qk-norm", qkNorm(attention.qkNorm()));
            line("  values", values(attention.keyValue()));
            line("  temperature", temperature(attention.temperature()));
        }
        line("  rotary", rotary(layer.mixer().rotary()));
        line("  mask", mask(layer.mixer().mask()));
        line("  cache", cache(layer.mixer()));
        line("  norms", placement(layer.attentionNorms()));
        line("  feed-forward", feedForward(layer.feedForward()));
        if (layer.feedForward()
                instanceof MixtureOfExperts(Router router, Experts _, MixtureOfExperts.SharedExpert shared)) {
            line("  router", router(router));
            line("  shared", shared(shared));
        }
        line("  norms", placement(layer.feedForwardNorms()));
        layer.extras().forEach(this::extra);
        tensors(PlanWeights.ofLayer(layer), layer.tensorPrefix());
    }

    private void extra(LayerExtra extra) {
        switch (extra) {
            case LayerExtra.Laurel laurel ->
                line(
                        "  laurel",
                        "rank " + laurel.left().rows() + ", " + norm(laurel.norm()) + ", sum with attention × "
                                + number(laurel.sumScale()));
            case LayerExtra.AltUpStep step ->
                line(
                        "  altup",
                        "router tanh, " + norm(step.routerNorm()) + " × " + number(step.routerScale())
                                + "; corrected stream "
                                + switch (step.correctedScale()) {
                                    case LayerExtra.CorrectedScale.Multiplied _ -> "scaled by its weight";
                                    case LayerExtra.CorrectedScale.Ignored _ -> "not scaled, weight unused";
                                });
            case LayerExtra.PerLayerInput input ->
                line(
                        "  per layer",
                        "gated, " + input.activation() + ", width "
                                + input.gate().rows() + ", " + norm(input.norm())
                                + ", added to all streams but the first");
        }
    }

    private static String embedding(Embedding embedding) {
        String scale = switch (embedding.scale()) {
            case Embedding.Scale.None _ -> "not scaled";
            case Embedding.Scale.Constant(double factor) -> "× " + number(factor) + " (rounded to the model's type)";
        };
        String positions = switch (embedding.positions()) {
            case Embedding.Positions.None _ -> "";
            case Embedding.Positions.Learned(WeightRef table) -> ", plus learned positions " + tensor(table);
        };
        return tensor(embedding.table()) + ", " + scale + positions;
    }

    private static String perLayer(PerLayerEmbedding.TableAndProjection table) {
        return "(" + tensor(table.table()) + " × " + number(table.tableScale()) + " + norm("
                + tensor(table.projection()) + " × " + number(table.projectionScale()) + ")) × "
                + number(table.sumScale()) + ", " + norm(table.norm());
    }

    private static String stream(ResidualStream stream) {
        return switch (stream) {
            case ResidualStream.Single _ -> "one stream";
            case ResidualStream.AltUp altUp ->
                "AltUp, " + altUp.streams() + " streams, " + altUp.active() + " active, mean squares at least "
                        + number(altUp.smallestMeanSquare());
        };
    }

    private static String mixer(Mixer mixer) {
        return switch (mixer) {
            case GroupedQueryAttention attention ->
                "grouped-query: " + attention.queryHeads() + " query heads, " + attention.kvHeads()
                        + " KV heads, head dim " + attention.headDim() + ", scores × " + number(attention.scale())
                        + ", " + biases(attention);
            case LatentAttention attention ->
                "latent: " + attention.heads() + " heads, head dim " + attention.nopeHeadDim() + " + "
                        + attention.ropeHeadDim() + " rotary, values " + attention.valueHeadDim() + ", latent "
                        + attention.latentDim() + " (" + norm(attention.latentNorm()) + "), queries "
                        + queries(attention.query()) + ", scores × " + number(attention.scale()) + ", "
                        + biases(attention);
        };
    }

    private static String queries(LatentAttention.QueryProjection query) {
        return switch (query) {
            case LatentAttention.QueryProjection.Direct _ -> "in one step";
            case LatentAttention.QueryProjection.ThroughLatent(Linear down, Norm norm, WeightRef _) ->
                "through latent " + down.outputs() + " (" + norm(norm) + ")";
        };
    }

    private static String biases(Mixer mixer) {
        List<String> biased = new ArrayList<>();
        switch (mixer) {
            case GroupedQueryAttention attention -> {
                bias(attention.query(), "query", biased);
                switch (attention.keyValue()) {
                    case GroupedQueryAttention.KeyValueSource.Own own -> {
                        bias(own.key(), "key", biased);
                        bias(own.value(), "value", biased);
                    }
                    case GroupedQueryAttention.KeyValueSource.SharedWith _ -> {}
                }
            }
            case LatentAttention attention -> {
                switch (attention.query()) {
                    case LatentAttention.QueryProjection.Direct(Linear linear) -> bias(linear, "query", biased);
                    case LatentAttention.QueryProjection.ThroughLatent(Linear down, Norm _, WeightRef _) ->
                        bias(down, "query latent", biased);
                }
                bias(attention.keyValueDown(), "key-value latent", biased);
            }
        }
        bias(mixer.output(), "output", biased);
        return biased.isEmpty() ? "no bias" : "bias on " + String.join(", ", biased);
    }

    private static void bias(Linear linear, String name, List<String> biased) {
        switch (linear.bias()) {
            case Bias.None _ -> {}
            case Bias.Added _ -> biased.add(name);
        }
    }

    private static String qkNorm(QkNorm norm) {
        return switch (norm) {
            case QkNorm.None _ -> "none";
            case QkNorm.PerHead(Norm queries, Norm _) -> "before rotary, per head: " + norm(queries);
            case QkNorm.PerHeadQueriesOnly(Norm queries) -> "before rotary, per head, queries only: " + norm(queries);
            case QkNorm.WholeProjection(Norm queries, Norm _) -> "before rotary, over all heads: " + norm(queries);
            case QkNorm.UnweightedAfterRotary(Norm.RmsUnweighted after) -> "after rotary, per head: " + norm(after);
        };
    }

    private static String values(GroupedQueryAttention.KeyValueSource source) {
        return switch (source) {
            case GroupedQueryAttention.KeyValueSource.Own own ->
                switch (own.valueNorm()) {
                    case GroupedQueryAttention.ValueNorm.None _ -> "not normalised";
                    case GroupedQueryAttention.ValueNorm.PerHead(Norm norm) -> "per head: " + norm(norm);
                };
            case GroupedQueryAttention.KeyValueSource.SharedWith(int layer) -> "and keys of layer " + layer;
        };
    }

    private static String temperature(Temperature temperature) {
        return switch (temperature) {
            case Temperature.None _ -> "none";
            case Temperature.LogarithmOfPosition(int step, double growth) ->
                "queries × 1 + " + number(growth) + " · ln(1 + floor((position + 1) / " + step + "))";
        };
    }

    private static String rotary(Rotary rotary) {
        return switch (rotary) {
            case Rotary.None _ -> "none";
            case Rotary.HalfSplit(RopeParameters parameters, int dim, double factor) ->
                "half-split, pairs (j, j + " + dim / 2 + "), " + turning(parameters, rotary, dim, factor);
            case Rotary.Interleaved(RopeParameters parameters, int dim, double factor) ->
                "interleaved, pairs (2j, 2j + 1), " + turning(parameters, rotary, dim, factor);
        };
    }

    private static String turning(RopeParameters parameters, Rotary rotary, int dim, double factor) {
        double[] frequencies = rotary.inverseFrequencies();
        String scaling = switch (parameters) {
            case RopeParameters.Default _ -> "not scaled";
            case RopeParameters.Linear(double _, double by) -> "linear, factor " + number(by);
            case RopeParameters.Llama3 llama ->
                "llama3, factor " + number(llama.factor()) + ", low " + number(llama.lowFreqFactor()) + ", high "
                        + number(llama.highFreqFactor()) + ", original context "
                        + llama.originalMaxPositionEmbeddings();
            case RopeParameters.Yarn yarn ->
                "yarn, factor " + number(yarn.factor()) + ", beta " + number(yarn.betaFast()) + " to "
                        + number(yarn.betaSlow()) + (yarn.truncate() ? "" : " not truncated") + ", original context "
                        + yarn.originalMaxPositionEmbeddings();
        };
        return dim + " dims, theta " + number(parameters.ropeTheta()) + ", " + scaling + "; frequencies "
                + number(frequencies[0]) + " to " + number(frequencies[frequencies.length - 1]) + ", cos and sin × "
                + number(factor);
    }

    private static String mask(Mask mask) {
        return switch (mask) {
            case Mask.Causal _ -> "causal";
            case Mask.SlidingWindow(int size) -> "sliding window, itself and " + (size - 1) + " before";
            case Mask.Chunked(int size) -> "chunks of " + size;
        };
    }

    private static String cache(Mixer mixer) {
        String bound = switch (mixer.mask()) {
            case Mask.Causal _ -> "";
            case Mask.SlidingWindow(int size) -> ", at most " + size + " positions";
            case Mask.Chunked(int size) -> ", at most " + size + " positions";
        };
        return switch (mixer) {
            case GroupedQueryAttention attention ->
                switch (attention.keyValue()) {
                    case GroupedQueryAttention.KeyValueSource.Own _ ->
                        2L * attention.kvHeads() * attention.headDim() + " numbers a position" + bound;
                    case GroupedQueryAttention.KeyValueSource.SharedWith(int layer) -> "none, that of layer " + layer;
                };
            case LatentAttention attention ->
                attention.latentDim() + " + " + attention.ropeHeadDim() + " numbers a position" + bound;
        };
    }

    private static String placement(NormPlacement placement) {
        return switch (placement) {
            case NormPlacement.Before(Norm norm) -> "before: " + norm(norm);
            case NormPlacement.After(Norm norm) -> "after: " + norm(norm);
            case NormPlacement.BeforeAndAfter(Norm before, Norm after) ->
                "before: " + norm(before) + "; after: " + norm(after);
        };
    }

    private static String norm(Norm norm) {
        String eps = ", eps " + number(norm.eps());
        return switch (norm) {
            case Norm.Rms _ -> "RMS × w" + eps;
            case Norm.RmsOnePlus _ -> "RMS × (1 + w)" + eps;
            case Norm.RmsUnweighted _ -> "RMS without weight" + eps;
            case Norm.LayerNorm _ -> "LayerNorm × w + b" + eps;
        };
    }

    private static String feedForward(FeedForward feedForward) {
        return switch (feedForward) {
            case GatedMlp mlp -> gated(mlp);
            case PlainMlp mlp ->
                "plain, " + mlp.activation() + ", intermediate size " + mlp.intermediateSize() + ", " + bias(mlp.up());
            case MixtureOfExperts moe ->
                moe.experts().count() + " experts, top " + moe.router().topK() + ", gated, "
                        + moe.experts().activation() + ", intermediate size "
                        + moe.experts().intermediateSize()
                        + switch (moe.experts()) {
                            case Experts.Separate _ -> "";
                            case Experts.Stacked _ -> ", stacked";
                        };
        };
    }

    private static String gated(GatedMlp mlp) {
        String sparsity = switch (mlp.sparsity()) {
            case GatedMlp.Sparsity.None _ -> "";
            case GatedMlp.Sparsity.GaussianTopK(double share, double deviations) ->
                ", gate cut at mean + " + number(deviations) + " σ (share " + number(share) + ")";
        };
        return "gated, " + mlp.activation() + ", intermediate size " + mlp.intermediateSize() + ", " + bias(mlp.gate())
                + sparsity;
    }

    private static String bias(Linear linear) {
        return switch (linear.bias()) {
            case Bias.None _ -> "no bias";
            case Bias.Added _ -> "biased";
        };
    }

    private static String router(Router router) {
        return switch (router) {
            case Router.SoftmaxTopK r -> "softmax, the best; " + weighting(r.weighting());
            case Router.SoftmaxGroupedTopK r ->
                "softmax, the best of " + r.chosenGroups() + " of " + r.groups() + " groups by their best; "
                        + weighting(r.weighting());
            case Router.SigmoidGroupedTopK r ->
                "sigmoid plus correction bias, the best of " + r.chosenGroups() + " of " + r.groups()
                        + " groups by the sum of their two best; without the bias, "
                        + weighting(r.weighting());
            case Router.SigmoidOnInput _ -> "the best logits; their sigmoid multiplies the expert's input";
        };
    }

    private static String weighting(Router.Weighting weighting) {
        return switch (weighting) {
            case Router.Weighting.Score(double scale) -> "score × " + number(scale);
            case Router.Weighting.ShareOfChosen(double eps, double scale) ->
                "score / (sum of chosen + " + number(eps) + ") × " + number(scale);
        };
    }

    private static String shared(MixtureOfExperts.SharedExpert shared) {
        return switch (shared) {
            case MixtureOfExperts.SharedExpert.None _ -> "none";
            case MixtureOfExperts.SharedExpert.Added(int count, GatedMlp mlp) ->
                count + (count == 1 ? ", " : ", as one MLP: ") + gated(mlp);
        };
    }

    private static String head(OutputHead head) {
        String softcap = switch (head.softcap()) {
            case OutputHead.Softcap.None _ -> ", not bounded";
            case OutputHead.Softcap.Tanh(double bound) -> ", bounded by " + number(bound) + " · tanh";
        };
        return switch (head) {
            case OutputHead.Tied _ -> "the embedding" + softcap;
            case OutputHead.Untied(WeightRef weight, OutputHead.Softcap _) -> tensor(weight) + softcap;
        };
    }

    private void tensors(List<Ref> refs, String prefix) {
        card.append("  tensors       ").append(prefix).append("*\n");
        // GPT-2 reads one tensor in three parts, Llama 4 one in two.
        refs.stream()
                .map(PlanPrinter::tensor)
                .distinct()
                .forEach(
                        tensor -> card.append("                ").append(tensor).append('\n'));
    }

    private static String tensor(Ref ref) {
        String layout = switch (ref) {
            case VectorRef _ -> "";
            case WeightRef weight ->
                switch (weight.layout()) {
                    case WeightLayout.RowsFirst _ -> "";
                    case WeightLayout.ColumnsFirst _, WeightLayout.StackedColumnsFirst _ -> ", columns first";
                };
        };
        return ref.name() + " "
                + ref.storedShape().stream().map(size -> "[" + size + "]").collect(Collectors.joining()) + layout;
    }

    private void line(String title, String text) {
        card.append(String.format(Locale.ROOT, "%-16s%s%n", title, text).replace("\r\n", "\n"));
    }

    /// A number in up to eight digits, whole ones without a point.
    private static String number(double value) {
        if (value == Math.rint(value) && Math.abs(value) < 1e15) {
            return String.valueOf((long) value);
        }
        return String.format(Locale.ROOT, "%.8g", value)
                .replaceFirst("(\\.\\d*?)0+(e|$)", "$1$2")
                .replaceFirst("\\.(e|$)", "$1")
                .replaceFirst("e([+-])0*", "e$1");
    }
}
