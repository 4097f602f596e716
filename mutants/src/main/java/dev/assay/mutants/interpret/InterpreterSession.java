package dev.assay.mutants.interpret;

import dev.assay.engine.LogitsScope;
import dev.assay.engine.Prediction;
import dev.assay.engine.Session;
import dev.assay.engine.SessionOptions;
import dev.assay.engine.Tap;
import dev.assay.engine.TapPoint;
import dev.assay.plan.DecoderPlan;
import dev.assay.plan.Embedding;
import dev.assay.plan.GatedMlp;
import dev.assay.plan.GroupedQueryAttention;
import dev.assay.plan.GroupedQueryAttention.KeyValueSource;
import dev.assay.plan.GroupedQueryAttention.ValueNorm;
import dev.assay.plan.LatentAttention;
import dev.assay.plan.Layer;
import dev.assay.plan.LayerExtra;
import dev.assay.plan.Linear;
import dev.assay.plan.Mask;
import dev.assay.plan.MixtureOfExperts;
import dev.assay.plan.Norm;
import dev.assay.plan.NormPlacement;
import dev.assay.plan.OutputHead;
import dev.assay.plan.PerLayerEmbedding;
import dev.assay.plan.PlainMlp;
import dev.assay.plan.QkNorm;
import dev.assay.plan.ResidualStream;
import dev.assay.plan.Router;
import dev.assay.plan.WeightRef;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

/// A sequence that is fed to a plan: layer by layer, and within a layer all tokens of a call.
final class InterpreterSession implements Session {
    private static final double[] NONE = {};

    private final DecoderPlan plan;
    private final Tensors tensors;
    private final Operations operations;
    private final SessionOptions options;
    private final List<LayerCache> caches;
    private int length;
    private boolean closed;

    InterpreterSession(DecoderPlan plan, Tensors tensors, Operations operations, SessionOptions options) {
        this.plan = plan;
        this.tensors = tensors;
        this.operations = operations;
        this.options = options;
        this.caches = IntStream.range(0, plan.layers().size())
                .mapToObj(_ -> new LayerCache())
                .toList();
    }

    @Override
    public Prediction prefill(int[] tokens) {
        double[][] logits = append(tokens); // [T][V]
        return new Prediction.Logits(
                options.logits() == LogitsScope.ALL_POSITIONS
                        ? floats(logits)
                        : floats(new double[][] {logits[logits.length - 1]}));
    }

    @Override
    public Prediction decode(int token) {
        return new Prediction.Logits(floats(append(new int[] {token})));
    }

    private double[][] append(int[] tokens) {
        if (closed) {
            throw new IllegalStateException("the session is closed");
        }
        if (tokens.length == 0 || tokens.length > options.maxContext() - length) {
            throw new IllegalArgumentException(
                    "found " + tokens.length + " tokens to append, expected 1 to " + (options.maxContext() - length));
        }
        for (int token : tokens) {
            if (token < 0 || token >= plan.vocabSize()) {
                throw new IllegalArgumentException("token: found " + token + ", expected below " + plan.vocabSize());
            }
        }
        Call call = new Call(length, tokens.length);
        double[][] logits = run(call, tokens);
        operations.called(call, caches);
        length += tokens.length;
        return logits;
    }

    @Override
    public int length() {
        return length;
    }

    @Override
    public long kvCacheBytes() {
        throw new UnsupportedOperationException("counts no cache");
    }

    @Override
    public void reset() {
        operations.reset(caches);
        length = 0;
    }

    @Override
    public void close() {
        closed = true;
    }

    // ------------------------------------------------------------------------------------------------------- decoder

