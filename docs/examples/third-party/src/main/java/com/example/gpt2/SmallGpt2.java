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
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;

/// GPT-2, one token after the other, in double.
public final class SmallGpt2 implements Engine {
    @Override
    public EngineInfo info() {
        return new EngineInfo("small-gpt2", "Small GPT-2", "1.0", ComputeType.FLOAT32);
    }

    @Override
    public Support supports(ModelConfig config) {
        return config instanceof Gpt2Config gpt2
                        && gpt2.scaleAttnWeights()
                        && !gpt2.scaleAttnByInverseLayerIdx()
                        && gpt2.activationFunction() == HiddenActivation.GELU_TANH
                ? new Support.Supported(Set.of(
                        Capability.FULL_LOGITS,
                        Capability.ALL_POSITIONS,
                        Capability.TAPS,
                        Capability.CHUNKED_PREFILL,
                        Capability.CONCURRENT_SESSIONS,
                        Capability.KV_CACHE_BYTES))
                : new Support.Unsupported("this engine runs GPT-2 only, with its own attention scale and GELU by tanh");
    }

    @Override
    public Model load(Checkpoint checkpoint, LoadOptions options) {
        return new Gpt2Model(checkpoint, (Gpt2Config) checkpoint.config(), new HashMap<>());
    }

    private record Gpt2Model(Checkpoint checkpoint, Gpt2Config config, Map<String, float[][]> matrices)
            implements Model {
        @Override
        public Session newSession(SessionOptions options) {
            return new Gpt2Session(this, options, new ArrayList<>());
        }

        @Override
        public Footprint footprint() {
            return new Footprint(0, Double.BYTES);
        }

        @Override
        public Execution execution() {
            return new Execution("scalar", 0, 1, List.of());
        }

        @Override
        public void close() {}

        float[][] matrix(String name, int rows, int columns) {
            return matrices.computeIfAbsent(name, _ -> checkpoint.tensor(name, rows, columns).toMatrix());
        }

        /// GPT-2 stores a matrix as `[in][out]`.
        double[] linear(String name, double[] x, int out) {
            float[][] weight = matrix(name + ".weight", x.length, out);
            float[] bias = checkpoint.tensor(name + ".bias", out).toVector();
            return each(out, o -> sum(x.length, i -> x[i] * weight[i][o]) + bias[o]);
        }

        double[] norm(String name, double[] x) {
            float[] weight = checkpoint.tensor(name + ".weight", x.length).toVector();
            float[] bias = checkpoint.tensor(name + ".bias", x.length).toVector();
            double mean = sum(x.length, i -> x[i]) / x.length;
            double variance = sum(x.length, i -> (x[i] - mean) * (x[i] - mean)) / x.length;
            double deviation = Math.sqrt(variance + config.layerNormEpsilon());
            return each(x.length, i -> (x[i] - mean) / deviation * weight[i] + bias[i]);
        }
    }

    /// @param cache keys and values by position, `[layer][2·D]`
    private record Gpt2Session(Gpt2Model model, SessionOptions options, List<double[][]> cache) implements Session {
        @Override
        public Prediction prefill(int[] tokens) {
            float[][] logits = new float[tokens.length][]; // [T][V]
            for (int t = 0; t < tokens.length; t++) {
                logits[t] = forward(tokens[t]);
            }
            boolean all = options.logits() == LogitsScope.ALL_POSITIONS;
            return new Prediction.Logits(all ? logits : new float[][] {logits[tokens.length - 1]});
        }

        @Override
        public Prediction decode(int token) {
            return prefill(new int[] {token});
        }

