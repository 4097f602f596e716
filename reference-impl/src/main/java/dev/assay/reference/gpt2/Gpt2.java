package dev.assay.reference.gpt2;

import static dev.assay.reference.math.ScalarMath.activate;
import static dev.assay.reference.math.ScalarMath.add;
import static dev.assay.reference.math.ScalarMath.dot;
import static dev.assay.reference.math.ScalarMath.linear;
import static dev.assay.reference.math.ScalarMath.slice;
import static dev.assay.reference.math.ScalarMath.softmax;
import static dev.assay.reference.math.ScalarMath.splitHeads;

import dev.assay.config.Gpt2Config;
import dev.assay.engine.Tap;
import dev.assay.engine.TapListener;
import dev.assay.engine.TapPoint;
import dev.assay.reference.cache.KvCache;
import dev.assay.reference.decoder.ReferenceDecoder;
import dev.assay.reference.decoder.Weights;

/// GPT-2: 124M to 1.5B.
///
/// **Source.** Language Models are Unsupervised Multitask Learners, Radford et al. 2019, section 2.3; the authors'
/// code, openai/gpt-2, `src/model.py`. Wiring as in Hugging Face transformers 5.18.0,
/// `models/gpt2/modeling_gpt2.py`, which is the oracle.
///
/// **What sets it apart.** The baseline that all others left: layer norms with mean and bias, learned positions
/// added to the embedding, every head with its own key and value, an MLP without a gate, biases everywhere.
///
/// **Disagreements.** None known. Weights lie as the authors' 1×1 convolutions had them, `[in][out]`, the transpose
/// of every other family here. Published names have no prefix; files saved by Hugging Face have `transformer.`
/// before all.
///
/// **Shapes.** T tokens in this call, S positions visible to one of them, D hidden size, F intermediate size, H
/// heads, d head dim D/H, V vocabulary.
///
/// **Not here.** Dropout; `reorder_and_upcast_attn`, which changes the precision of attention scores and nothing
/// else; the heads for other tasks than predicting the next token.
///
/// ```
/// hidden ─┬─ ln_1 ─ attention ─ + ─┬─ ln_2 ─ MLP ─ + ─ hidden
///         └─────────────────────┘  └─────────────┘
/// ```
public final class Gpt2 implements ReferenceDecoder<KvCache> {
    private final Gpt2Config config;
    private final Weights weights;

    public Gpt2(Gpt2Config config, Weights weights) {
        this.config = config;
        this.weights = weights;
    }

    @Override
    public KvCache newCache() {
        return new KvCache(config.numHiddenLayers());
    }

    @Override
    public float[][] forward(int[] tokens, KvCache cache, TapListener taps) {
        int D = config.hiddenSize();
        int L = config.numHiddenLayers();
        int F = config.intermediateSize();
        float[][] embedding = weights.matrix("wte.weight", config.vocabSize(), D); // [V][D]
        float[][] positions = weights.matrix("wpe.weight", config.maxPositionEmbeddings(), D); // [positions][D]
        int start = cache.length(); // position of the first token of this call
        if (start + tokens.length > positions.length) {
            throw new IllegalArgumentException("GPT-2 has learned " + positions.length + " positions, position "
                    + (start + tokens.length - 1) + " is none of them");
        }
        float[][] hidden = new float[tokens.length][]; // [T][D]
        for (int t = 0; t < tokens.length; t++) {
            hidden[t] = add(new float[][] {embedding[tokens[t]]}, new float[][] {positions[start + t]})[0];
        }

        for (int i = 0; i < L; i++) {
            Weights layer = weights.under("h." + i + ".");
            taps.on(TapPoint.of(Tap.HIDDEN, i), hidden);

            float[][] attentionInput = norm(hidden, layer.under("ln_1.")); // [T][D]
            taps.on(TapPoint.of(Tap.ATTENTION_INPUT, i), attentionInput);
            float[][] context = attend(i, attentionInput, layer.under("attn."), cache.layer(i)); // [T][D]
            taps.on(TapPoint.of(Tap.CONTEXT, i), context);
            float[][] attention = conv1d(layer.under("attn.c_proj."), D, context); // [T][D]
            taps.on(TapPoint.of(Tap.ATTENTION, i), attention);
            hidden = add(hidden, attention);

            float[][] mlpInput = norm(hidden, layer.under("ln_2.")); // [T][D]
            taps.on(TapPoint.of(Tap.FEED_FORWARD_INPUT, i), mlpInput);
            float[][] inner = conv1d(layer.under("mlp.c_fc."), F, mlpInput); // [T][F]
            for (float[] row : inner) {
                for (int j = 0; j < F; j++) {
                    row[j] = (float) activate(config.activationFunction(), row[j]);
                }
            }
            float[][] mlpOutput = conv1d(layer.under("mlp.c_proj."), D, inner); // [T][D]
            taps.on(TapPoint.of(Tap.FEED_FORWARD, i), mlpOutput);
            hidden = add(hidden, mlpOutput);
        }

        hidden = norm(hidden, weights.under("ln_f."));
        taps.on(TapPoint.of(Tap.HIDDEN, L), hidden);
        float[][] head =
                weights.matrix(config.tieWordEmbeddings() ? "wte.weight" : "lm_head.weight", config.vocabSize(), D);
        float[][] logits = linear(head, hidden); // [T][V]
        taps.on(TapPoint.LOGITS, logits);
        return logits;
    }