    /// Logits of a call, `[T][V]`.
    private double[][] run(Call call, int[] tokens) {
        double[][] table = tensors.matrix("", plan.embedding().table()); // [V][D]
        double scale = operations.embeddingScale(plan.embedding().scale());
        double[][] embedded = new double[tokens.length][]; // [T][D]
        for (int t = 0; t < tokens.length; t++) {
            double[] row = Operations.scaled(table[tokens[t]], scale);
            embedded[t] = switch (plan.embedding().positions()) {
                case Embedding.Positions.None _ -> row;
                case Embedding.Positions.Learned(WeightRef rows) ->
                    Operations.plus(row, tensors.matrix("", rows)[operations.position(call, t)]);
            };
        }
        double[][] hidden = switch (plan.residualStream()) {
            case ResidualStream.Single _ -> single(call, embedded);
            case ResidualStream.AltUp altUp -> streams(altUp, call, tokens, embedded);
        };
        double[][] normed = finalNorm(hidden);
        tap(Tap.HIDDEN, plan.layers().size(), normed);
        double[][] logits = logits(normed);
        options.taps().on(TapPoint.LOGITS, floats(logits));
        return logits;
    }

    double[][] finalNorm(double[][] hidden) {
        return normed(plan.finalNorm(), "", hidden);
    }

    double[][] logits(double[][] normed) {
        double[][] head = switch (plan.head()) {
            case OutputHead.Tied _ -> tensors.matrix("", plan.embedding().table());
            case OutputHead.Untied(WeightRef weight, OutputHead.Softcap _) -> tensors.matrix("", weight);
        };
        return Operations.each(
                product(head, NONE, normed),
                row -> Operations.each(
                        row, logit -> operations.softcap(plan.head().softcap(), logit)));
    }

    private double[][] single(Call call, double[][] embedded) {
        double[][] hidden = embedded;
        for (int i = 0; i < plan.layers().size(); i++) {
            tap(Tap.HIDDEN, i, hidden);
            hidden = layer(i, call, hidden);
        }
        return hidden;
    }

    /// Attention and feed-forward with their residuals, `[T][D]`.
    double[][] layer(int index, Call call, double[][] hidden) {
        Layer layer = plan.layers().get(index);
        String prefix = layer.tensorPrefix();
        double[][] input = before(layer.attentionNorms(), prefix, hidden); // [T][D]
        tap(Tap.ATTENTION_INPUT, index, input);
        double[][] context = switch (layer.mixer()) {
            case GroupedQueryAttention attention -> context(index, attention, prefix, call, input);
            case LatentAttention attention -> context(index, attention, prefix, call, input);
        };
        tap(Tap.CONTEXT, index, context);
        double[][] attention = linear(prefix, layer.mixer().output(), context); // [T][D]
        tap(Tap.ATTENTION, index, attention);
        double[][] attended = add(hidden, after(layer.attentionNorms(), prefix, attention)); // [T][D]
        attended = extra(layer, LayerExtra.Laurel.class)
                .map(laurel -> laurel(laurel, prefix, input))
                .orElse(UnaryOperator.identity())
                .apply(attended);

        double[][] mlpInput = before(layer.feedForwardNorms(), prefix, attended); // [T][D]
        tap(Tap.FEED_FORWARD_INPUT, index, mlpInput);
        double[][] result = switch (layer.feedForward()) {
            case GatedMlp mlp -> gated(mlp, prefix, mlpInput);
            case PlainMlp mlp ->
                linear(
                        prefix,
                        mlp.down(),
                        Operations.each(
                                linear(prefix, mlp.up(), mlpInput),
                                row -> Operations.each(row, x -> operations.activate(mlp.activation(), x))));
            case MixtureOfExperts moe -> experts(index, moe, prefix, mlpInput);
        };
        tap(Tap.FEED_FORWARD, index, result);
        return add(attended, after(layer.feedForwardNorms(), prefix, result));
    }

    private double[][] before(NormPlacement placement, String prefix, double[][] hidden) {
        return switch (placement) {
            case NormPlacement.Before(Norm norm) -> normed(norm, prefix, hidden);
            case NormPlacement.After _ -> hidden;
            case NormPlacement.BeforeAndAfter(Norm norm, Norm _) -> normed(norm, prefix, hidden);
        };
    }

