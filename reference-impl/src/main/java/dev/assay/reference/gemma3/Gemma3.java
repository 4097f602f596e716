package dev.assay.reference.gemma3;

import static dev.assay.reference.math.ScalarMath.activate;
import static dev.assay.reference.math.ScalarMath.add;
import static dev.assay.reference.math.ScalarMath.dot;
import static dev.assay.reference.math.ScalarMath.linear;
import static dev.assay.reference.math.ScalarMath.softmax;
import static dev.assay.reference.math.ScalarMath.splitHeads;

import dev.assay.config.AttentionType;
import dev.assay.config.Gemma3Config;
import dev.assay.engine.Tap;
import dev.assay.engine.TapListener;
import dev.assay.engine.TapPoint;
import dev.assay.reference.cache.KvCache;
import dev.assay.reference.decoder.ReferenceDecoder;
import dev.assay.reference.decoder.Weights;
import dev.assay.reference.math.Rope;

/// Gemma 3, the text decoder: 270M to 27B.
///
/// **Source.** Gemma 3 Technical Report, arXiv:2503.19786, section 2. Wiring as in Hugging Face transformers 5.18.0,
/// `models/gemma3/modeling_gemma3.py`, which is the oracle. The authors' code is google-deepmind/gemma.
///
/// **What sets it apart.** Against Llama 3: a norm on both sides of each sub-block, all with gains stored as w for 1
/// + w; embeddings times √D; five of six layers see a window only and rotate with their own θ; QK-norm; GELU for
/// SiLU.
///
/// **Disagreements.** Hugging Face rounds √D to the type of the weights (bf16: √1152 becomes 34.0), as the authors'
/// code does; the oracle runs in double and does not. Softcaps of logits are Gemma 2's; the class still offers the
/// final one.
///
/// **Shapes.** T tokens in this call, S positions visible to one of them, D hidden size, F intermediate size, H
/// query heads, K KV heads, d head dim, V vocabulary.
///
/// **Not here.** The vision tower, and the attention in both directions between tokens of an image; dropout.
///
/// ```
/// hidden ─┬─ input norm ─ attention ─ post-attention norm ─ + ─ hidden
///         └─────────────────────────────────────────────────┘
/// hidden ─┬─ pre-feedforward norm ─ MLP ─ post-feedforward norm ─ + ─ hidden
///         └───────────────────────────────────────────────────────┘
/// ```
public final class Gemma3 implements ReferenceDecoder<KvCache> {
    private final Gemma3Config config;
    private final Weights weights;
    private final Rope fullRope;
    private final Rope slidingRope;

    public Gemma3(Gemma3Config config, Weights weights) {
        this.config = config;
        this.weights = weights;
        // Scaling of long contexts is for the layers that see them: sliding layers keep their own θ, unscaled.
        this.fullRope = new Rope(config.fullRopeParameters(), config.headDim());
        this.slidingRope = new Rope(config.slidingRopeParameters(), config.headDim());
    }

    @Override
    public KvCache newCache() {
        return new KvCache(config.numHiddenLayers());
    }

    @Override
    public float[][] forward(int[] tokens, KvCache cache, TapListener taps) {
        int D = config.hiddenSize();
        int L = config.numHiddenLayers();
        float[][] embedding = weights.matrix("model.embed_tokens.weight", config.vocabSize(), D); // [V][D]
        float[][] hidden = new float[tokens.length][D]; // [T][D]
        for (int t = 0; t < tokens.length; t++) {
            for (int i = 0; i < D; i++) {
                // The input only: a tied head uses the same matrix unscaled.
                hidden[t][i] = (float) (embedding[tokens[t]][i] * Math.sqrt(D));
            }
        }

        for (int i = 0; i < L; i++) {
            Weights layer = weights.under("model.layers." + i + ".");
            taps.on(TapPoint.of(Tap.HIDDEN, i), hidden);

            float[][] attentionInput = norm(hidden, layer, "input_layernorm"); // [T][D]
            taps.on(TapPoint.of(Tap.ATTENTION_INPUT, i), attentionInput);
            float[][] context = attend(i, attentionInput, layer.under("self_attn."), cache.layer(i)); // [T][H·d]
            taps.on(TapPoint.of(Tap.CONTEXT, i), context);
            float[][] attention = project(layer.under("self_attn."), "o_proj", D, context); // [T][D]
            taps.on(TapPoint.of(Tap.ATTENTION, i), attention);
            // Unlike Llama's norm of that name, on the attention's output.
            hidden = add(hidden, norm(attention, layer, "post_attention_layernorm"));

            float[][] mlpInput = norm(hidden, layer, "pre_feedforward_layernorm"); // [T][D]
            taps.on(TapPoint.of(Tap.FEED_FORWARD_INPUT, i), mlpInput);
            float[][] mlpOutput = mlp(mlpInput, layer.under("mlp.")); // [T][D]
            taps.on(TapPoint.of(Tap.FEED_FORWARD, i), mlpOutput);
            hidden = add(hidden, norm(mlpOutput, layer, "post_feedforward_layernorm"));
        }

        hidden = norm(hidden, weights, "model.norm");
        taps.on(TapPoint.of(Tap.HIDDEN, L), hidden);
        float[][] head = weights.matrix(
                config.tieWordEmbeddings() ? "model.embed_tokens.weight" : "lm_head.weight", config.vocabSize(), D);
        float[][] logits = linear(head, hidden); // [T][V]
        Double cap = config.finalLogitSoftcapping();
        if (cap != null) {
            for (float[] row : logits) {
                for (int v = 0; v < row.length; v++) {
                    row[v] = (float) (cap * StrictMath.tanh(row[v] / cap));
                }
            }
        }
        taps.on(TapPoint.LOGITS, logits);
        return logits;
    }

