package dev.assay.reference.mistral;

import static dev.assay.reference.math.ScalarMath.activate;
import static dev.assay.reference.math.ScalarMath.add;
import static dev.assay.reference.math.ScalarMath.dot;
import static dev.assay.reference.math.ScalarMath.linear;
import static dev.assay.reference.math.ScalarMath.rmsNorm;
import static dev.assay.reference.math.ScalarMath.rows;
import static dev.assay.reference.math.ScalarMath.softmax;
import static dev.assay.reference.math.ScalarMath.splitHeads;

import dev.assay.config.MistralConfig;
import dev.assay.engine.Tap;
import dev.assay.engine.TapListener;
import dev.assay.engine.TapPoint;
import dev.assay.reference.cache.KvCache;
import dev.assay.reference.decoder.ReferenceDecoder;
import dev.assay.reference.decoder.Weights;
import dev.assay.reference.math.Rope;

/// Mistral 7B and Mistral Small 3.1, the text decoder.
///
/// **Source.** Mistral 7B, arXiv:2310.06825, section 2; Mistral Small 3.1 has no paper. Wiring as in Hugging Face
/// transformers 5.18.0, `models/mistral/modeling_mistral.py`, which is the oracle; `models/mistral3` wraps it.
///
/// **What sets it apart.** Against Llama 3: Mistral 7B v0.1 sees the last 4,096 positions only, in every layer.
/// Mistral Small 3.1 sees all, and its heads together are narrower than its hidden size (32 · 128 against 5,120).
///
/// **Disagreements.** The authors' files (`consolidated.safetensors`) rotate pairs (2i, 2i+1); those of Hugging Face
/// have queries and keys permuted, for pairs (i, i+d/2). The paper's text lets position i see i − W to i; its figure
/// draws W positions, the token among them, as here.
///
/// **Shapes.** T tokens in this call, S positions visible to one of them, D hidden size, F intermediate size, H
/// query heads, K KV heads, d head dim, V vocabulary.
///
/// **Not here.** The vision tower of Mistral Small 3.1; dropout.
///
/// ```
/// hidden ─┬─ input norm ─ attention ─ + ─┬─ post-attention norm ─ MLP ─ + ─ hidden
///         └───────────────────────────┘  └───────────────────────────┘
/// ```
public final class Mistral implements ReferenceDecoder<KvCache> {
    private final MistralConfig config;
    private final Weights weights;
    private final Rope rope;

    public Mistral(MistralConfig config, Weights weights) {
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
                    linear(layer.matrix("self_attn.o_proj.weight", D, context[0].length), context); // [T][D]
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
    private float[][] attend(float[][] x, Weights w, KvCache.Layer cache) {
        int H = config.numAttentionHeads();
        int K = config.numKeyValueHeads();
        int d = config.headDim();
        int D = config.hiddenSize();
        float[][] q = linear(w.matrix("q_proj.weight", H * d, D), x); // [T][H·d]
        float[][] k = linear(w.matrix("k_proj.weight", K * d, D), x); // [T][K·d]
        float[][] v = linear(w.matrix("v_proj.weight", K * d, D), x); // [T][K·d]

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
}
