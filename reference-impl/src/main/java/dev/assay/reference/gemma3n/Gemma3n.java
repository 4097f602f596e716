package dev.assay.reference.gemma3n;

import static dev.assay.reference.math.ScalarMath.activate;
import static dev.assay.reference.math.ScalarMath.add;
import static dev.assay.reference.math.ScalarMath.dot;
import static dev.assay.reference.math.ScalarMath.linear;
import static dev.assay.reference.math.ScalarMath.normalQuantile;
import static dev.assay.reference.math.ScalarMath.rmsNorm;
import static dev.assay.reference.math.ScalarMath.rows;
import static dev.assay.reference.math.ScalarMath.slice;
import static dev.assay.reference.math.ScalarMath.softmax;
import static dev.assay.reference.math.ScalarMath.splitHeads;

import dev.assay.config.AttentionType;
import dev.assay.config.Gemma3nConfig;
import dev.assay.engine.Tap;
import dev.assay.engine.TapListener;
import dev.assay.engine.TapPoint;
import dev.assay.reference.cache.KvCache;
import dev.assay.reference.decoder.ReferenceDecoder;
import dev.assay.reference.decoder.Weights;
import dev.assay.reference.math.Rope;

/// Gemma 3n E2B and E4B, the text decoder.
///
/// **Source.** There is no report; the model card and Google's article of June 2025. AltUp: arXiv:2301.13310;
/// Laurel: arXiv:2411.07501; activation sparsity: arXiv:2506.06644. Wiring as in Hugging Face transformers 5.18.0,
/// `models/gemma3n/modeling_gemma3n.py`, which is the oracle. The authors' code is google-deepmind/gemma,
/// `gemma/gm/nn`.
///
/// **What sets it apart.** Against Gemma 3: several residual streams, of which one goes through the layer and the
/// others are predicted and corrected from it (AltUp); a low-rank branch beside the attention (Laurel); an embedding
/// per token *and layer* (PLE); the last layers have no keys and values of their own; a statistical top-k on the
/// MLP's gate; norm gains stored as w, not 1 + w; values are normalised too; scores are not scaled.
///
/// **Disagreements.** Hugging Face is followed in all of them.
/// - *Final softcap*: 30 in Hugging Face's configuration, none in DeepMind's code.
/// - *Shared keys and values*: without a cache, 4.57 of Hugging Face made them anew from weights that the checkpoint
///   carries and 5.18 drops.
/// - *Standard deviation of the gate*: over n elements; llama.cpp divides by n − 1.
///
/// **Shapes.** T tokens in this call, S positions visible to one of them, N residual streams, D hidden size, P width
/// of a per-layer embedding, F intermediate size, H query heads, K KV heads, d head dim, V vocabulary.
///
/// **Not here.** Vision and audio towers; MatFormer's smaller slices; dropout; clipping of AltUp coefficients, which
/// is for training.
///
/// The taps `hidden` show the active stream.
public final class Gemma3n implements ReferenceDecoder<KvCache> {
    /// Least mean square of a stream that is rescaled to the magnitude of another; a constant in Hugging Face.
    private static final double MAGNITUDE_FLOOR = 1e-5;

    private final Gemma3nConfig config;
    private final Weights weights;
    private final Rope fullRope;
    private final Rope slidingRope;

    public Gemma3n(Gemma3nConfig config, Weights weights) {
        this.config = config;
        this.weights = weights;
        this.fullRope = new Rope(config.fullRopeParameters(), config.headDim());
        this.slidingRope = new Rope(config.slidingRopeParameters(), config.headDim());
    }

    @Override
    public KvCache newCache() {
        // Layers that share keep nothing.
        return new KvCache(owners());
    }