    /// Causal grouped-query attention up to the output projection, over all positions or a window. `x` is `[T][D]`,
    /// the result `[T][H·d]`.
    private float[][] attend(int layer, float[][] x, Weights w, KvCache.Layer cache) {
        int H = config.numAttentionHeads();
        int K = config.numKeyValueHeads();
        int d = config.headDim();
        boolean sliding = config.layerTypes().get(layer) == AttentionType.SLIDING;
        Rope rope = sliding ? slidingRope : fullRope;
        float[][] q = project(w, "q_proj", H * d, x); // [T][H·d]
        float[][] k = project(w, "k_proj", K * d, x); // [T][K·d]
        float[][] v = project(w, "v_proj", K * d, x); // [T][K·d]
        // Per head, before the rotation; the weights have d elements, shared by all heads.
        float[] qNorm = w.vector("q_norm.weight", d); // [d]
        float[] kNorm = w.vector("k_norm.weight", d); // [d]
        // Not √d: Gemma 3 27B has 168 here, D/H, with heads of 128.
        double scale = 1 / Math.sqrt(config.queryPreAttnScalar());

        float[][] context = new float[x.length][H * d]; // [T][H·d]
        for (int t = 0; t < x.length; t++) {
            int position = cache.length();
            float[][] queries = splitHeads(q[t], H); // [H][d]
            float[][] keys = splitHeads(k[t], K); // [K][d]
            for (int h = 0; h < H; h++) {
                queries[h] = rope.rotateHalfSplit(norm(queries[h], qNorm), position);
            }
            for (int h = 0; h < K; h++) {
                keys[h] = rope.rotateHalfSplit(norm(keys[h], kNorm), position);
            }
            // A token sees itself and what came before it, so it is cached before it attends.
            cache.append(keys, splitHeads(v[t], K));
            if (sliding) {
                // The window counts the token itself: it sees window − 1 positions before it, and no token needs more.
                cache.forgetBefore(position - config.slidingWindow() + 1);
            }
            int first = cache.first();

            for (int h = 0; h < H; h++) {
                int kvHead = h / (H / K);
                double[] scores = new double[position + 1 - first]; // [S], from position first on
                for (int s = 0; s < scores.length; s++) {
                    scores[s] = dot(queries[h], cache.key(first + s, kvHead)) * scale;
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

    /// GeGLU, arXiv:2002.05202, section 2: down(gelu(gate(x)) ⊙ up(x)). `x` and the result are `[T][D]`.
    private float[][] mlp(float[][] x, Weights w) {
        int D = config.hiddenSize();
        int F = config.intermediateSize();
        float[][] gate = linear(w.matrix("gate_proj.weight", F, D), x); // [T][F]
        float[][] up = linear(w.matrix("up_proj.weight", F, D), x); // [T][F]
        float[][] product = new float[x.length][F]; // [T][F]
        for (int t = 0; t < x.length; t++) {
            for (int i = 0; i < F; i++) {
                product[t][i] = (float) (activate(config.hiddenActivation(), gate[t][i]) * up[t][i]);
            }
        }
        return linear(w.matrix("down_proj.weight", D, F), product);
    }

    /// RMS norm of every token with the weight of that name. `x` and the result are `[T][D]`.
    private float[][] norm(float[][] x, Weights w, String name) {
        float[] weight = w.vector(name + ".weight", config.hiddenSize()); // [D]
        float[][] normed = new float[x.length][]; // [T][D]
        for (int t = 0; t < x.length; t++) {
            normed[t] = norm(x[t], weight);
        }
        return normed;
    }

    /// RMS norm with zero-centred weights: (1 + w) ⊙ x / √(mean(x²) + eps). `x`, `weight` and the result have one
    /// length.
    private float[] norm(float[] x, float[] weight) {
        double rms = Math.sqrt(dot(x, x) / x.length + config.rmsNormEps());
        float[] normed = new float[x.length];
        for (int i = 0; i < x.length; i++) {
            normed[i] = (float) ((1.0 + weight[i]) * (x[i] / rms));
        }
        return normed;
    }

    /// One of the four projections of the attention, with a bias if the configuration has `attention_bias`; no
    /// published Gemma 3 has. `x` is `[T][in]`, the result `[T][out]`.
    private float[][] project(Weights w, String name, int out, float[][] x) {
        float[][] weight = w.matrix(name + ".weight", out, x[0].length); // [out][in]
        return config.attentionBias() ? linear(weight, w.vector(name + ".bias", out), x) : linear(weight, x);
    }
}