    /// Causal multi-head attention up to the output projection. `x` and the result are `[T][D]`.
    private float[][] attend(int layer, float[][] x, Weights w, KvCache.Layer cache) {
        int D = config.hiddenSize();
        int H = config.numAttentionHeads();
        int d = D / H;
        double divisor = scoreDivisor(layer, d);
        // One matrix for all three: queries, keys and values side by side along the output.
        float[][] qkv = conv1d(w.under("c_attn."), 3 * D, x); // [T][3·D]

        float[][] context = new float[x.length][D]; // [T][D]
        for (int t = 0; t < x.length; t++) {
            float[][] queries = splitHeads(slice(qkv[t], 0, D), H); // [H][d]
            // A token sees itself and all before it, so it is cached before it attends.
            cache.append(splitHeads(slice(qkv[t], D, D), H), splitHeads(slice(qkv[t], 2 * D, D), H));
            for (int h = 0; h < H; h++) {
                double[] scores = new double[cache.length()]; // [S]
                for (int s = 0; s < scores.length; s++) {
                    scores[s] = dot(queries[h], cache.key(s, h)) / divisor;
                }
                double[] p = softmax(scores); // [S]
                for (int i = 0; i < d; i++) {
                    double sum = 0;
                    for (int s = 0; s < p.length; s++) {
                        sum += p[s] * cache.value(s, h)[i];
                    }
                    context[t][h * d + i] = (float) sum;
                }
            }
        }
        return context;
    }

    /// What attention scores are divided by. The authors divide by √d alone; the two switches are Hugging Face's.
    private double scoreDivisor(int layer, int d) {
        double divisor = config.scaleAttnWeights() ? Math.sqrt(d) : 1;
        return config.scaleAttnByInverseLayerIdx() ? divisor * (layer + 1) : divisor;
    }

    /// Layer norm, arXiv:1607.06450: w ⊙ (x − mean) / √(var + eps) + b, the variance over n elements, not n − 1.
    /// `x` and the result are `[T][D]`.
    private float[][] norm(float[][] x, Weights w) {
        int D = config.hiddenSize();
        float[] weight = w.vector("weight", D); // [D]
        float[] bias = w.vector("bias", D); // [D]
        float[][] normed = new float[x.length][D]; // [T][D]
        for (int t = 0; t < x.length; t++) {
            double mean = 0;
            for (float value : x[t]) {
                mean += value;
            }
            mean /= D;
            double variance = 0;
            for (float value : x[t]) {
                double deviation = value - mean;
                variance += deviation * deviation;
            }
            variance /= D;
            for (int i = 0; i < D; i++) {
                normed[t][i] = (float)
                        (weight[i] * ((x[t][i] - mean) / Math.sqrt(variance + config.layerNormEpsilon())) + bias[i]);
            }
        }
        return normed;
    }

    /// x·W + b with `weight` stored as `[in][out]`. `x` is `[T][in]`, the result `[T][out]`.
    private static float[][] conv1d(Weights w, int out, float[][] x) {
        int in = x[0].length;
        float[][] weight = w.matrix("weight", in, out); // [in][out]
        float[] bias = w.vector("bias", out); // [out]
        float[][] y = new float[x.length][out]; // [T][out]
        for (int t = 0; t < x.length; t++) {
            for (int o = 0; o < out; o++) {
                double sum = bias[o];
                for (int i = 0; i < in; i++) {
                    sum += (double) x[t][i] * weight[i][o];
                }
                y[t][o] = (float) sum;
            }
        }
        return y;
    }
}
