package dev.assay.reference.llama4;

import static dev.assay.reference.math.ScalarMath.activate;
import static dev.assay.reference.math.ScalarMath.add;
import static dev.assay.reference.math.ScalarMath.dot;
import static dev.assay.reference.math.ScalarMath.linear;
import static dev.assay.reference.math.ScalarMath.rmsNorm;
import static dev.assay.reference.math.ScalarMath.rows;
import static dev.assay.reference.math.ScalarMath.sigmoid;
import static dev.assay.reference.math.ScalarMath.softmax;
import static dev.assay.reference.math.ScalarMath.splitHeads;
import static dev.assay.reference.math.ScalarMath.topK;

import dev.assay.config.AttentionType;
import dev.assay.config.Llama4Config;
import dev.assay.config.PositionEncoding;
import dev.assay.engine.Tap;
import dev.assay.engine.TapListener;
import dev.assay.engine.TapPoint;
import dev.assay.reference.cache.KvCache;
import dev.assay.reference.decoder.ReferenceDecoder;
import dev.assay.reference.decoder.Weights;
import dev.assay.reference.math.Rope;

/// Llama 4 Scout and Maverick, the text decoder.
///
/// **Source.** The Llama 4 herd, Meta's article of April 2025; there is no paper. The authors' code is
/// meta-llama/llama-models, `models/llama4`. Wiring as in Hugging Face transformers 5.18.0,
/// `models/llama4/modeling_llama4.py`, which is the oracle.
///
/// **What sets it apart.** Against Llama 3: three of four layers see their own chunk of positions only; the others
/// see all, without RoPE, with queries that grow with the position; queries and keys are normalised without a
/// weight, after the rotation; a token goes to one expert (and a shared one), whose *input* is scaled by the router.
/// Scout has experts in every layer, Maverick in every second.
///
/// **Disagreements.** Hugging Face is followed in both.
/// - *Temperature of layers without RoPE*: on by default in Hugging Face, off in Meta's; published files do not say.
/// - *Router*: scores of experts not chosen are sigmoid(−∞) = 0; Hugging Face runs all experts on inputs times that,
///   Meta the chosen ones only. The same sum.
///
/// **Shapes.** T tokens in this call, S positions visible to one of them, D hidden size, F intermediate size of an
/// MLP or expert, E routed experts, k chosen experts, H query heads, K KV heads, d head dim, V vocabulary.
///
/// **Not here.** The vision tower; dropout.
///
/// ```
/// hidden ─┬─ input norm ─ attention ─ + ─┬─ post-attention norm ─ MLP or experts ─ + ─ hidden
///         └───────────────────────────┘  └───────────────────────────────────────┘
/// ```
public final class Llama4 implements ReferenceDecoder<KvCache> {
    private final Llama4Config config;
    private final Weights weights;
    private final Rope rope;

    public Llama4(Llama4Config config, Weights weights) {
        this.config = config;
        this.weights = weights;
        this.rope = new Rope(config.ropeParameters(), config.headDim());
    }

    @Override
    public KvCache newCache() {
        return new KvCache(config.numHiddenLayers());
    }

    @Override
    public float[][] forward(int[] tokens, KvCache cache, TapListener taps) {
        int D = config.hiddenSize();
        int L = config.numHiddenLayers();
        double eps = config.rmsNormEps();
        float[][] hidden = rows(weights.matrix("model.embed_tokens.weight", config.vocabSize(), D), tokens); // [T][D]

        for (int i = 0; i < L; i++) {
            Weights layer = weights.under("model.layers." + i + ".");
            taps.on(TapPoint.of(Tap.HIDDEN, i), hidden);

            float[][] attentionInput = rmsNorm(hidden, layer.vector("input_layernorm.weight", D), eps); // [T][D]
            taps.on(TapPoint.of(Tap.ATTENTION_INPUT, i), attentionInput);
            float[][] context = attend(i, attentionInput, layer.under("self_attn."), cache.layer(i)); // [T][H·d]
            taps.on(TapPoint.of(Tap.CONTEXT, i), context);
            float[][] attention = project(layer.under("self_attn."), "o_proj", D, context); // [T][D]
            taps.on(TapPoint.of(Tap.ATTENTION, i), attention);
            hidden = add(hidden, attention);

            // Named after what it follows: it is the norm before the MLP or the experts.
            float[][] mlpInput = rmsNorm(hidden, layer.vector("post_attention_layernorm.weight", D), eps); // [T][D]
            taps.on(TapPoint.of(Tap.FEED_FORWARD_INPUT, i), mlpInput);
            // Dense layers are wider than experts: they have a size of their own.
            float[][] mlpOutput = config.moeLayers().contains(i)
                    ? moe(mlpInput, layer.under("feed_forward."), i, taps)
                    : mlp(mlpInput, config.intermediateSizeMlp(), layer.under("feed_forward.")); // [T][D]
            taps.on(TapPoint.of(Tap.FEED_FORWARD, i), mlpOutput);
            hidden = add(hidden, mlpOutput);
        }

        hidden = rmsNorm(hidden, weights.vector("model.norm.weight", D), eps);
        taps.on(TapPoint.of(Tap.HIDDEN, L), hidden);
        float[][] head = weights.matrix(
                config.tieWordEmbeddings() ? "model.embed_tokens.weight" : "lm_head.weight", config.vocabSize(), D);
        float[][] logits = linear(head, hidden); // [T][V]
        taps.on(TapPoint.LOGITS, logits);
        return logits;
    }

