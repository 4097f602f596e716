package dev.assay.reference.deepseekv3;

import static dev.assay.reference.math.ScalarMath.activate;
import static dev.assay.reference.math.ScalarMath.add;
import static dev.assay.reference.math.ScalarMath.concatenate;
import static dev.assay.reference.math.ScalarMath.dot;
import static dev.assay.reference.math.ScalarMath.linear;
import static dev.assay.reference.math.ScalarMath.rmsNorm;
import static dev.assay.reference.math.ScalarMath.rows;
import static dev.assay.reference.math.ScalarMath.sigmoid;
import static dev.assay.reference.math.ScalarMath.slice;
import static dev.assay.reference.math.ScalarMath.softmax;
import static dev.assay.reference.math.ScalarMath.splitHeads;
import static dev.assay.reference.math.ScalarMath.topK;

import dev.assay.config.DeepSeekV3Config;
import dev.assay.config.RopeParameters.Default;
import dev.assay.config.RopeParameters.Linear;
import dev.assay.config.RopeParameters.Llama3;
import dev.assay.config.RopeParameters.Yarn;
import dev.assay.engine.Tap;
import dev.assay.engine.TapListener;
import dev.assay.engine.TapPoint;
import dev.assay.reference.cache.LatentCache;
import dev.assay.reference.decoder.ReferenceDecoder;
import dev.assay.reference.decoder.Weights;
import dev.assay.reference.math.Rope;
import java.util.Arrays;

/// DeepSeek V3, V3.1 and R1, and Kimi K2.
///
/// **Source.** DeepSeek-V3 Technical Report, arXiv:2412.19437, section 2.1; equation numbers below are its own. Kimi
/// K2, arXiv:2507.20534, section 2.3, is a configuration. Wiring as in Hugging Face transformers 5.18.0,
/// `models/deepseek_v3/modeling_deepseek_v3.py`, which is the oracle. The authors' code is deepseek-ai/DeepSeek-V3,
/// `inference/model.py`, commit 9b4e978.
///
/// **What sets it apart.** Against Llama 3: keys and values of all heads are projected from one small latent, and
/// only that latent and one rotated key are cached (multi-head latent attention); after the first dense layers the
/// MLP is a mixture of experts, chosen by sigmoid scores plus a bias that balances load but carries no weight. Kimi
/// K2 has half the heads, one expert group (so the group step chooses all), one dense layer and a YaRN ramp one pair
/// wide.
///
/// **Disagreements.** Hugging Face is followed in all of them.
/// - *Experts of groups not chosen* are masked with −∞ by Hugging Face 5.18 and by DeepSeek. Older remote code, and
///   ports of it, mask with 0: there an expert outside wins against a kept one whose biased score is negative.
/// - *Normalising the routing weights*: Hugging Face adds 1e-20 to the sum and obeys `norm_topk_prob`; DeepSeek adds
///   nothing and always normalises sigmoid scores. The remote code does not normalise a single expert, 5.18 does.
/// - *Rotated pairs*: DeepSeek rotates (2i, 2i+1) in place. Hugging Face computes the same rotation but writes the
///   even elements first, then the odd ones, in query and key alike: equal scores, a permuted cache. Here they stay
///   in place.
/// - *Softmax scale*: Hugging Face multiplies by mscale² made from `mscale_all_dim`, whatever the context. DeepSeek
///   makes it from `mscale`, and uses it, like YaRN itself, only when run with a context beyond the original one.
///   Published files have both 1.
/// - *Correction bias*: DeepSeek's code has one only where the hidden size is 7168, that is in V3 itself.
///
/// **Shapes.** T tokens in this call, S positions cached, D hidden size, F intermediate size of an MLP, E routed
/// experts, k chosen experts, H heads, C KV latent (`kv_lora_rank`), n / r / v elements of a head without position /
/// rotated / of the value (`qk_nope_head_dim`, `qk_rope_head_dim`, `v_head_dim`), V vocabulary.
///
/// **Not here.** Multi-token prediction (the layers after L that checkpoints carry), FP8 arithmetic (blocks are
/// dequantised when read), the sparse attention of V3.2, the vision tower of Kimi K2.5, dropout, balance losses.
public final class DeepSeekV3 implements ReferenceDecoder<LatentCache> {
    /// Eps of the norms on both latents. Not `rms_norm_eps`: Hugging Face builds these two with its class default,
    /// and DeepSeek's code has 1e-6 everywhere. Kimi K2 Thinking says 1e-5 and still gets 1e-6 here.
    private static final double LATENT_NORM_EPS = 1e-6;

