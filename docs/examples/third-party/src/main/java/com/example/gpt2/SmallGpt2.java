package com.example.gpt2;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.config.Gpt2Config;
import dev.assay.config.HiddenActivation;
import dev.assay.config.ModelConfig;
import dev.assay.engine.Capability;
import dev.assay.engine.ComputeType;
import dev.assay.engine.Engine;
import dev.assay.engine.EngineInfo;
import dev.assay.engine.Execution;
import dev.assay.engine.Footprint;
import dev.assay.engine.LoadOptions;
import dev.assay.engine.LogitsScope;
import dev.assay.engine.Model;
import dev.assay.engine.Prediction;
import dev.assay.engine.Session;
import dev.assay.engine.SessionOptions;
import dev.assay.engine.Support;
import dev.assay.engine.Tap;
import dev.assay.engine.TapPoint;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// GPT-2, one token after the other, in plain loops.
public final class SmallGpt2 implements Engine {
    @Override
    public EngineInfo info() {
        return new EngineInfo("small-gpt2", "Small GPT-2", "1.0", ComputeType.FLOAT32);
    }

    @Override
    public Support supports(ModelConfig config) {
        if (!(config instanceof Gpt2Config gpt2)) {
            return new Support.Unsupported("this engine runs GPT-2 only");
        }
        if (!gpt2.scaleAttnWeights() || gpt2.scaleAttnByInverseLayerIdx()) {
            return new Support.Unsupported("attention scores are divided by the root of the head's width, and that is all");
        }
        if (gpt2.activationFunction() != HiddenActivation.GELU_TANH) {
            return new Support.Unsupported("the only GELU is the approximation by tanh");
        }
        return new Support.Supported(Set.of(
                Capability.FULL_LOGITS,
                Capability.ALL_POSITIONS,
                Capability.TAPS,
                Capability.CHUNKED_PREFILL,
                Capability.CONCURRENT_SESSIONS,
                Capability.KV_CACHE_BYTES));
    }

    @Override
    public Model load(Checkpoint checkpoint, LoadOptions options) {
        return new Gpt2Model(checkpoint, (Gpt2Config) checkpoint.config(), new HashMap<>());
    }

    private record Gpt2Model(Checkpoint checkpoint, Gpt2Config config, Map<String, float[][]> matrices) implements Model {
        @Override
        public Session newSession(SessionOptions options) {
            return new Gpt2Session(this, options);
        }

        @Override
        public Footprint footprint() {
            return new Footprint(0, Float.BYTES);
        }

        @Override
        public Execution execution() {
            return new Execution("scalar", 0, 1, List.of("one token after the other, in a prefill too"));
        }

        @Override
        public void close() {}

        float[][] matrix(String name, int rows, int columns) {
            return matrices.computeIfAbsent(name, _ -> checkpoint.tensor(name, rows, columns).toMatrix());
        }

        float[] vector(String name, int length) {
            return checkpoint.tensor(name, length).toVector();
        }
    }

    private static final class Gpt2Session implements Session {
        private final Gpt2Model model;
        private final Gpt2Config config;
        private final SessionOptions options;
        private final List<List<float[]>> cache = new ArrayList<>(); // by layer and position: keys and values, [2·D]
        private int length;

        Gpt2Session(Gpt2Model model, SessionOptions options) {
            this.model = model;
            this.config = model.config();
            this.options = options;
            reset();
        }

        @Override
        public Prediction prefill(int[] tokens) {
            float[][] logits = new float[tokens.length][]; // [T][V]
            for (int t = 0; t < tokens.length; t++) {
                logits[t] = forward(tokens[t]);
            }
            return new Prediction.Logits(
                    options.logits() == LogitsScope.ALL_POSITIONS
                            ? logits
                            : new float[][] {logits[tokens.length - 1]});
        }

        @Override
        public Prediction decode(int token) {
            return new Prediction.Logits(new float[][] {forward(token)});
        }

