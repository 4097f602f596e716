package dev.assay.reference.deepseekv2;

import static dev.assay.reference.math.ScalarMath.activate;
import static dev.assay.reference.math.ScalarMath.add;
import static dev.assay.reference.math.ScalarMath.concatenate;
import static dev.assay.reference.math.ScalarMath.dot;
import static dev.assay.reference.math.ScalarMath.linear;
import static dev.assay.reference.math.ScalarMath.rmsNorm;
import static dev.assay.reference.math.ScalarMath.rows;
import static dev.assay.reference.math.ScalarMath.slice;
import static dev.assay.reference.math.ScalarMath.softmax;
import static dev.assay.reference.math.ScalarMath.splitHeads;
import static dev.assay.reference.math.ScalarMath.topK;

import dev.assay.config.DeepSeekV2Config;
import dev.assay.config.RopeParameters.Default;
import dev.assay.config.RopeParameters.Linear;
import dev.assay.config.RopeParameters.Llama3;
import dev.assay.config.RopeParameters.Yarn;
import dev.assay.config.TopkMethod;
import dev.assay.engine.Tap;
import dev.assay.engine.TapListener;
import dev.assay.engine.TapPoint;
import dev.assay.reference.cache.LatentCache;
import dev.assay.reference.decoder.ReferenceDecoder;
import dev.assay.reference.decoder.Weights;
import dev.assay.reference.math.Rope;

/// DeepSeek V2 and V2-Lite.
///
/// **Source.** DeepSeek-V2, arXiv:2405.04434, section 2; equation numbers below are its own. Wiring as in Hugging
/// Face transformers 5.18.0, `models/deepseek_v2/modeling_deepseek_v2.py`, which is the oracle.
///
/// **What sets it apart.** Against V3: scores are a softmax over all experts, a group is worth its best expert,
/// there is no correction bias, and the weights of the chosen experts are used as they are, not made to sum to 1.
/// V2-Lite has no query latent and no groups.
///
/// **Disagreements.** Hugging Face is followed in all of them.
/// - *Softmax scale under YaRN*: 5.18 multiplies by mscale², made from `mscale_all_dim`, as DeepSeek's code does;
///   4.57 leaves it out.
/// - *Experts of groups not chosen* get the score 0, not −∞. A softmax is never negative, so the choice is the same.
/// - *`norm_topk_prob`* is false in every published file; 5.18 has no such key and never normalises.
/// - *Rotated pairs* are (2i, 2i+1), as in DeepSeek's code; unlike its V3, Hugging Face leaves them in place.
///
/// **Shapes.** T tokens in this call, S positions cached, D hidden size, F intermediate size of an MLP, E routed
/// experts, k chosen experts, H heads, C KV latent (`kv_lora_rank`), n / r / v elements of a head without position /
/// rotated / of the value (`qk_nope_head_dim`, `qk_rope_head_dim`, `v_head_dim`), V vocabulary.
///
/// **Not here.** Dropout, balance losses, the limit on devices an expert's tokens go to in training.
public final class DeepSeekV2 implements ReferenceDecoder<LatentCache> {
    /// Eps of the norms on both latents. Not `rms_norm_eps`: Hugging Face builds these two with its class default.
    private static final double LATENT_NORM_EPS = 1e-6;

    private final DeepSeekV2Config config;
    private final Weights weights;
    private final Rope rope;

    public DeepSeekV2(DeepSeekV2Config config, Weights weights) {
        this.config = config;
        this.weights = weights;
        this.rope = new Rope(config.ropeParameters(), config.qkRopeHeadDim());
    }

    @Override
    public LatentCache newCache() {
        return new LatentCache(config.numHiddenLayers());
    }