    private final DeepSeekV3Config config;
    private final Weights weights;
    private final Rope rope;

    public DeepSeekV3(DeepSeekV3Config config, Weights weights) {
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
            float[][] attention = projectMaybeBiased(layer.under("self_attn."), "o_proj", D, context); // [T][D]
            taps.on(TapPoint.of(Tap.ATTENTION, i), attention);
            hidden = add(hidden, attention);

            // Named after what it follows: it is the norm before the MLP or the experts.
            float[][] mlpInput = rmsNorm(hidden, layer.vector("post_attention_layernorm.weight", D), eps); // [T][D]
            taps.on(TapPoint.of(Tap.FEED_FORWARD_INPUT, i), mlpInput);
            float[][] mlpOutput = i < config.firstKDenseReplace()
                    ? mlp(mlpInput, config.intermediateSize(), layer.under("mlp."))
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

    /// Multi-head latent attention up to the output projection, eq. 1 to 10. `x` is `[T][D]`, the result
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
        float[][] compressed = projectMaybeBiased(w, "kv_a_proj_with_mqa", C + r, x); // [T][C+r]
        float[] latentNorm = w.vector("kv_a_layernorm.weight", C); // [C]

        int start = cache.length(); // position of the first token of this call
        for (int t = 0; t < x.length; t++) {
            // The norm, which section 4.2 adds to the equations, sees the latent only, not the key beside it.
            float[] latent = rmsNorm(slice(compressed[t], 0, C), latentNorm, LATENT_NORM_EPS); // [C]
            float[] key = slice(compressed[t], C, r); // [r]
            cache.append(latent, rotate(key, start + t));
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
                float[] query = concatenate(slice(heads[h], 0, n), rotate(slice(heads[h], n, r), start + t)); // [n+r]
                double[] scores = new double[start + t + 1]; // [S]: itself and all before it
                for (int s = 0; s < scores.length; s++) {
                    scores[s] = dot(query, keys[s][h]) * scale;
                }
                double[] p = softmax(scores); // [S]
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

    /// Queries of all heads before the rotation, by way of a latent, eq. 6 to 9, or in one step where `q_lora_rank`
    /// is null. `x` is `[T][D]`, the result `[T][H·(n+r)]`.
    private float[][] queries(float[][] x, Weights w) {
        int width = config.numAttentionHeads() * (config.qkNopeHeadDim() + config.qkRopeHeadDim()); // H·(n+r)
        Integer rank = config.qLoraRank();
        if (rank == null) {
            return linear(w.matrix("q_proj.weight", width, config.hiddenSize()), x);
        }
        float[][] latent = projectMaybeBiased(w, "q_a_proj", rank, x); // [T][qLoraRank]
        float[][] normed = rmsNorm(latent, w.vector("q_a_layernorm.weight", rank), LATENT_NORM_EPS); // [T][qLoraRank]
        return linear(w.matrix("q_b_proj.weight", width, rank), normed);
    }

    /// Rotates the last r elements of a query head or the shared key, `[r]`.
    private float[] rotate(float[] head, int position) {
        return config.ropeInterleave() ? rope.rotateInterleaved(head, position) : rope.rotateHalfSplit(head, position);
    }

    /// 1/√(n+r), eq. 10, times mscale² where YaRN extends the context: the temperature that YaRN would put into
    /// cosine and sine acts on all n+r elements of a head here, although only r of them are rotated.
    static double softmaxScale(DeepSeekV3Config config) {
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

    /// Mixture of experts, eq. 12 to 16: the shared experts plus the chosen ones, weighted. `x` and the result are
    /// `[T][D]`.
    private float[][] moe(float[][] x, Weights w, int layer, TapListener taps) {
        int D = config.hiddenSize();
        int E = config.nRoutedExperts();
        float[][] centroids = w.matrix("gate.weight", E, D); // [E][D], a row an expert
        // Called a buffer, not a parameter, in HF, but stored in the checkpoint and needed.
        float[] bias = w.vector("gate.e_score_correction_bias", E); // [E]
        float[][] routerLogits = new float[x.length][E]; // [T][E]
        double[][] scores = new double[x.length][E]; // [T][E]
        int[][] chosen = new int[x.length][]; // [T][k]
        for (int t = 0; t < x.length; t++) {
            for (int e = 0; e < E; e++) {
                // Scores are made from the sum before it is rounded, so that near ties fall as in the oracle.
                double logit = dot(centroids[e], x[t]);
                routerLogits[t][e] = (float) logit;
                scores[t][e] = sigmoid(logit); // eq. 15
            }
            chosen[t] = choose(scores[t], bias);
        }
        taps.on(TapPoint.of(Tap.ROUTER_LOGITS, layer), routerLogits);
        taps.onRoutedExperts(layer, chosen);

        // Several shared experts are one MLP of their joint width.
        int sharedWidth = config.nSharedExperts() * config.moeIntermediateSize();
        float[][] shared = mlp(x, sharedWidth, w.under("shared_experts.")); // [T][D]
        float[][] output = new float[x.length][D]; // [T][D]
        for (int t = 0; t < x.length; t++) {
            double[] sum = new double[D]; // [D]
            double[] routingWeights = routingWeights(scores[t], chosen[t]); // [k]
            for (int j = 0; j < chosen[t].length; j++) {
                Weights expert = w.under("experts." + chosen[t][j] + ".");
                float[] expertOutput = mlp(new float[][] {x[t]}, config.moeIntermediateSize(), expert)[0]; // [D]
                for (int i = 0; i < D; i++) {
                    sum[i] += routingWeights[j] * expertOutput[i];
                }
            }
            for (int i = 0; i < D; i++) {
                output[t][i] = (float) (sum[i] + shared[t][i]);
            }
        }
        return output;
    }

    /// The k experts of a token, best first, eq. 16: by score plus bias, from the groups whose two best experts
    /// have the largest sum (section 2.1.2, node-limited routing). `scores` and `bias` are `[E]`.
    int[] choose(double[] scores, float[] bias) {
        int E = config.nRoutedExperts();
        double[] biased = new double[E]; // [E]
        for (int e = 0; e < E; e++) {
            biased[e] = scores[e] + bias[e];
        }

        int groupSize = E / config.nGroup();
        double[] groupScores = new double[config.nGroup()]; // [nGroup]
        for (int g = 0; g < groupScores.length; g++) {
            double[] group = Arrays.copyOfRange(biased, g * groupSize, (g + 1) * groupSize); // [E/nGroup]
            int[] best = topK(group, 2);
            groupScores[g] = group[best[0]] + group[best[1]];
        }

        double[] eligible = new double[E]; // [E]
        Arrays.fill(eligible, Double.NEGATIVE_INFINITY);
        for (int g : topK(groupScores, config.topkGroup())) {
            System.arraycopy(biased, g * groupSize, eligible, g * groupSize, groupSize);
        }
        return topK(eligible, config.numExpertsPerTok());
    }

    /// The weights of the chosen experts, `[k]`, eq. 13 and 14, from their scores without bias, times
    /// `routed_scaling_factor`.
    double[] routingWeights(double[] scores, int[] chosen) {
        double sum = 1e-20; // HF's guard against a division by zero
        for (int e : chosen) {
            sum += scores[e];
        }
        double[] routingWeights = new double[chosen.length]; // [k]
        for (int j = 0; j < chosen.length; j++) {
            double weight = config.normTopkProb() ? scores[chosen[j]] / sum : scores[chosen[j]];
            routingWeights[j] = weight * config.routedScalingFactor();
        }
        return routingWeights;
    }

    /// A projection of the attention that has a bias if the configuration has `attention_bias`: those out of and
    /// into the hidden state (q_a_proj, kv_a_proj_with_mqa, o_proj), but never q_proj, q_b_proj and kv_b_proj. `x`
    /// is `[T][in]`, the result `[T][out]`.
    private float[][] projectMaybeBiased(Weights w, String name, int out, float[][] x) {
        float[][] weight = w.matrix(name + ".weight", out, x[0].length); // [out][in]
        return config.attentionBias() ? linear(weight, w.vector(name + ".bias", out), x) : linear(weight, x);
    }
}