    @Override
    public float[][] forward(int[] tokens, KvCache cache, TapListener taps) {
        int D = config.hiddenSize();
        int N = config.altupNumInputs();
        int L = config.numHiddenLayers();
        int active = config.altupActiveIdx();
        float[][] table = weights.matrix("model.embed_tokens.weight", config.vocabSize(), D); // [V][D]
        float[][] embedded = scaled(rows(table, tokens), Math.sqrt(D)); // [T][D]
        float[][][] perLayer = perLayerInputs(tokens, embedded); // [L][T][P]

        float[][][] streams = new float[N][][]; // [N][T][D]
        streams[0] = embedded;
        for (int n = 1; n < N; n++) {
            float[][] projection = weights.matrix("model.altup_projections." + (n - 1) + ".weight", D, D);
            streams[n] = rescale(linear(projection, embedded), embedded);
        }

        int start = cache.length(); // position of the first token of this call
        for (int i = 0; i < L; i++) {
            taps.on(TapPoint.of(Tap.HIDDEN, i), streams[active]);
            streams = layer(i, streams, perLayer[i], start, cache, taps);
        }
        // Only now: later layers may share what a sliding layer has cached in this call.
        for (int i = 0; i < owners(); i++) {
            if (sliding(i)) {
                cache.layer(i).forgetBefore(start + tokens.length - config.slidingWindow());
            }
        }

        double[][] mean = new double[tokens.length][D]; // [T][D]
        for (int n = 0; n < N; n++) {
            float[][] stream = n == 0
                    ? streams[0]
                    : rescale(
                            linear(
                                    weights.matrix("model.altup_unembed_projections." + (n - 1) + ".weight", D, D),
                                    streams[n]),
                            streams[0]);
            for (int t = 0; t < tokens.length; t++) {
                for (int i = 0; i < D; i++) {
                    mean[t][i] += stream[t][i] / (double) N;
                }
            }
        }
        float[][] hidden = norm(rounded(mean), weights, "model.norm", D); // [T][D]
        taps.on(TapPoint.of(Tap.HIDDEN, L), hidden);
        float[][] head = weights.matrix(
                config.tieWordEmbeddings() ? "model.embed_tokens.weight" : "lm_head.weight", config.vocabSize(), D);
        float[][] logits = linear(head, hidden); // [T][V]
        double cap = config.finalLogitSoftcapping();
        for (float[] row : logits) {
            for (int v = 0; v < row.length; v++) {
                row[v] = (float) (cap * StrictMath.tanh(row[v] / cap));
            }
        }
        taps.on(TapPoint.LOGITS, logits);
        return logits;
    }

    /// One layer on all streams: AltUp predicts them, the active one goes through attention and MLP, AltUp corrects
    /// all by how far the prediction of it was off. `streams` and the result are `[N][T][D]`, `perLayer` is
    /// `[T][P]`.
    private float[][][] layer(
            int i, float[][][] streams, float[][] perLayer, int start, KvCache cache, TapListener taps) {
        int D = config.hiddenSize();
        int active = config.altupActiveIdx();
        Weights layer = weights.under("model.layers." + i + ".");
        float[][][] predictions = predict(streams, layer.under("altup.")); // [N][T][D]

        float[][] attentionInput = norm(predictions[active], layer, "input_layernorm", D); // [T][D]
        taps.on(TapPoint.of(Tap.ATTENTION_INPUT, i), attentionInput);
        float[][] laurel = laurel(attentionInput, layer.under("laurel.")); // [T][D]
        float[][] context = attend(i, attentionInput, layer.under("self_attn."), start, cache); // [T][H·d]
        taps.on(TapPoint.of(Tap.CONTEXT, i), context);
        float[][] attention = project(layer.under("self_attn."), "o_proj", D, context); // [T][D]
        taps.on(TapPoint.of(Tap.ATTENTION, i), attention);
        float[][] attended = add(predictions[active], norm(attention, layer, "post_attention_layernorm", D)); // [T][D]
        float[][] hidden = scaled(add(attended, laurel), 1 / Math.sqrt(2)); // [T][D]

        float[][] mlpInput = norm(hidden, layer, "pre_feedforward_layernorm", D); // [T][D]
        taps.on(TapPoint.of(Tap.FEED_FORWARD_INPUT, i), mlpInput);
        float[][] mlpOutput = mlp(i, mlpInput, layer.under("mlp.")); // [T][D]
        taps.on(TapPoint.of(Tap.FEED_FORWARD, i), mlpOutput);
        hidden = add(hidden, norm(mlpOutput, layer, "post_feedforward_layernorm", D));

        float[][][] corrected = correct(predictions, hidden, layer.under("altup.")); // [N][T][D]
        float[][] first = perLayerOutput(corrected[active], perLayer, layer); // [T][D]
        // To all streams but the first, whichever is active.
        for (int n = 1; n < corrected.length; n++) {
            corrected[n] = add(corrected[n], first);
        }
        return corrected;
    }