    private double[][] after(NormPlacement placement, String prefix, double[][] result) {
        return switch (placement) {
            case NormPlacement.Before _ -> result;
            case NormPlacement.After(Norm norm) -> normed(norm, prefix, result);
            case NormPlacement.BeforeAndAfter(Norm _, Norm norm) -> normed(norm, prefix, result);
        };
    }

    // ----------------------------------------------------------------------------------------------------- attention

    private double[][] context(int index, GroupedQueryAttention attention, String prefix, Call call, double[][] input) {
        double[][] projected = linear(prefix, attention.query(), input); // [T][H·d]
        cache(index, attention, prefix, call, input);
        LayerCache cache = caches.get(operations.cacheLayer(plan, index));
        boolean shares = attention.keyValue() instanceof KeyValueSource.SharedWith;
        Gain gain = queryGain(attention, prefix);
        int group = attention.queryHeads() / attention.kvHeads();
        int d = attention.headDim();
        double[][] context = new double[input.length][attention.queryHeads() * d]; // [T][H·d]
        for (int t = 0; t < input.length; t++) {
            double[][] queries = operations.queries(attention, gain, projected[t], call, operations.position(call, t));
            for (int h = 0; h < attention.queryHeads(); h++) {
                int kvHead = h / group;
                double[] query = queries[h];
                Keys keys = position -> {
                    double[] key = cache.key(position, kvHead);
                    double[] read = shares ? operations.sharedKey(attention, key, position) : key;
                    return operations.dot(query, read);
                };
                double[] mixed = attend(
                        attention.mask(),
                        attention.scale(),
                        cache,
                        call.start() + t,
                        keys,
                        position -> cache.value(position, kvHead),
                        d);
                System.arraycopy(mixed, 0, context[t], h * d, d);
            }
        }
        return context;
    }

    /// Caches keys and values of a call, where the layer has its own.
    private void cache(int index, GroupedQueryAttention attention, String prefix, Call call, double[][] input) {
        switch (attention.keyValue()) {
            case KeyValueSource.SharedWith _ -> {}
            case KeyValueSource.Own(Linear key, Linear value, ValueNorm valueNorm) -> {
                double[][] keys = linear(prefix, key, input); // [T][K·d]
                double[][] values = linear(prefix, value, input); // [T][K·d]
                Gain gain = keyGain(attention, prefix);
                for (int t = 0; t < input.length; t++) {
                    double[][] heads = Operations.split(values[t], attention.headDim());
                    caches.get(index)
                            .append(
                                    operations.keys(attention, gain, keys[t], call, operations.position(call, t)),
                                    switch (valueNorm) {
                                        case ValueNorm.None _ -> heads;
                                        case ValueNorm.PerHead(Norm norm) -> normed(norm, prefix, heads);
                                    });
                }
            }
        }
    }

    private Gain queryGain(GroupedQueryAttention attention, String prefix) {
        return switch (attention.qkNorm()) {
            case QkNorm.None _ -> new Gain(new Norm.RmsUnweighted(attention.headDim(), 0), NONE, NONE);
            case QkNorm.PerHead(Norm queries, Norm _) -> tensors.gain(prefix, queries);
            case QkNorm.PerHeadQueriesOnly(Norm queries) -> tensors.gain(prefix, queries);
            case QkNorm.WholeProjection(Norm queries, Norm _) -> tensors.gain(prefix, queries);
            case QkNorm.UnweightedAfterRotary(Norm.RmsUnweighted norm) -> tensors.gain(prefix, norm);
        };
    }

