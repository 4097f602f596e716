package dev.assay.reference.qwen3moe;

import static dev.assay.reference.math.ScalarMath.activate;
import static dev.assay.reference.math.ScalarMath.add;
import static dev.assay.reference.math.ScalarMath.dot;
import static dev.assay.reference.math.ScalarMath.linear;
import static dev.assay.reference.math.ScalarMath.rmsNorm;
import static dev.assay.reference.math.ScalarMath.rows;
import static dev.assay.reference.math.ScalarMath.softmax;
import static dev.assay.reference.math.ScalarMath.splitHeads;
import static dev.assay.reference.math.ScalarMath.topK;

import dev.assay.config.Qwen3MoeConfig;
import dev.assay.engine.Tap;
import dev.assay.engine.TapListener;
import dev.assay.engine.TapPoint;
import dev.assay.reference.cache.KvCache;
import dev.assay.reference.decoder.ReferenceDecoder;
import dev.assay.reference.decoder.Weights;
import dev.assay.reference.math.Rope;

/// Qwen3 with experts: 30B-A3B, 235B-A22B, Coder 480B-A35B.
///
/// **Source.** Qwen3 Technical Report, arXiv:2505.09388, section 2. Wiring as in Hugging Face transformers 5.18.0,
/// `models/qwen3_moe/modeling_qwen3_moe.py`, which is the oracle.
///
/// **What sets it apart.** Against dense Qwen3: the MLP of most layers is a mixture of experts. Against DeepSeek V3:
/// the scores are a softmax over all experts, there are no groups, no correction bias and no shared expert.
///
/// **Disagreements.** `norm_topk_prob` is false by default in Hugging Face's class and true in every published file;
/// ports that went by the default were wrong. With it, softmax before or after choosing is the same; without it, it
/// is before. Dense Qwen3 starts its sliding window at layer `max_window_layers`; here Hugging Face puts it on every
/// layer. No published file switches it on.
///
/// **Shapes.** T tokens in this call, S positions visible to one of them, D hidden size, F intermediate size of an
/// MLP, E experts, k chosen experts, H query heads, K KV heads, d head dim, V vocabulary.
///
/// **Not here.** Dropout; balance losses.
///
/// ```
/// hidden ─┬─ input norm ─ attention ─ + ─┬─ post-attention norm ─ MLP or experts ─ + ─ hidden
///         └───────────────────────────┘  └───────────────────────────────────────┘
/// ```
public final class Qwen3Moe implements ReferenceDecoder<KvCache> {
    private final Qwen3MoeConfig config;
    private final Weights weights;
    private final Rope rope;