        private float[] forward(int token) {
            if (cache.size() == options.maxContext()) {
                throw new IllegalArgumentException("the context of " + cache.size() + " positions is full");
            }
            Gpt2Config config = model.config();
            int D = config.hiddenSize();
            int layers = config.numHiddenLayers();
            float[] embedding = model.matrix("wte.weight", config.vocabSize(), D)[token];
            float[] position = model.matrix("wpe.weight", config.maxPositionEmbeddings(), D)[cache.size()];
            double[] x = each(D, i -> embedding[i] + position[i]); // [D]
            cache.add(new double[layers][]);
            for (int i = 0; i < layers; i++) {
                String layer = "h." + i + ".";
                double[] y = tap(Tap.ATTENTION_INPUT, i, model.norm(layer + "ln_1", tap(Tap.HIDDEN, i, x)));
                y = tap(Tap.CONTEXT, i, attend(i, model.linear(layer + "attn.c_attn", y, 3 * D)));
                x = add(x, tap(Tap.ATTENTION, i, model.linear(layer + "attn.c_proj", y, D)));
                y = tap(Tap.FEED_FORWARD_INPUT, i, model.norm(layer + "ln_2", x));
                y = gelu(model.linear(layer + "mlp.c_fc", y, config.intermediateSize()));
                x = add(x, tap(Tap.FEED_FORWARD, i, model.linear(layer + "mlp.c_proj", y, D)));
            }
            double[] normed = tap(Tap.HIDDEN, layers, model.norm("ln_f", x));
            float[][] head =
                    model.matrix(config.tieWordEmbeddings() ? "wte.weight" : "lm_head.weight", config.vocabSize(), D);
            return floats(tap(Tap.LOGITS, -1, each(head.length, v -> sum(D, i -> normed[i] * head[v][i]))));
        }

        /// The heads' weighted sums of values, side by side, `[D]`; `qkv` is `[3·D]`.
        private double[] attend(int layer, double[] qkv) {
            int D = qkv.length / 3;
            int d = D / model.config().numAttentionHeads();
            double scale = 1 / Math.sqrt(d);
            cache.getLast()[layer] = Arrays.copyOfRange(qkv, D, 3 * D); // a token sees itself, too
            double[][] p = new double[D / d][]; // [H][S]
            Arrays.setAll(p, h -> softmax(each(
                    cache.size(), s -> scale * sum(d, i -> qkv[h * d + i] * cache.get(s)[layer][h * d + i]))));
            return each(D, i -> sum(cache.size(), s -> p[i / d][s] * cache.get(s)[layer][D + i]));
        }

        private double[] tap(Tap tap, int layer, double[] values) {
            options.taps().on(TapPoint.of(tap, layer), new float[][] {floats(values)});
            return values;
        }

        @Override
        public int length() {
            return cache.size();
        }

        @Override
        public long kvCacheBytes() {
            return cache.stream().flatMap(Arrays::stream).mapToLong(kv -> (long) kv.length * Double.BYTES).sum();
        }

        @Override
        public void reset() {
            cache.clear();
        }

        @Override
        public void close() {}
    }

    private static double[] softmax(double[] scores) {
        double max = Arrays.stream(scores).max().orElseThrow();
        double[] e = each(scores.length, s -> Math.exp(scores[s] - max));
        double total = Arrays.stream(e).sum();
        return each(e.length, s -> e[s] / total);
    }

    private static double[] gelu(double[] x) {
        double factor = Math.sqrt(2 / Math.PI);
        return each(x.length, i -> 0.5 * x[i] * (1 + Math.tanh(factor * (x[i] + 0.044715 * x[i] * x[i] * x[i]))));
    }

    private static double[] add(double[] a, double[] b) {
        return each(a.length, i -> a[i] + b[i]);
    }

    private static double[] each(int count, IntToDoubleFunction value) {
        return IntStream.range(0, count).mapToDouble(value).toArray();
    }

    private static double sum(int count, IntToDoubleFunction value) {
        return IntStream.range(0, count).mapToDouble(value).sum();
    }

    private static float[] floats(double[] values) {
        float[] rounded = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            rounded[i] = (float) values[i];
        }
        return rounded;
    }
}