    private Gain keyGain(GroupedQueryAttention attention, String prefix) {
        return switch (attention.qkNorm()) {
            case QkNorm.None _, QkNorm.PerHeadQueriesOnly _ ->
                new Gain(new Norm.RmsUnweighted(attention.headDim(), 0), NONE, NONE);
            case QkNorm.PerHead(Norm _, Norm keys) -> tensors.gain(prefix, keys);
            case QkNorm.WholeProjection(Norm _, Norm keys) -> tensors.gain(prefix, keys);
            case QkNorm.UnweightedAfterRotary(Norm.RmsUnweighted norm) -> tensors.gain(prefix, norm);
        };
    }

    private double[][] context(int index, LatentAttention attention, String prefix, Call call, double[][] input) {
        int nope = attention.nopeHeadDim();
        int rope = attention.ropeHeadDim();
        int width = nope + attention.valueHeadDim();
        double[][] projected = switch (attention.query()) { // [T][H·(nope + rope)]
            case LatentAttention.QueryProjection.Direct(Linear linear) -> linear(prefix, linear, input);
            case LatentAttention.QueryProjection.ThroughLatent(Linear down, Norm norm, WeightRef up) ->
                product(tensors.matrix(prefix, up), NONE, normed(norm, prefix, linear(prefix, down, input)));
        };
        double[][] compressed = linear(prefix, attention.keyValueDown(), input); // [T][latent + rope]
        LayerCache cache = caches.get(index);
        for (int t = 0; t < input.length; t++) {
            double[][] latentAndKey = {
                Arrays.copyOf(compressed[t], attention.latentDim()),
                Arrays.copyOfRange(compressed[t], attention.latentDim(), compressed[t].length)
            };
            double[] key = operations.rotate(attention.rotary(), latentAndKey[1], operations.position(call, t));
            double[] latent = operations.norm(tensors.gain(prefix, attention.latentNorm()), latentAndKey[0]);
            cache.append(new double[][] {key}, new double[][] {latent});
        }
        double[][] latents = new double[cache.length()][]; // [S][latent]
        for (int s = 0; s < latents.length; s++) {
            latents[s] = cache.value(s, 0);
        }
        double[][] expanded = product(tensors.matrix(prefix, attention.keyValueUp()), NONE, latents); // [S][H·width]
        double[][] context = new double[input.length][attention.heads() * attention.valueHeadDim()]; // [T][H·dv]
        for (int t = 0; t < input.length; t++) {
            double[][] queries = Operations.split(projected[t], nope + rope);
            for (int h = 0; h < attention.heads(); h++) {
                double[] plain = Arrays.copyOf(queries[h], nope);
                double[] turned = operations.rotate(
                        attention.rotary(),
                        Arrays.copyOfRange(queries[h], nope, nope + rope),
                        operations.position(call, t));
                int from = h * width;
                double[] mixed = attend(
                        attention.mask(),
                        attention.scale(),
                        cache,
                        call.start() + t,
                        position -> operations.dot(plain, Arrays.copyOfRange(expanded[position], from, from + nope))
                                + operations.dot(turned, cache.key(position, 0)),
                        position -> Arrays.copyOfRange(expanded[position], from + nope, from + width),
                        attention.valueHeadDim());
                System.arraycopy(mixed, 0, context[t], h * attention.valueHeadDim(), attention.valueHeadDim());
            }
        }
        return context;
    }

    /// q·k by position.
    private interface Keys {
        double product(int position);
    }

    /// Values by position.
    private interface Values {
        double[] at(int position);
    }

    /// softmax(scores) · values over what the query of a position sees, `[width]`.
    private double[] attend(Mask mask, double scale, LayerCache cache, int query, Keys keys, Values values, int width) {
        int last = cache.length() - 1;
        int[] seen = IntStream.rangeClosed(0, last)
                .filter(key -> operations.sees(mask, query, key, last))
                .toArray();
        double[] scores = new double[seen.length];
        for (int s = 0; s < seen.length; s++) {
            scores[s] = operations.score(keys.product(seen[s]), scale);
        }
        double[] shares = Operations.softmax(scores);
        double[] mixed = new double[width];
        for (int s = 0; s < seen.length; s++) {
            double[] value = values.at(seen[s]);
            for (int i = 0; i < width; i++) {
                mixed[i] += shares[s] * value[i];
            }
        }
        return mixed;
    }