    public Qwen3Moe(Qwen3MoeConfig config, Weights weights) {
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
            float[][] context = attend(attentionInput, layer.under("self_attn."), cache.layer(i)); // [T][H·d]
            taps.on(TapPoint.of(Tap.CONTEXT, i), context);
            float[][] attention = project(layer.under("self_attn."), "o_proj", D, context); // [T][D]
            taps.on(TapPoint.of(Tap.ATTENTION, i), attention);
            hidden = add(hidden, attention);

            // Named after what it follows: it is the norm before the MLP.
            float[][] mlpInput = rmsNorm(hidden, layer.vector("post_attention_layernorm.weight", D), eps); // [T][D]
            taps.on(TapPoint.of(Tap.FEED_FORWARD_INPUT, i), mlpInput);
            float[][] mlpOutput = hasExperts(i)
                    ? moe(mlpInput, layer.under("mlp."), i, taps)
                    : mlp(mlpInput, config.intermediateSize(), layer.under("mlp.")); // [T][D]
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

    /// Causal grouped-query attention up to the output projection: each KV head serves H/K consecutive query heads.
    /// `x` is `[T][D]`, the result `[T][H·d]`.
    private float[][] attend(float[][] x, Weights w, KvCache.Layer cache) {
        int H = config.numAttentionHeads();
        int K = config.numKeyValueHeads();
        int d = config.headDim();
        double eps = config.rmsNormEps();
        float[][] q = project(w, "q_proj", H * d, x); // [T][H·d]
        float[][] k = project(w, "k_proj", K * d, x); // [T][K·d]
        float[][] v = project(w, "v_proj", K * d, x); // [T][K·d]
        // Unlike OLMo 2, per head: the weights have d elements, shared by all heads.
        float[] qNorm = w.vector("q_norm.weight", d); // [d]
        float[] kNorm = w.vector("k_norm.weight", d); // [d]

        float[][] context = new float[x.length][H * d]; // [T][H·d]
        for (int t = 0; t < x.length; t++) {
            int position = cache.length();
            float[][] queries = splitHeads(q[t], H); // [H][d]
            float[][] keys = splitHeads(k[t], K); // [K][d]
            for (int h = 0; h < H; h++) {
                queries[h] = rope.rotateHalfSplit(rmsNorm(queries[h], qNorm, eps), position);
            }
            for (int h = 0; h < K; h++) {
                keys[h] = rope.rotateHalfSplit(rmsNorm(keys[h], kNorm, eps), position);
            }
            // A token sees itself and all before it, so it is cached before it attends.
            cache.append(keys, splitHeads(v[t], K));
            Integer window = config.slidingWindow();
            if (window != null) {
                // The window counts the token itself: it sees window − 1 positions before it, and no layer needs more.
                cache.forgetBefore(position - window + 1);
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

    /// SwiGLU, arXiv:2002.05202, section 2: down(silu(gate(x)) ⊙ up(x)). `x` and the result are `[T][D]`.
    private float[][] mlp(float[][] x, int F, Weights w) {
        int D = config.hiddenSize();
        float[][] gate = linear(w.matrix("gate_proj.weight", F, D), x); // [T][F]
        float[][] up = linear(w.matrix("up_proj.weight", F, D), x); // [T][F]
        float[][] product = new float[x.length][F]; // [T][F]
        for (int t = 0; t < x.length; t++) {
            for (int i = 0; i < F; i++) {
                product[t][i] = (float) (activate(config.hiddenAct(), gate[t][i]) * up[t][i]);
            }
        }
        return linear(w.matrix("down_proj.weight", D, F), product);
    }

    /// Whether a layer has experts: every `decoder_sparse_step`-th, counted from 1, but for those in
    /// `mlp_only_layers`, counted from 0.
    private boolean hasExperts(int layer) {
        return (layer + 1) % config.decoderSparseStep() == 0
                && !config.mlpOnlyLayers().contains(layer);
    }

    /// Mixture of experts: the sum of the chosen experts' outputs, weighted. `x` and the result are `[T][D]`.
    private float[][] moe(float[][] x, Weights w, int layer, TapListener taps) {
        int D = config.hiddenSize();
        int E = config.numExperts();
        int k = config.numExpertsPerTok();
        float[][] router = w.matrix("gate.weight", E, D); // [E][D]
        float[][] routerLogits = new float[x.length][E]; // [T][E]
        int[][] chosen = new int[x.length][]; // [T][k]
        float[][] output = new float[x.length][D]; // [T][D]
        for (int t = 0; t < x.length; t++) {
            double[] logits = new double[E]; // [E]
            for (int e = 0; e < E; e++) {
                logits[e] = dot(router[e], x[t]);
                routerLogits[t][e] = (float) logits[e];
            }
            // Over all experts, and before any is chosen.
            double[] scores = softmax(logits); // [E]
            chosen[t] = topK(scores, k);
            double sum = 0;
            for (int e : chosen[t]) {
                sum += scores[e];
            }
            // No eps: the largest of E probabilities is at least 1/E.
            double norm = config.normTopkProb() ? sum : 1;

            double[] mixed = new double[D]; // [D]
            for (int e : chosen[t]) {
                float[] expert =
                        mlp(new float[][] {x[t]}, config.moeIntermediateSize(), w.under("experts." + e + "."))[0];
                for (int i = 0; i < D; i++) {
                    mixed[i] += scores[e] / norm * expert[i];
                }
            }
            for (int i = 0; i < D; i++) {
                output[t][i] = (float) mixed[i];
            }
        }
        taps.on(TapPoint.of(Tap.ROUTER_LOGITS, layer), routerLogits);
        taps.onRoutedExperts(layer, chosen);
        return output;
    }

    /// One of the four projections of the attention, with a bias if the configuration has `attention_bias`; no
    /// published Qwen3 has. `x` is `[T][in]`, the result `[T][out]`.
    private float[][] project(Weights w, String name, int out, float[][] x) {
        float[][] weight = w.matrix(name + ".weight", out, x[0].length); // [out][in]
        return config.attentionBias() ? linear(weight, w.vector(name + ".bias", out), x) : linear(weight, x);
    }
}