    /// Causal grouped-query attention up to the output projection, over all positions or the token's chunk. `x` is
    /// `[T][D]`, the result `[T][H·d]`.
    private float[][] attend(int layer, float[][] x, Weights w, KvCache.Layer cache) {
        int H = config.numAttentionHeads();
        int K = config.numKeyValueHeads();
        int d = config.headDim();
        boolean roped = config.positionEncodings().get(layer) == PositionEncoding.ROPE;
        float[][] q = project(w, "q_proj", H * d, x); // [T][H·d]
        float[][] k = project(w, "k_proj", K * d, x); // [T][K·d]
        float[][] v = project(w, "v_proj", K * d, x); // [T][K·d]

        float[][] context = new float[x.length][H * d]; // [T][H·d]
        for (int t = 0; t < x.length; t++) {
            int position = cache.length();
            float[][] queries = splitHeads(q[t], H); // [H][d]
            float[][] keys = splitHeads(k[t], K); // [K][d]
            for (int h = 0; h < H; h++) {
                queries[h] = roped ? rotateAndNorm(queries[h], position) : heat(queries[h], position);
            }
            for (int h = 0; h < K; h++) {
                keys[h] = roped ? rotateAndNorm(keys[h], position) : keys[h];
            }
            // A token sees itself and what came before it, so it is cached before it attends.
            cache.append(keys, splitHeads(v[t], K));
            if (config.layerTypes().get(layer) == AttentionType.CHUNKED) {
                // Not a window: the first token of a chunk sees itself alone.
                cache.forgetBefore(position / config.attentionChunkSize() * config.attentionChunkSize());
            }
            int first = cache.first();

            for (int h = 0; h < H; h++) {
                int kvHead = h / (H / K);
                double[] scores = new double[position + 1 - first]; // [S], from position first on
                for (int s = 0; s < scores.length; s++) {
                    scores[s] = dot(queries[h], cache.key(first + s, kvHead)) / Math.sqrt(d);
                }
                double[] p = softmax(scores); // [S]
                for (int i = 0; i < d; i++) {
                    double sum = 0;
                    for (int s = 0; s < p.length; s++) {
                        sum += p[s] * cache.value(first + s, kvHead)[i];
                    }
                    context[t][h * d + i] = (float) sum;
                }
            }
        }
        return context;
    }

    /// Rotates a head, `[d]`, by pairs (2i, 2i+1), and normalises it if the configuration has `use_qk_norm`: what
    /// is called an L2 norm in Hugging Face is an RMS norm without a weight.
    private float[] rotateAndNorm(float[] head, int position) {
        // Unlike Llama 3's files, these are not permuted for the rotation by halves.
        float[] rotated = rope.rotateInterleaved(head, position); // [d]
        if (!config.useQkNorm()) {
            return rotated;
        }
        double rms = Math.sqrt(dot(rotated, rotated) / rotated.length + config.rmsNormEps());
        float[] normed = new float[rotated.length]; // [d]
        for (int i = 0; i < normed.length; i++) {
            normed[i] = (float) (rotated[i] / rms);
        }
        return normed;
    }

    /// Scales a query of a layer without RoPE by 1 + attnScale·ln(1 + ⌊(position + 1)/floorScale⌋),
    /// arXiv:2501.19399: at long contexts attention would flatten. With the published 8192 that is 1 up to position
    /// 8190.
    private float[] heat(float[] query, int position) {
        if (!config.attnTemperatureTuning()) {
            return query;
        }
        double temperature =
                1 + config.attnScale() * StrictMath.log1p(Math.floor((position + 1.0) / config.floorScale()));
        float[] heated = new float[query.length]; // [d]
        for (int i = 0; i < heated.length; i++) {
            heated[i] = (float) (query[i] * temperature);
        }
        return heated;
    }