    // -------------------------------------------------------------------------------------------------- feed-forward

    private double[][] gated(GatedMlp mlp, String prefix, double[][] input) {
        double[][] gate = linear(prefix, mlp.gate(), input); // [T][F]
        double[][] up = linear(prefix, mlp.up(), input); // [T][F]
        double[][] inner = new double[input.length][]; // [T][F]
        for (int t = 0; t < input.length; t++) {
            double[] activated = Operations.each(
                    operations.sparse(mlp.sparsity(), gate[t]), g -> operations.activate(mlp.activation(), g));
            inner[t] = Operations.times(activated, up[t]);
        }
        return linear(prefix, mlp.down(), operations.intermediate(inner, firstWidth()));
    }

    /// Width of the MLP that all tokens of a call go through together in the first layer.
    private int firstWidth() {
        return switch (plan.layers().getFirst().feedForward()) {
            case GatedMlp mlp -> mlp.intermediateSize();
            case PlainMlp mlp -> mlp.intermediateSize();
            case MixtureOfExperts moe ->
                switch (moe.shared()) {
                    case MixtureOfExperts.SharedExpert.None _ -> moe.experts().intermediateSize();
                    case MixtureOfExperts.SharedExpert.Added(int _, GatedMlp mlp) -> mlp.intermediateSize();
                };
        };
    }

    private double[][] experts(int index, MixtureOfExperts moe, String prefix, double[][] input) {
        Router router = moe.router();
        double[][] logits = product(tensors.matrix(prefix, router.weight()), NONE, input); // [T][E]
        tap(Tap.ROUTER_LOGITS, index, logits);
        double[] bias = switch (router) {
            case Router.SigmoidGroupedTopK sigmoid -> tensors.vector(prefix, sigmoid.correctionBias());
            case Router.SoftmaxTopK _, Router.SoftmaxGroupedTopK _, Router.SigmoidOnInput _ -> NONE;
        };
        int[][] chosen = new int[input.length][]; // [T][k]
        double[][] result = new double[input.length][]; // [T][D]
        for (int t = 0; t < input.length; t++) {
            Choice choice = operations.route(router, logits[t], bias);
            chosen[t] = choice.experts();
            double[] sum = new double[plan.hiddenSize()];
            for (int j = 0; j < chosen[t].length; j++) {
                GatedMlp expert = moe.experts().expert(chosen[t][j]);
                UnaryOperator<double[]> compute = x -> gated(expert, prefix, new double[][] {x})[0];
                sum = Operations.plus(sum, operations.weighted(router, compute, choice.weights()[j], input[t]));
            }
            result[t] = sum;
        }
        options.taps().onRoutedExperts(index, chosen);
        return switch (moe.shared()) {
            case MixtureOfExperts.SharedExpert.None _ -> result;
            case MixtureOfExperts.SharedExpert.Added(int _, GatedMlp mlp) ->
                add(result, Operations.each(gated(mlp, prefix, input), row -> operations.shared(moe, row)));
        };
    }

    // ------------------------------------------------------------------------------------------------------- streams

    /// The mean of all residual streams after all layers, `[T][D]`.
    private double[][] streams(ResidualStream.AltUp altUp, Call call, int[] tokens, double[][] embedded) {
        int count = altUp.streams();
        double[][][] perLayer = perLayer(tokens, embedded); // [L][T][P]
        double[][][] streams = new double[count][][]; // [N][T][D]
        streams[0] = embedded;
        for (int n = 1; n < count; n++) {
            streams[n] = matched(
                    altUp, product(tensors.matrix("", altUp.projections().get(n - 1)), NONE, embedded), embedded);
        }
        for (int i = 0; i < plan.layers().size(); i++) {
            tap(Tap.HIDDEN, i, streams[altUp.active()]);
            streams = altUpLayer(i, altUp, call, streams, perLayer[i]);
        }
        double[][] sum = streams[0];
        for (int n = 1; n < count; n++) {
            sum = add(
                    sum,
                    matched(
                            altUp,
                            product(tensors.matrix("", altUp.unembeddings().get(n - 1)), NONE, streams[n]),
                            streams[0]));
        }
        return Operations.each(sum, row -> Operations.over(row, count));
    }

