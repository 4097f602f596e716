package dev.assay.reference.llama3;

import static dev.assay.reference.math.ScalarMath.activate;
import static dev.assay.reference.math.ScalarMath.add;
import static dev.assay.reference.math.ScalarMath.dot;
import static dev.assay.reference.math.ScalarMath.linear;
import static dev.assay.reference.math.ScalarMath.rmsNorm;
import static dev.assay.reference.math.ScalarMath.rows;
import static dev.assay.reference.math.ScalarMath.softmax;
import static dev.assay.reference.math.ScalarMath.splitHeads;

import dev.assay.config.Llama3Config;
import dev.assay.engine.Tap;
import dev.assay.engine.TapListener;
import dev.assay.engine.TapPoint;
import dev.assay.reference.cache.KvCache;
import dev.assay.reference.decoder.ReferenceDecoder;
import dev.assay.reference.decoder.Weights;
import dev.assay.reference.math.Rope;

/// Llama 3, 3.1, 3.2 (text) and 3.3.
///
/// **Source.** The Llama 3 Herd of Models, arXiv:2407.21783, section 3.2. Wiring as in Hugging Face transformers
/// 5.18.0, `models/llama/modeling_llama.py`, which is the oracle. The authors' code is meta-llama/llama-models,
/// `models/llama3/model.py`, commit 5fdf831.
///
/// **What sets it apart.** It is the plain case that the others vary: norms before each half of a layer,
/// grouped-query attention, rotary embedding, SwiGLU, no biases. From 3.1 on, low rotary frequencies are divided so
/// that the context can be longer than in pretraining ([dev.assay.config.RopeParameters.Llama3]).
///
/// **Disagreements.**
/// - *Pairs of the rotary embedding.* Meta's code rotates (2i, 2i+1); Hugging Face's files have the rows of q and k
///   permuted within each head so that rotating (i, i+d/2) is the same. Published safetensors files are Hugging
///   Face's: half-split. Meta's own `.pth` files would need the interleaved form.
/// - *Scaling factor.* Meta's code has 8 written into it; the published files of 3.2 1B and 3B say 32, which Meta
///   confirmed (llama-models issue 166; 241 tells what 8 breaks). The file is followed.
///
/// **Shapes.** T tokens in this call, S positions visible to one of them, D hidden size, F intermediate size, H
/// query heads, K KV heads, d head dim, V vocabulary.
///
/// **Not here.** The vision cross-attention of 3.2 11B and 90B; dropout; tensor-parallel slices (`pretraining_tp`).
///
/// ```
/// hidden ─┬─ input norm ─ attention ─ + ─┬─ post-attention norm ─ MLP ─ + ─ hidden
///         └───────────────────────────┘  └───────────────────────────┘
/// ```
public final class Llama3 implements ReferenceDecoder<KvCache> {
    private final Llama3Config config;
    private final Weights weights;
    private final Rope rope;

    public Llama3(Llama3Config config, Weights weights) {
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
            float[][] attention =
                    project(layer.under("self_attn."), "o_proj", D, context, config.attentionBias()); // [T][D]
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
        // 3.2 1B and 3B are tied and store no head; 3, 3.1 and 3.3 are not.
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
        float[][] q = project(w, "q_proj", H * d, x, config.attentionBias()); // [T][H·d]
        float[][] k = project(w, "k_proj", K * d, x, config.attentionBias()); // [T][K·d]
        float[][] v = project(w, "v_proj", K * d, x, config.attentionBias()); // [T][K·d]

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
        float[][] gate = project(w, "gate_proj", F, x, config.mlpBias()); // [T][F]
        float[][] up = project(w, "up_proj", F, x, config.mlpBias()); // [T][F]
        float[][] product = new float[x.length][F]; // [T][F]
        for (int t = 0; t < x.length; t++) {
            for (int i = 0; i < F; i++) {
                product[t][i] = (float) (activate(config.hiddenAct(), gate[t][i]) * up[t][i]);
            }
        }
        return project(w, "down_proj", D, product, config.mlpBias());
    }

    /// A projection, with a bias if `attention_bias` or `mlp_bias` says so; no published Llama 3 has one. `x` is
    /// `[T][in]`, the result `[T][out]`.
    private static float[][] project(Weights w, String name, int out, float[][] x, boolean biased) {
        float[][] weight = w.matrix(name + ".weight", out, x[0].length); // [out][in]
        return biased ? linear(weight, w.vector(name + ".bias", out), x) : linear(weight, x);
    }
}
