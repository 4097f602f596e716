package dev.assay.reference.qwen3;

import static dev.assay.reference.math.ScalarMath.activate;
import static dev.assay.reference.math.ScalarMath.add;
import static dev.assay.reference.math.ScalarMath.dot;
import static dev.assay.reference.math.ScalarMath.linear;
import static dev.assay.reference.math.ScalarMath.rmsNorm;
import static dev.assay.reference.math.ScalarMath.rows;
import static dev.assay.reference.math.ScalarMath.softmax;
import static dev.assay.reference.math.ScalarMath.splitHeads;

import dev.assay.config.AttentionType;
import dev.assay.config.Qwen3Config;
import dev.assay.engine.Tap;
import dev.assay.engine.TapListener;
import dev.assay.engine.TapPoint;
import dev.assay.reference.cache.KvCache;
import dev.assay.reference.decoder.ReferenceDecoder;
import dev.assay.reference.decoder.Weights;
import dev.assay.reference.math.Rope;

/// Qwen3, dense: 0.6B to 32B.
///
/// **Source.** Qwen3 Technical Report, arXiv:2505.09388, section 2. Wiring as in Hugging Face transformers 5.18.0,
/// `models/qwen3/modeling_qwen3.py`, which is the oracle.
///
/// **What sets it apart.** Against Llama 3: every query and key head is RMS-normalised before it is rotated
/// (QK-norm), and the head dim is a setting of its own, so that H·d need not be D. Against Qwen2: no biases on
/// queries, keys and values.
///
/// **Disagreements.** None known: Hugging Face's is the authors' own code. Its RMS norm rounds x/rms to the
/// activation type before it multiplies by the weight; at float32 that is below the rounding that is judged.
///
/// **Shapes.** T tokens in this call, S positions visible to one of them, D hidden size, F intermediate size, H
/// query heads, K KV heads, d head dim, V vocabulary.
///
/// **Not here.** Dropout.
///
/// ```
/// hidden ─┬─ input norm ─ attention ─ + ─┬─ post-attention norm ─ MLP ─ + ─ hidden
///         └───────────────────────────┘  └───────────────────────────┘
/// ```
public final class Qwen3 implements ReferenceDecoder<KvCache> {
    private final Qwen3Config config;
    private final Weights weights;
    private final Rope rope;

    public Qwen3(Qwen3Config config, Weights weights) {
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

            // Named after what it follows: it is the norm before the MLP.
            float[][] mlpInput = rmsNorm(hidden, layer.vector("post_attention_layernorm.weight", D), eps); // [T][D]
            taps.on(TapPoint.of(Tap.FEED_FORWARD_INPUT, i), mlpInput);
            float[][] mlpOutput = mlp(mlpInput, layer.under("mlp.")); // [T][D]
            taps.on(TapPoint.of(Tap.FEED_FORWARD, i), mlpOutput);
            hidden = add(hidden, mlpOutput);
        }

        hidden = rmsNorm(hidden, weights.vector("model.norm.weight", D), eps);
        taps.on(TapPoint.of(Tap.HIDDEN, L), hidden);
        // Tied models may store lm_head.weight all the same, as 0.6B and 1.7B do: a duplicate, and not looked at.
        float[][] head = weights.matrix(
                config.tieWordEmbeddings() ? "model.embed_tokens.weight" : "lm_head.weight", config.vocabSize(), D);
        float[][] logits = linear(head, hidden); // [T][V]
        taps.on(TapPoint.LOGITS, logits);
        return logits;
    }

    /// Causal grouped-query attention up to the output projection, over all positions or a window: each KV head
    /// serves H/K consecutive query heads. `x` is `[T][D]`, the result `[T][H·d]`.
    private float[][] attend(int layer, float[][] x, Weights w, KvCache.Layer cache) {
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
            // Published files carry a window, but none switches it on (`use_sliding_window`).
            if (window != null && config.layerTypes().get(layer) == AttentionType.SLIDING) {
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
    private float[][] mlp(float[][] x, Weights w) {
        int D = config.hiddenSize();
        int F = config.intermediateSize();
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

    /// One of the four projections of the attention, with a bias if the configuration has `attention_bias`; no
    /// published Qwen3 has. `x` is `[T][in]`, the result `[T][out]`.
    private float[][] project(Weights w, String name, int out, float[][] x) {
        float[][] weight = w.matrix(name + ".weight", out, x[0].length); // [out][in]
        return config.attentionBias() ? linear(weight, w.vector(name + ".bias", out), x) : linear(weight, x);
    }
}