    private double[][][] altUpLayer(
            int index, ResidualStream.AltUp altUp, Call call, double[][][] streams, double[][] perLayer) {
        Layer layer = plan.layers().get(index);
        String prefix = layer.tensorPrefix();
        LayerExtra.AltUpStep step = extra(layer, LayerExtra.AltUpStep.class).orElseThrow();
        int count = altUp.streams();
        int active = altUp.active();
        double[][] mixture = coefficients(step, prefix, step.prediction(), streams[active]); // [T][N·N]
        double[][][] predictions = new double[count][streams[0].length][]; // [N][T][D]
        for (int t = 0; t < mixture.length; t++) {
            for (int n = 0; n < count; n++) {
                double[] prediction = streams[n][t];
                for (int m = 0; m < count; m++) {
                    prediction =
                            Operations.plus(prediction, Operations.scaled(streams[m][t], mixture[t][n * count + m]));
                }
                predictions[n][t] = prediction;
            }
        }
        double[][] activated = layer(index, call, predictions[active]); // [T][D]
        double[][] corrections = coefficients(step, prefix, step.correction(), activated); // [T][N]
        double[][][] corrected = new double[count][activated.length][]; // [N][T][D]
        for (int t = 0; t < activated.length; t++) {
            double[] innovation = Operations.plus(activated[t], Operations.scaled(predictions[active][t], -1));
            for (int n = 0; n < count; n++) {
                corrected[n][t] = Operations.plus(
                        predictions[n][t], Operations.scaled(innovation, operations.correction(corrections[t][n])));
            }
        }
        extra(layer, LayerExtra.PerLayerInput.class).ifPresent(input -> {
            double[][] added = perLayerInput(input, step, prefix, corrected[active], perLayer); // [T][D]
            for (int n = 1; n < count; n++) {
                corrected[n] = add(corrected[n], added);
            }
        });
        return corrected;
    }

    private double[][] perLayerInput(
            LayerExtra.PerLayerInput input,
            LayerExtra.AltUpStep step,
            String prefix,
            double[][] corrected,
            double[][] perLayer) {
        double[][] scaled = switch (step.correctedScale()) {
            case LayerExtra.CorrectedScale.Multiplied(var weight) ->
                Operations.each(corrected, row -> Operations.times(row, tensors.vector(prefix, weight)));
            case LayerExtra.CorrectedScale.Ignored _ -> corrected;
        };
        double[][] gate = product(tensors.matrix(prefix, input.gate()), NONE, scaled); // [T][P]
        for (int t = 0; t < gate.length; t++) {
            gate[t] = Operations.times(
                    Operations.each(gate[t], g -> operations.activate(input.activation(), g)), perLayer[t]);
        }
        return normed(input.norm(), prefix, product(tensors.matrix(prefix, input.projection()), NONE, gate));
    }

    /// From a stream to the coefficients of a prediction or a correction.
    private double[][] coefficients(LayerExtra.AltUpStep step, String prefix, WeightRef weight, double[][] stream) {
        double[][] inputs = Operations.each(
                normed(step.routerNorm(), prefix, stream), row -> Operations.scaled(row, step.routerScale()));
        double[][] modalities = Operations.each(
                product(tensors.matrix(prefix, step.router()), NONE, inputs), row -> Operations.each(row, Math::tanh));
        return product(tensors.matrix(prefix, weight), NONE, modalities);
    }

