package dev.assay.reference.smollm3;

import static dev.assay.reference.math.ScalarMath.activate;
import static dev.assay.reference.math.ScalarMath.add;
import static dev.assay.reference.math.ScalarMath.dot;
import static dev.assay.reference.math.ScalarMath.linear;
import static dev.assay.reference.math.ScalarMath.rmsNorm;
import static dev.assay.reference.math.ScalarMath.rows;
import static dev.assay.reference.math.ScalarMath.softmax;
import static dev.assay.reference.math.ScalarMath.splitHeads;

import dev.assay.config.AttentionType;
import dev.assay.config.SmolLm3Config;
import dev.assay.engine.Tap;
import dev.assay.engine.TapListener;
import dev.assay.engine.TapPoint;
import dev.assay.reference.cache.KvCache;
import dev.assay.reference.decoder.ReferenceDecoder;
import dev.assay.reference.decoder.Weights;
import dev.assay.reference.math.Rope;

/// SmolLM3, 3B.
///
/// **Source.** SmolLM3: smol, multilingual, long-context reasoner, Hugging Face's article of July 2025; NoPE layers
/// after Rope to Nope and Back Again, arXiv:2501.18795. Wiring as in Hugging Face transformers 5.18.0,
/// `models/smollm3/modeling_smollm3.py`, which is the oracle.
///
/// **What sets it apart.** Against Llama 3: every fourth layer has no position encoding at all (NoPE), and embedding
/// and head are one matrix.
///
/// **Disagreements.** None: the authors' code is the oracle. The key `no_rope_layers` holds 1 where RoPE is **on**;
/// the configuration record says it in words. The sliding window, which no published file switches on, is on the
/// layers without RoPE unless `layer_types` puts it elsewhere.
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
public final class SmolLm3 implements ReferenceDecoder<KvCache> {
    private final SmolLm3Config config;
    private final Weights weights;
    private final Rope rope;

    public SmolLm3(SmolLm3Config config, Weights weights) {
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
            float[][] attention =
                    project(layer.under("self_attn."), "o_proj", D, config.attentionBias(), context); // [T][D]
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
        float[][] head = weights.matrix(
                config.tieWordEmbeddings() ? "model.embed_tokens.weight" : "lm_head.weight", config.vocabSize(), D);
        float[][] logits = linear(head, hidden); // [T][V]
        taps.on(TapPoint.LOGITS, logits);
        return logits;
    }

    /// Causal grouped-query attention up to the output projection: each KV head serves H/K consecutive query heads.
    /// `x` is `[T][D]`, the result `[T][H·d]`.
    private float[][] attend(int layer, float[][] x, Weights w, KvCache.Layer cache) {
        int H = config.numAttentionHeads();
        int K = config.numKeyValueHeads();
        int d = config.headDim();
        float[][] q = project(w, "q_proj", H * d, config.attentionBias(), x); // [T][H·d]
        float[][] k = project(w, "k_proj", K * d, config.attentionBias(), x); // [T][K·d]
        float[][] v = project(w, "v_proj", K * d, config.attentionBias(), x); // [T][K·d]

        float[][] context = new float[x.length][H * d]; // [T][H·d]
        for (int t = 0; t < x.length; t++) {
            int position = cache.length();
            float[][] queries = splitHeads(q[t], H); // [H][d]
            float[][] keys = splitHeads(k[t], K); // [K][d]
            for (int h = 0; h < H; h++) {
                queries[h] = rotate(layer, queries[h], position);
            }
            for (int h = 0; h < K; h++) {
                keys[h] = rotate(layer, keys[h], position);
            }
            // A token sees itself and all before it, so it is cached before it attends.
            cache.append(keys, splitHeads(v[t], K));
            Integer window = config.slidingWindow();
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
        float[][] gate = project(w, "gate_proj", F, config.mlpBias(), x); // [T][F]
        float[][] up = project(w, "up_proj", F, config.mlpBias(), x); // [T][F]
        float[][] product = new float[x.length][F]; // [T][F]
        for (int t = 0; t < x.length; t++) {
            for (int i = 0; i < F; i++) {
                product[t][i] = (float) (activate(config.hiddenAct(), gate[t][i]) * up[t][i]);
            }
        }
        return project(w, "down_proj", D, config.mlpBias(), product);
    }

    /// Rotates a query or key head, `[d]`, in the layers that have RoPE; in the others it stays as it is.
    private float[] rotate(int layer, float[] head, int position) {
        return switch (config.positionEncodings().get(layer)) {
            case ROPE -> rope.rotateHalfSplit(head, position);
            case NOPE -> head;
        };
    }

    /// A projection, with a bias if the configuration has one; the published file has none. `x` is `[T][in]`, the
    /// result `[T][out]`.
    private static float[][] project(Weights w, String name, int out, boolean bias, float[][] x) {
        float[][] weight = w.matrix(name + ".weight", out, x[0].length); // [out][in]
        return bias ? linear(weight, w.vector(name + ".bias", out), x) : linear(weight, x);
    }
}