    /// What each stream is expected to be after the layer: itself plus a mixture of all, by coefficients that
    /// depend on the active one. `streams` and the result are `[N][T][D]`.
    private float[][][] predict(float[][][] streams, Weights w) {
        int N = config.altupNumInputs();
        int D = config.hiddenSize();
        float[][] modalities = modalities(streams[config.altupActiveIdx()], w); // [T][N]
        float[][] coefficients = linear(w.matrix("prediction_coefs.weight", N * N, N), modalities); // [T][N·N]
        float[][][] predictions = new float[N][modalities.length][D]; // [N][T][D]
        for (int t = 0; t < modalities.length; t++) {
            for (int n = 0; n < N; n++) {
                for (int i = 0; i < D; i++) {
                    double sum = streams[n][t][i];
                    for (int m = 0; m < N; m++) {
                        // Row n of the N × N coefficients makes prediction n.
                        sum += (double) streams[m][t][i] * coefficients[t][n * N + m];
                    }
                    predictions[n][t][i] = (float) sum;
                }
            }
        }
        return predictions;
    }

    /// Moves every prediction by how far that of the active stream was off, times 1 + a coefficient that depends on
    /// what the layer made of it. `predictions` and the result are `[N][T][D]`, `activated` is `[T][D]`.
    private float[][][] correct(float[][][] predictions, float[][] activated, Weights w) {
        int N = config.altupNumInputs();
        int D = config.hiddenSize();
        float[][] modalities = modalities(activated, w); // [T][N]
        float[][] coefficients = linear(w.matrix("correction_coefs.weight", N, N), modalities); // [T][N]
        float[][] active = predictions[config.altupActiveIdx()]; // [T][D]
        float[][][] corrected = new float[N][activated.length][D]; // [N][T][D]
        for (int n = 0; n < N; n++) {
            for (int t = 0; t < activated.length; t++) {
                for (int i = 0; i < D; i++) {
                    double innovation = (double) activated[t][i] - active[t][i];
                    corrected[n][t][i] = (float) (innovation * (coefficients[t][n] + 1.0) + predictions[n][t][i]);
                }
            }
        }
        return corrected;
    }

    /// tanh(W·norm(x)/D), from which both sets of coefficients are made. `x` is `[T][D]`, the result `[T][N]`.
    private float[][] modalities(float[][] x, Weights w) {
        int D = config.hiddenSize();
        float[][] inputs = scaled(norm(x, w, "router_norm", D), 1.0 / D); // [T][D]
        float[][] routed = linear(w.matrix("modality_router.weight", config.altupNumInputs(), D), inputs); // [T][N]
        for (float[] row : routed) {
            for (int n = 0; n < row.length; n++) {
                row[n] = (float) StrictMath.tanh(row[n]);
            }
        }
        return routed;
    }

    /// Learned augmented residual: x + norm(right(left(x))), a branch of rank `laurel_rank`. `x` and the result are
    /// `[T][D]`.
    private float[][] laurel(float[][] x, Weights w) {
        int D = config.hiddenSize();
        int rank = config.laurelRank();
        float[][] left = linear(w.matrix("linear_left.weight", rank, D), x); // [T][rank]
        float[][] right = linear(w.matrix("linear_right.weight", D, rank), left); // [T][D]
        return add(x, norm(right, w, "post_laurel_norm", D));
    }

    /// Causal grouped-query attention up to the output projection. The last layers attend to the keys and values of
    /// the last earlier layer of their own type. `x` is `[T][D]`, the result `[T][H·d]`.
    private float[][] attend(int layer, float[][] x, Weights w, int start, KvCache cache) {
        int H = config.numAttentionHeads();
        int K = config.numKeyValueHeads();
        int d = config.headDim();
        Rope rope = sliding(layer) ? slidingRope : fullRope;
        float[][] q = project(w, "q_proj", H * d, x); // [T][H·d]
        float[] qNorm = w.vector("q_norm.weight", d); // [d]
        KvCache.Layer shared = cache.layer(owner(layer));
        if (layer < owners()) {
            append(x, w, rope, shared);
        }

        float[][] context = new float[x.length][H * d]; // [T][H·d]
        for (int t = 0; t < x.length; t++) {
            int position = start + t;
            float[][] queries = splitHeads(q[t], H); // [H][d]
            // A window counts the token itself.
            int first = sliding(layer) ? Math.max(0, position - config.slidingWindow() + 1) : 0;
            for (int h = 0; h < H; h++) {
                int kvHead = h / (H / K);
                float[] query = rope.rotateHalfSplit(rmsNorm(queries[h], qNorm, config.rmsNormEps()), position); // [d]
                double[] scores = new double[position + 1 - first]; // [S], from position first on
                for (int s = 0; s < scores.length; s++) {
                    // Not divided by √d: the norms of queries and keys set the scale.
                    scores[s] = dot(query, shared.key(first + s, kvHead));
                }
                double[] p = softmax(scores); // [S]
                for (int i = 0; i < d; i++) {
                    double sum = 0;
                    for (int s = 0; s < p.length; s++) {
                        sum += p[s] * shared.value(first + s, kvHead)[i];
                    }
                    context[t][h * d + i] = (float) sum;
                }
            }
        }
        return context;
    }