    @Override
    public float[][] forward(int[] tokens, LatentCache cache, TapListener taps) {
        int D = config.hiddenSize();
        int L = config.numHiddenLayers();
        double eps = config.rmsNormEps();
        float[][] hidden = rows(weights.matrix("model.embed_tokens.weight", config.vocabSize(), D), tokens); // [T][D]

        for (int i = 0; i < L; i++) {
            Weights layer = weights.under("model.layers." + i + ".");
            taps.on(TapPoint.of(Tap.HIDDEN, i), hidden);

            float[][] attentionInput = rmsNorm(hidden, layer.vector("input_layernorm.weight", D), eps); // [T][D]
            taps.on(TapPoint.of(Tap.ATTENTION_INPUT, i), attentionInput);
            float[][] context = attend(attentionInput, layer.under("self_attn."), cache.layer(i)); // [T][H·v]
            taps.on(TapPoint.of(Tap.CONTEXT, i), context);
            float[][] attention =
                    project(layer.under("self_attn."), "o_proj", D, config.attentionBias(), context); // [T][D]
            taps.on(TapPoint.of(Tap.ATTENTION, i), attention);
            hidden = add(hidden, attention);

            // Named after what it follows: it is the norm before the MLP or the experts.
            float[][] mlpInput = rmsNorm(hidden, layer.vector("post_attention_layernorm.weight", D), eps); // [T][D]
            taps.on(TapPoint.of(Tap.FEED_FORWARD_INPUT, i), mlpInput);
            float[][] mlpOutput = i < config.firstKDenseReplace()
                    ? mlp(mlpInput, config.intermediateSize(), config.mlpBias(), layer.under("mlp."))
                    : moe(mlpInput, layer.under("mlp."), i, taps); // [T][D]
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

    /// Multi-head latent attention up to the output projection, eq. 9 to 18. `x` is `[T][D]`, the result
    /// `[T][H·v]`.
    ///
    /// Keys and values are expanded from the latents before they are used, as the equations have it. Engines may
    /// instead absorb the expansion into queries and outputs; that is the same product in another order.
    private float[][] attend(float[][] x, Weights w, LatentCache.Layer cache) {
        int H = config.numAttentionHeads();
        int C = config.kvLoraRank();
        int n = config.qkNopeHeadDim();
        int r = config.qkRopeHeadDim();
        int v = config.vHeadDim();
        float[][] q = queries(x, w); // [T][H·(n+r)]
        float[][] compressed = project(w, "kv_a_proj_with_mqa", C + r, config.attentionBias(), x); // [T][C+r]
        float[] latentNorm = w.vector("kv_a_layernorm.weight", C); // [C]

        int start = cache.length(); // position of the first token of this call
        for (int t = 0; t < x.length; t++) {
            // The norm sees the latent only. The key beside it is rotated without one.
            float[] latent = rmsNorm(slice(compressed[t], 0, C), latentNorm, LATENT_NORM_EPS); // [C]
            float[] key = slice(compressed[t], C, r); // [r]
            cache.append(latent, rope.rotateInterleaved(key, start + t));
        }

        // Rows of kv_b_proj: for each head its n key rows, then its v value rows.
        float[][] expansion = w.matrix("kv_b_proj.weight", H * (n + v), C); // [H·(n+v)][C]
        int S = cache.length();
        float[][][] keys = new float[S][H][]; // [S][H][n+r]
        float[][][] values = new float[S][H][]; // [S][H][v]
        for (int s = 0; s < S; s++) {
            float[][] heads = splitHeads(linear(expansion, cache.latent(s)), H); // [H][n+v]
            for (int h = 0; h < H; h++) {
                // All heads share the rotated part of the key.
                keys[s][h] = concatenate(slice(heads[h], 0, n), cache.rotatedKey(s));
                values[s][h] = slice(heads[h], n, v);
            }
        }

        double scale = softmaxScale(config);
        float[][] context = new float[x.length][H * v]; // [T][H·v]
        for (int t = 0; t < x.length; t++) {
            float[][] heads = splitHeads(q[t], H); // [H][n+r]
            for (int h = 0; h < H; h++) {
                // A query head has its n elements without position first, then the r rotated ones.
                float[] query = concatenate(
                        slice(heads[h], 0, n), rope.rotateInterleaved(slice(heads[h], n, r), start + t)); // [n+r]
                double[] scores = new double[start + t + 1]; // [S]: itself and all before it
                for (int s = 0; s < scores.length; s++) {
                    scores[s] = dot(query, keys[s][h]) * scale;
                }
                double[] p = softmax(scores);
                for (int i = 0; i < v; i++) {
                    double sum = 0;
                    for (int s = 0; s < p.length; s++) {
                        sum += p[s] * values[s][h][i];
                    }
                    context[t][h * v + i] = (float) sum;
                }
            }
        }
        return context;
    }

    /// Queries of all heads before the rotation, by way of a latent, eq. 12 to 14 and 16, or in one step where
    /// `q_lora_rank` is null. `x` is `[T][D]`, the result `[T][H·(n+r)]`.
    private float[][] queries(float[][] x, Weights w) {
        int width = config.numAttentionHeads() * (config.qkNopeHeadDim() + config.qkRopeHeadDim()); // H·(n+r)
        Integer rank = config.qLoraRank();
        if (rank == null) {
            return linear(w.matrix("q_proj.weight", width, config.hiddenSize()), x);
        }
        float[][] latent = project(w, "q_a_proj", rank, config.attentionBias(), x); // [T][qLoraRank]
        float[][] normed = rmsNorm(latent, w.vector("q_a_layernorm.weight", rank), LATENT_NORM_EPS);
        return linear(w.matrix("q_b_proj.weight", width, rank), normed);
    }

    /// 1/√(n+r), eq. 18, times mscale² where YaRN extends the context: the temperature that YaRN would put into
    /// cosine and sine acts on all n+r elements of a head here, although only r of them are rotated.
    static double softmaxScale(DeepSeekV2Config config) {
        double scale = 1 / Math.sqrt(config.qkNopeHeadDim() + config.qkRopeHeadDim());
        return switch (config.ropeParameters()) {
            case Default _, Linear _, Llama3 _ -> scale;
            case Yarn yarn -> {
                Double mscaleAllDim = yarn.mscaleAllDim();
                double mscale = mscaleAllDim == null ? 1 : Rope.yarnMscale(yarn.factor(), mscaleAllDim);
                yield scale * mscale * mscale;
            }
        };
    }

    /// SwiGLU, arXiv:2002.05202, section 2: down(silu(gate(x)) ⊙ up(x)). `x` and the result are `[T][D]`.
    private float[][] mlp(float[][] x, int F, boolean bias, Weights w) {
        float[][] gate = project(w, "gate_proj", F, bias, x); // [T][F]
        float[][] up = project(w, "up_proj", F, bias, x); // [T][F]
        float[][] product = new float[x.length][F]; // [T][F]
        for (int t = 0; t < x.length; t++) {
            for (int i = 0; i < F; i++) {
                product[t][i] = (float) (activate(config.hiddenAct(), gate[t][i]) * up[t][i]);
            }
        }
        return project(w, "down_proj", config.hiddenSize(), bias, product);
    }

    /// Mixture of experts, eq. 20 to 22: the shared experts plus the chosen ones, weighted. `x` and the result are
    /// `[T][D]`.
    private float[][] moe(float[][] x, Weights w, int layer, TapListener taps) {
        int D = config.hiddenSize();
        int E = config.nRoutedExperts();
        float[][] centroids = w.matrix("gate.weight", E, D); // [E][D], a row an expert
        // Several shared experts are one MLP of their joint width. Unlike the routed ones, it has `mlp_bias`.
        int sharedWidth = config.nSharedExperts() * config.moeIntermediateSize();
        float[][] shared = mlp(x, sharedWidth, config.mlpBias(), w.under("shared_experts.")); // [T][D]
        float[][] routerLogits = new float[x.length][E]; // [T][E]
        int[][] chosen = new int[x.length][]; // [T][k]
        float[][] output = new float[x.length][D]; // [T][D]
        for (int t = 0; t < x.length; t++) {
            double[] logits = new double[E]; // [E]
            for (int e = 0; e < E; e++) {
                // Scores are made from the sum before it is rounded, so that near ties fall as in the oracle.
                logits[e] = dot(centroids[e], x[t]);
                routerLogits[t][e] = (float) logits[e];
            }
            double[] scores = softmax(logits); // [E], eq. 22
            chosen[t] = choose(scores);
            double[] sum = new double[D]; // [D]
            for (int e : chosen[t]) {
                Weights expert = w.under("experts." + e + ".");
                float[] expertOutput = mlp(new float[][] {x[t]}, config.moeIntermediateSize(), false, expert)[0]; // [D]
                for (int i = 0; i < D; i++) {
                    // Not normalised over the chosen: unlike in V3, the scores are weights as they are.
                    sum[i] += scores[e] * config.routedScalingFactor() * expertOutput[i];
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

    /// The k experts of a token, best first, by score, `[E]`; where there are groups, from those whose best expert
    /// is best (section 2.2.2, device-limited routing).
    private int[] choose(double[] scores) {
        return switch (config.topkMethod()) {
            case TopkMethod.Greedy() -> topK(scores, config.numExpertsPerTok());
            case TopkMethod.GroupLimitedGreedy(int nGroup, int topkGroup) -> {
                int groupSize = scores.length / nGroup;
                double[] groupScores = new double[nGroup]; // [nGroup]
                for (int e = 0; e < scores.length; e++) {
                    groupScores[e / groupSize] = Math.max(groupScores[e / groupSize], scores[e]);
                }
                double[] eligible = new double[scores.length]; // [E], 0 outside the chosen groups
                for (int g : topK(groupScores, topkGroup)) {
                    System.arraycopy(scores, g * groupSize, eligible, g * groupSize, groupSize);
                }
                yield topK(eligible, config.numExpertsPerTok());
            }
        };
    }

    /// A projection, with a bias or without. `x` is `[T][in]`, the result `[T][out]`.
    private static float[][] project(Weights w, String name, int out, boolean bias, float[][] x) {
        float[][] weight = w.matrix(name + ".weight", out, x[0].length); // [out][in]
        return bias ? linear(weight, w.vector(name + ".bias", out), x) : linear(weight, x);
    }
}