        private float[] forward(int token) {
            if (length == options.maxContext()) {
                throw new IllegalArgumentException("the context of " + length + " positions is full");
            }
            int D = config.hiddenSize();
            float[][] embedding = model.matrix("wte.weight", config.vocabSize(), D); // [V][D]
            float[] position = model.matrix("wpe.weight", config.maxPositionEmbeddings(), D)[length];
            float[] hidden = add(embedding[token], position); // [D]
            for (int i = 0; i < config.numHiddenLayers(); i++) {
                String layer = "h." + i + ".";
                float[] x = tap(Tap.ATTENTION_INPUT, i, norm(layer + "ln_1", tap(Tap.HIDDEN, i, hidden)));
                float[] context = attend(i, linear(layer + "attn.c_attn", x, 3 * D));
                tap(Tap.CONTEXT, i, context);
                hidden = add(hidden, tap(Tap.ATTENTION, i, linear(layer + "attn.c_proj", context, D)));
                float[] y = tap(Tap.FEED_FORWARD_INPUT, i, norm(layer + "ln_2", hidden));
                float[] inner = gelu(linear(layer + "mlp.c_fc", y, config.intermediateSize()));
                hidden = add(hidden, tap(Tap.FEED_FORWARD, i, linear(layer + "mlp.c_proj", inner, D)));
            }
            hidden = tap(Tap.HIDDEN, config.numHiddenLayers(), norm("ln_f", hidden));
            float[][] head =
                    config.tieWordEmbeddings() ? embedding : model.matrix("lm_head.weight", config.vocabSize(), D);
            float[] logits = new float[config.vocabSize()]; // [V]
            for (int v = 0; v < logits.length; v++) {
                logits[v] = (float) dot(head[v], 0, hidden, 0, D);
            }
            options.taps().on(TapPoint.LOGITS, new float[][] {logits});
            length++;
            return logits;
        }

        /// The heads' weighted sums of values, side by side. `qkv` is `[3·D]`, the result `[D]`.
        private float[] attend(int layer, float[] qkv) {
            int D = config.hiddenSize();
            List<float[]> seen = cache.get(layer);
            seen.add(Arrays.copyOfRange(qkv, D, 3 * D)); // a token sees itself, too
            int d = D / config.numAttentionHeads();
            double scale = 1 / Math.sqrt(d);
            float[] context = new float[D];
            for (int at = 0; at < D; at += d) {
                double[] p = new double[seen.size()]; // [S]
                double max = Double.NEGATIVE_INFINITY;
                for (int s = 0; s < p.length; s++) {
                    p[s] = dot(qkv, at, seen.get(s), at, d) * scale;
                    max = Math.max(max, p[s]);
                }
                double total = 0;
                for (int s = 0; s < p.length; s++) {
                    p[s] = Math.exp(p[s] - max);
                    total += p[s];
                }
                for (int i = at; i < at + d; i++) {
                    double sum = 0;
                    for (int s = 0; s < p.length; s++) {
                        sum += p[s] * seen.get(s)[D + i];
                    }
                    context[i] = (float) (sum / total);
                }
            }
            return context;
        }

        private float[] norm(String name, float[] x) {
            float[] weight = model.vector(name + ".weight", x.length);
            float[] bias = model.vector(name + ".bias", x.length);
            double mean = 0;
            double variance = 0;
            for (float value : x) {
                mean += value / (double) x.length;
            }
            for (float value : x) {
                variance += (value - mean) * (value - mean) / x.length;
            }
            float[] normed = new float[x.length];
            for (int i = 0; i < x.length; i++) {
                normed[i] = (float)
                        (weight[i] * (x[i] - mean) / Math.sqrt(variance + config.layerNormEpsilon()) + bias[i]);
            }
            return normed;
        }

        /// x·W + b; GPT-2 stores W as `[in][out]`.
        private float[] linear(String name, float[] x, int out) {
            float[][] weight = model.matrix(name + ".weight", x.length, out);
            float[] bias = model.vector(name + ".bias", out);
            float[] y = new float[out];
            for (int o = 0; o < out; o++) {
                double sum = bias[o];
                for (int i = 0; i < x.length; i++) {
                    sum += (double) x[i] * weight[i][o];
                }
                y[o] = (float) sum;
            }
            return y;
        }

        private float[] tap(Tap tap, int layer, float[] value) {
            options.taps().on(TapPoint.of(tap, layer), new float[][] {value});
            return value;
        }

        private static float[] gelu(float[] x) {
            for (int i = 0; i < x.length; i++) {
                double v = x[i];
                x[i] = (float) (0.5 * v * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * v * v * v))));
            }
            return x;
        }

        private static float[] add(float[] a, float[] b) {
            float[] sum = new float[a.length];
            for (int i = 0; i < a.length; i++) {
                sum[i] = a[i] + b[i];
            }
            return sum;
        }

        private static double dot(float[] a, int atA, float[] b, int atB, int n) {
            double sum = 0;
            for (int i = 0; i < n; i++) {
                sum += (double) a[atA + i] * b[atB + i];
            }
            return sum;
        }

        @Override
        public int length() {
            return length;
        }

        @Override
        public long kvCacheBytes() {
            return cache.stream().flatMap(List::stream).mapToLong(kv -> (long) kv.length * Float.BYTES).sum();
        }

        @Override
        public void reset() {
            cache.clear();
            for (int i = 0; i < config.numHiddenLayers(); i++) {
                cache.add(new ArrayList<>());
            }
            length = 0;
        }

        @Override
        public void close() {
            cache.clear();
        }
    }
}