    /// Caches the keys, normalised and rotated, and the values, normalised without a weight, of all tokens. `x` is
    /// `[T][D]`.
    private void append(float[][] x, Weights w, Rope rope, KvCache.Layer cache) {
        int K = config.numKeyValueHeads();
        int d = config.headDim();
        double eps = config.rmsNormEps();
        float[][] k = project(w, "k_proj", K * d, x); // [T][K·d]
        float[][] v = project(w, "v_proj", K * d, x); // [T][K·d]
        float[] kNorm = w.vector("k_norm.weight", d); // [d]
        for (int t = 0; t < x.length; t++) {
            float[][] keys = splitHeads(k[t], K); // [K][d]
            float[][] values = splitHeads(v[t], K); // [K][d]
            for (int h = 0; h < K; h++) {
                keys[h] = rope.rotateHalfSplit(rmsNorm(keys[h], kNorm, eps), cache.length());
                double rms = Math.sqrt(dot(values[h], values[h]) / d + eps);
                for (int i = 0; i < d; i++) {
                    values[h][i] = (float) (values[h][i] / rms);
                }
            }
            cache.append(keys, values);
        }
    }

    /// Layers with keys and values of their own: all but the last `num_kv_shared_layers`.
    private int owners() {
        return config.numHiddenLayers() - config.numKvSharedLayers();
    }

    /// The layer whose keys and values a layer uses: itself, or the last owner of its own type.
    private int owner(int layer) {
        int owner = Math.min(layer, owners() - 1);
        while (config.layerTypes().get(owner) != config.layerTypes().get(layer)) {
            owner--;
        }
        return owner;
    }

    private boolean sliding(int layer) {
        return config.layerTypes().get(layer) == AttentionType.SLIDING;
    }

    /// GeGLU, arXiv:2002.05202, section 2, with a sparse gate in some layers: down(gelu(sparse(gate(x))) ⊙ up(x)).
    /// `x` and the result are `[T][D]`.
    private float[][] mlp(int layer, float[][] x, Weights w) {
        int D = config.hiddenSize();
        int F = config.intermediateSize().get(layer);
        double sparsity = config.activationSparsityPattern().get(layer);
        float[][] gate = linear(w.matrix("gate_proj.weight", F, D), x); // [T][F]
        float[][] up = linear(w.matrix("up_proj.weight", F, D), x); // [T][F]
        float[][] product = new float[x.length][F]; // [T][F]
        for (int t = 0; t < x.length; t++) {
            if (sparsity > 0) {
                gate[t] = cut(gate[t], sparsity);
            }
            for (int i = 0; i < F; i++) {
                product[t][i] = (float) (activate(config.hiddenActivation(), gate[t][i]) * up[t][i]);
            }
        }
        return linear(w.matrix("down_proj.weight", D, F), product);
    }

    /// What exceeds mean + z·σ, the rest 0, where z is the quantile of a normal distribution at `sparsity`: about
    /// that share of the elements is cut. σ is over n elements, not n − 1. `gate` and the result are `[F]`.
    private static float[] cut(float[] gate, double sparsity) {
        double mean = 0;
        for (float value : gate) {
            mean += value;
        }
        mean /= gate.length;
        double variance = 0;
        for (float value : gate) {
            double deviation = value - mean;
            variance += deviation * deviation;
        }
        variance /= gate.length;
        double cutoff = mean + normalQuantile(sparsity) * Math.sqrt(variance);
        float[] sparse = new float[gate.length]; // [F]
        for (int i = 0; i < gate.length; i++) {
            sparse[i] = (float) Math.max(0, gate[i] - cutoff);
        }
        return sparse;
    }