    /// SwiGLU, arXiv:2002.05202, section 2: down(silu(gate(x)) ⊙ up(x)). `x` and the result are `[T][D]`.
    private float[][] mlp(float[][] x, int F, Weights w) {
        int D = config.hiddenSize();
        float[][] gate = linear(w.matrix("gate_proj.weight", F, D), x); // [T][F]
        float[][] up = linear(w.matrix("up_proj.weight", F, D), x); // [T][F]
        return linear(w.matrix("down_proj.weight", D, F), gated(gate, up));
    }

    /// silu(gate) ⊙ up; all three are `[T][F]`.
    private float[][] gated(float[][] gate, float[][] up) {
        float[][] product = new float[gate.length][]; // [T][F]
        for (int t = 0; t < gate.length; t++) {
            product[t] = new float[gate[t].length];
            for (int i = 0; i < product[t].length; i++) {
                product[t][i] = (float) (activate(config.hiddenAct(), gate[t][i]) * up[t][i]);
            }
        }
        return product;
    }

    /// The shared expert plus the chosen ones, each on its own scaled copy of the token. `x` and the result are
    /// `[T][D]`.
    private float[][] moe(float[][] x, Weights w, int layer, TapListener taps) {
        int D = config.hiddenSize();
        int E = config.numLocalExperts();
        float[][] router = w.matrix("router.weight", E, D); // [E][D]
        float[][] shared = mlp(x, config.intermediateSize(), w.under("shared_expert.")); // [T][D], never scaled
        float[][] routerLogits = new float[x.length][E]; // [T][E]
        int[][] chosen = new int[x.length][]; // [T][k]
        float[][] output = new float[x.length][D]; // [T][D]
        for (int t = 0; t < x.length; t++) {
            double[] logits = new double[E]; // [E]
            for (int e = 0; e < E; e++) {
                logits[e] = dot(router[e], x[t]);
                routerLogits[t][e] = (float) logits[e];
            }
            chosen[t] = topK(logits, config.numExpertsPerTok());
            double[] sum = new double[D]; // [D]
            for (int e : chosen[t]) {
                // The input is scaled, not the output: an expert is not linear.
                double score = sigmoid(logits[e]);
                float[] scaled = new float[D]; // [D]
                for (int i = 0; i < D; i++) {
                    scaled[i] = (float) (x[t][i] * score);
                }
                float[] expertOutput = expert(scaled, e, w.under("experts.")); // [D]
                for (int i = 0; i < D; i++) {
                    sum[i] += expertOutput[i];
                }
            }
            for (int i = 0; i < D; i++) {
                output[t][i] = (float) (sum[i] + shared[t][i]);
            }
        }
        taps.on(TapPoint.of(Tap.ROUTER_LOGITS, layer), routerLogits);
        taps.onRoutedExperts(layer, chosen);
        return output;
    }

    /// One routed expert on one token; `x` and the result are `[D]`. Checkpoints hold the experts of a layer in two
    /// tensors, transposed: `[E][D][2·F]`, gate first, and `[E][F][D]`.
    private float[] expert(float[] x, int expert, Weights w) {
        int D = config.hiddenSize();
        int E = config.numLocalExperts();
        int F = config.intermediateSize();
        float[][] gateUp = w.slice("gate_up_proj", expert, E, D, 2 * F); // [D][2·F]
        float[][] down = w.slice("down_proj", expert, E, F, D); // [F][D]
        float[][] gate = new float[1][F]; // [1][F]
        float[][] up = new float[1][F]; // [1][F]
        for (int j = 0; j < F; j++) {
            double gateSum = 0;
            double upSum = 0;
            for (int i = 0; i < D; i++) {
                gateSum += (double) x[i] * gateUp[i][j];
                upSum += (double) x[i] * gateUp[i][F + j];
            }
            gate[0][j] = (float) gateSum;
            up[0][j] = (float) upSum;
        }
        float[] product = gated(gate, up)[0]; // [F]
        float[] y = new float[D]; // [D]
        for (int i = 0; i < D; i++) {
            double sum = 0;
            for (int j = 0; j < F; j++) {
                sum += (double) product[j] * down[j][i];
            }
            y[i] = (float) sum;
        }
        return y;
    }

    /// One of the four projections of the attention, with a bias if the configuration has `attention_bias`; no
    /// published Llama 4 has. `x` is `[T][in]`, the result `[T][out]`.
    private float[][] project(Weights w, String name, int out, float[][] x) {
        float[][] weight = w.matrix(name + ".weight", out, x[0].length); // [out][in]
        return config.attentionBias() ? linear(weight, w.vector(name + ".bias", out), x) : linear(weight, x);
    }
}