    /// Adds the Laurel branch of a layer to its attention's result.
    private UnaryOperator<double[][]> laurel(LayerExtra.Laurel laurel, String prefix, double[][] input) {
        double[][] latent = product(tensors.matrix(prefix, laurel.left()), NONE, input);
        double[][] branch = add(
                input, normed(laurel.norm(), prefix, product(tensors.matrix(prefix, laurel.right()), NONE, latent)));
        return attended -> Operations.each(add(attended, branch), row -> Operations.scaled(row, laurel.sumScale()));
    }

    /// The embeddings of each layer, `[L][T][P]`; empty where there are none.
    private double[][][] perLayer(int[] tokens, double[][] embedded) {
        int layers = plan.layers().size();
        return switch (plan.perLayerEmbedding()) {
            case PerLayerEmbedding.None _ -> new double[layers][tokens.length][];
            case PerLayerEmbedding.TableAndProjection own -> {
                double[][] table = tensors.matrix("", own.table()); // [ids][L·P]
                double[][] projected = product(tensors.matrix("", own.projection()), NONE, embedded); // [T][L·P]
                Gain gain = tensors.gain("", own.norm());
                double[][][] inputs = new double[layers][tokens.length][]; // [L][T][P]
                for (int t = 0; t < tokens.length; t++) {
                    double[][] fromHidden =
                            Operations.split(Operations.scaled(projected[t], own.projectionScale()), own.width());
                    double[][] fromTable =
                            Operations.split(Operations.scaled(table[tokens[t]], own.tableScale()), own.width());
                    for (int i = 0; i < layers; i++) {
                        inputs[i][t] = Operations.scaled(
                                Operations.plus(operations.norm(gain, fromHidden[i]), fromTable[i]), own.sumScale());
                    }
                }
                yield inputs;
            }
        };
    }

    private double[][] matched(ResidualStream.AltUp altUp, double[][] rows, double[][] like) {
        double[][] matched = new double[rows.length][];
        for (int t = 0; t < rows.length; t++) {
            matched[t] = operations.matchMagnitude(altUp, rows[t], like[t]);
        }
        return matched;
    }

    // ------------------------------------------------------------------------------------------------------ elements

    private static <E extends LayerExtra> Optional<E> extra(Layer layer, Class<E> kind) {
        return layer.extras().stream().filter(kind::isInstance).map(kind::cast).findFirst();
    }

    private double[][] normed(Norm norm, String prefix, double[][] rows) {
        Gain gain = tensors.gain(prefix, norm);
        return Operations.each(rows, row -> operations.norm(gain, row));
    }

    private double[][] linear(String prefix, Linear linear, double[][] rows) {
        return product(tensors.matrix(prefix, linear.weight()), tensors.bias(prefix, linear), rows);
    }

    /// W·x + b for each row x; an empty b adds nothing.
    private double[][] product(double[][] matrix, double[] bias, double[][] rows) {
        double[][] products = new double[rows.length][matrix.length];
        for (int t = 0; t < rows.length; t++) {
            for (int r = 0; r < matrix.length; r++) {
                products[t][r] = operations.dot(matrix[r], rows[t]) + (bias.length == 0 ? 0 : bias[r]);
            }
        }
        return products;
    }

    private static double[][] add(double[][] a, double[][] b) {
        double[][] sum = new double[a.length][];
        for (int t = 0; t < a.length; t++) {
            sum[t] = Operations.plus(a[t], b[t]);
        }
        return sum;
    }

    private void tap(Tap tap, int layer, double[][] rows) {
        options.taps().on(TapPoint.of(tap, layer), floats(rows));
    }

    private static float[][] floats(double[][] rows) {
        float[][] floats = new float[rows.length][];
        for (int t = 0; t < rows.length; t++) {
            floats[t] = new float[rows[t].length];
            for (int i = 0; i < rows[t].length; i++) {
                floats[t][i] = (float) rows[t][i];
            }
        }
        return floats;
    }
}