    /// The inputs that layers add beside the residual stream: half from a table by token, half projected from the
    /// embedding. `embedded` is `[T][D]`, the result `[L][T][P]`.
    private float[][][] perLayerInputs(int[] tokens, float[][] embedded) {
        int D = config.hiddenSize();
        int L = config.numHiddenLayers();
        int P = config.hiddenSizePerLayerInput();
        int rows = config.vocabSizePerLayerInput();
        float[][] table = weights.matrix("model.embed_tokens_per_layer.weight", rows, L * P); // [rows][L·P]
        float[][] projection = weights.matrix("model.per_layer_model_projection.weight", L * P, D); // [L·P][D]
        float[] norm = weights.vector("model.per_layer_projection_norm.weight", P); // [P]
        float[][] projected = scaled(linear(projection, embedded), 1 / Math.sqrt(D)); // [T][L·P]
        float[][][] inputs = new float[L][tokens.length][P]; // [L][T][P]
        for (int t = 0; t < tokens.length; t++) {
            if (tokens[t] >= rows) {
                throw new IllegalArgumentException("token " + tokens[t] + " has no per-layer embedding: there are "
                        + rows + ", the rest of the vocabulary stands for images and sound");
            }
            for (int i = 0; i < L; i++) {
                float[] fromHidden = rmsNorm(slice(projected[t], i * P, P), norm, config.rmsNormEps()); // [P]
                for (int j = 0; j < P; j++) {
                    double fromTable = table[tokens[t]][i * P + j] * Math.sqrt(P);
                    inputs[i][t][j] = (float) ((fromHidden[j] + fromTable) / Math.sqrt(2));
                }
            }
        }
        return inputs;
    }

    /// norm(project(gelu(gate(x)) ⊙ input)), where x is the corrected active stream. `x` and the result are
    /// `[T][D]`, `input` is `[T][P]`.
    private float[][] perLayerOutput(float[][] x, float[][] input, Weights layer) {
        int D = config.hiddenSize();
        int P = config.hiddenSizePerLayerInput();
        float[][] first = new float[x.length][]; // [T][D]
        float[] scale = layer.vector("altup.correct_output_scale", D); // [D]
        for (int t = 0; t < x.length; t++) {
            first[t] = x[t].clone();
            if (config.altupCorrectScale()) {
                for (int i = 0; i < D; i++) {
                    first[t][i] = (float) ((double) first[t][i] * scale[i]);
                }
            }
        }
        float[][] gate = linear(layer.matrix("per_layer_input_gate.weight", P, D), first); // [T][P]
        for (int t = 0; t < x.length; t++) {
            for (int j = 0; j < P; j++) {
                gate[t][j] = (float) (activate(config.hiddenActivation(), gate[t][j]) * input[t][j]);
            }
        }
        float[][] projected = linear(layer.matrix("per_layer_projection.weight", D, P), gate); // [T][D]
        return norm(projected, layer, "post_per_layer_input_norm", D);
    }

    /// `x` with every token scaled to the root mean square of the same token of `like`. All three are `[T][D]`.
    private static float[][] rescale(float[][] x, float[][] like) {
        float[][] rescaled = new float[x.length][]; // [T][D]
        for (int t = 0; t < x.length; t++) {
            double target = Math.sqrt(dot(like[t], like[t]) / like[t].length);
            double own = Math.sqrt(Math.max(dot(x[t], x[t]) / x[t].length, MAGNITUDE_FLOOR));
            rescaled[t] = new float[x[t].length];
            for (int i = 0; i < x[t].length; i++) {
                rescaled[t][i] = (float) (x[t][i] * target / own);
            }
        }
        return rescaled;
    }

    /// x·factor, element by element.
    private static float[][] scaled(float[][] x, double factor) {
        float[][] y = new float[x.length][]; // as x
        for (int t = 0; t < x.length; t++) {
            y[t] = new float[x[t].length];
            for (int i = 0; i < y[t].length; i++) {
                y[t][i] = (float) (x[t][i] * factor);
            }
        }
        return y;
    }

    private static float[][] rounded(double[][] x) {
        float[][] y = new float[x.length][]; // as x
        for (int t = 0; t < x.length; t++) {
            y[t] = new float[x[t].length];
            for (int i = 0; i < y[t].length; i++) {
                y[t][i] = (float) x[t][i];
            }
        }
        return y;
    }

    /// RMS norm of every token with the weight of that name, stored as w, unlike Gemma 3's. `x` and the result are
    /// `[T][width]`.
    private float[][] norm(float[][] x, Weights w, String name, int width) {
        return rmsNorm(x, w.vector(name + ".weight", width), config.rmsNormEps());
    }

    /// One of the four projections of the attention, with a bias if the configuration has `attention_bias`; no
    /// published Gemma 3n has. `x` is `[T][in]`, the result `[T][out]`.
    private float[][] project(Weights w, String name, int out, float[][] x) {
        float[][] weight = w.matrix(name + ".weight", out, x[0].length); // [out][in]
        return config.attentionBias() ? linear(weight, w.vector(name + ".bias", out), x) : linear(weight, x);
    }
}
