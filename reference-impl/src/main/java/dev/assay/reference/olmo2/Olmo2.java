package dev.assay.reference.olmo2;

import static dev.assay.reference.math.ScalarMath.activate;
import static dev.assay.reference.math.ScalarMath.add;
import static dev.assay.reference.math.ScalarMath.dot;
import static dev.assay.reference.math.ScalarMath.linear;
import static dev.assay.reference.math.ScalarMath.rmsNorm;
import static dev.assay.reference.math.ScalarMath.rows;
import static dev.assay.reference.math.ScalarMath.softmax;
import static dev.assay.reference.math.ScalarMath.splitHeads;

import dev.assay.config.Olmo2Config;
import dev.assay.engine.Tap;
import dev.assay.engine.TapListener;
import dev.assay.engine.TapPoint;
import dev.assay.reference.cache.KvCache;
import dev.assay.reference.decoder.ReferenceDecoder;
import dev.assay.reference.decoder.Weights;
import dev.assay.reference.math.Rope;

/// OLMo 2: 1B to 32B.
///
/// **Source.** 2 OLMo 2 Furious, arXiv:2501.00656, sections 2.1 and 3.3. Wiring as in Hugging Face transformers 5.18.0,
/// `models/olmo2/modeling_olmo2.py`, which is the oracle.
///
/// **What sets it apart.** Against Llama 3: no norm before a sub-block; its output is normalised instead, inside the
/// residual. Against Qwen3: the QK-norm takes one statistic over all heads of the projection, and its weight is as
/// wide.
///
/// **Disagreements.** The paper's eq. 2 prints MLP(x), of the layer's input; its section 3.3.2 and Hugging Face, whose
/// code the authors wrote, have MLP(h), of the sum after attention. Hugging Face's RMS norm multiplies by the weight
/// before it rounds to the activation type, unlike Llama's; at float32 the two are the same.
///
/// **Shapes.** T tokens in this call, S positions visible to one of them, D hidden size, F intermediate size, H
/// query heads, K KV heads, d head dim, V vocabulary.
///
/// **Not here.** Dropout; the sliding windows of OLMo 3.
///
/// ```
/// hidden ─┬─ attention ─ post-attention norm ─ + ─┬─ MLP ─ post-feedforward norm ─ + ─ hidden
///         └────────────────────────────────────┘  └──────────────────────────────┘
/// ```
public final class Olmo2 implements ReferenceDecoder<KvCache> {
    private final Olmo2Config config;
    private final Weights weights;
    private final Rope rope;

    public Olmo2(Olmo2Config config, Weights weights) {
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

            // No input norm: the projections see the residual stream itself.
            taps.on(TapPoint.of(Tap.ATTENTION_INPUT, i), hidden);
            float[][] context = attend(hidden, layer.under("self_attn."), cache.layer(i)); // [T][H·d]
            taps.on(TapPoint.of(Tap.CONTEXT, i), context);
            float[][] attention = project(layer.under("self_attn."), "o_proj", D, context); // [T][D]
            taps.on(TapPoint.of(Tap.ATTENTION, i), attention);
            // Unlike Llama's norm of that name, on the attention's output.
            hidden = add(hidden, rmsNorm(attention, layer.vector("post_attention_layernorm.weight", D), eps));

            taps.on(TapPoint.of(Tap.FEED_FORWARD_INPUT, i), hidden);
            float[][] mlpOutput = mlp(hidden, layer.under("mlp.")); // [T][D]
            taps.on(TapPoint.of(Tap.FEED_FORWARD, i), mlpOutput);
            hidden = add(hidden, rmsNorm(mlpOutput, layer.vector("post_feedforward_layernorm.weight", D), eps));
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
        // Unlike Qwen3's, over the whole projection, before it is split: one statistic for all heads together.
        q = rmsNorm(q, w.vector("q_norm.weight", H * d), eps);
        k = rmsNorm(k, w.vector("k_norm.weight", K * d), eps);

        float[][] context = new float[x.length][H * d]; // [T][H·d]
        for (int t = 0; t < x.length; t++) {
            int position = cache.length();
            float[][] queries = splitHeads(q[t], H); // [H][d]
            float[][] keys = splitHeads(k[t], K); // [K][d]
            for (int h = 0; h < H; h++) {
                queries[h] = rope.rotateHalfSplit(queries[h], position);
            }
            for (int h = 0; h < K; h++) {
                keys[h] = rope.rotateHalfSplit(keys[h], position);
            }
            // A token sees itself and all before it, so it is cached before it attends.
            cache.append(keys, splitHeads(v[t], K));

            for (int h = 0; h < H; h++) {
                int kvHead = h / (H / K);
                double[] scores = new double[cache.length()]; // [S]
                for (int s = 0; s < scores.length; s++) {
                    scores[s] = dot(queries[h], cache.key(s, kvHead)) / Math.sqrt(d);
                }
                double[] p = softmax(scores); // [S]
                for (int i = 0; i < d; i++) {
                    double sum = 0;
                    for (int s = 0; s < p.length; s++) {
                        sum += p[s] * cache.value(s, kvHead)[i];
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
    /// published OLMo 2 has. `x` is `[T][in]`, the result `[T][out]`.
    private float[][] project(Weights w, String name, int out, float[][] x) {
        float[][] weight = w.matrix(name + ".weight", out, x[0].length); // [out][in]
        return config.attentionBias() ? linear(weight, w.vector(name + ".bias", out), x) : linear(weight, x);
    }
}
