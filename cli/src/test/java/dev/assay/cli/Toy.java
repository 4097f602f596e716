package dev.assay.cli;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.checkpoint.ElementType;
import dev.assay.checkpoint.SyntheticWeights;
import dev.assay.config.ModelConfig;
import dev.assay.engine.Capability;
import dev.assay.engine.ComputeType;
import dev.assay.engine.Engine;
import dev.assay.engine.EngineInfo;
import dev.assay.engine.Execution;
import dev.assay.engine.Footprint;
import dev.assay.engine.LoadOptions;
import dev.assay.engine.Model;
import dev.assay.engine.Prediction;
import dev.assay.engine.Session;
import dev.assay.engine.SessionOptions;
import dev.assay.engine.Support;
import dev.assay.golden.GoldenCase;
import dev.assay.golden.GoldenException;
import dev.assay.golden.GoldenPrompt;
import dev.assay.golden.Oracle;
import dev.assay.golden.WeightSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;

/// A world in which logits are a hash of the tokens before them: golden cases and engines without any arithmetic.
final class Toy {
    static final String CONFIG_JSON = """
            {
              "model_type": "qwen3", "architectures": ["Qwen3ForCausalLM"], "vocab_size": 11, "hidden_size": 8,
              "intermediate_size": 12, "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1,
              "head_dim": 4, "max_position_embeddings": 64, "rms_norm_eps": 1e-6, "tie_word_embeddings": true,
              "hidden_act": "silu", "rope_theta": 10000
            }
            """;
    static final ModelConfig CONFIG = ModelConfig.parse(CONFIG_JSON, "toy");
    static final SyntheticWeights WEIGHTS = SyntheticWeights.forShape(CONFIG, ElementType.BF16, 7);
    private static final Set<Capability> ABLE = Set.of(
            Capability.FULL_LOGITS,
            Capability.ALL_POSITIONS,
            Capability.CHUNKED_PREFILL,
            Capability.CONCURRENT_SESSIONS,
            Capability.KV_CACHE_BYTES);
    private static final String SHA_256 = "0f".repeat(32);

    private Toy() {}

    /// A golden case of two prompts, of 1 and 9 tokens, without yardsticks.
    static GoldenCase golden(String id) {
        return new GoldenCase(
                id,
                id,
                CONFIG,
                CONFIG_JSON,
                new Oracle("toy", "1", "float64", "eager"),
                "made up",
                List.of(prompt("short", 3), prompt("long", 1, 5, 9, 2, 6, 5, 3, 5, 8)),
                Map.of(),
                SHA_256,
                new WeightSource.Synthesised(CONFIG, WEIGHTS, WEIGHTS.sha256()));
    }

    private static GoldenPrompt prompt(String id, int... tokens) {
        double[][] logits = new double[tokens.length][CONFIG.vocabSize()]; // [T][V]
        List<Integer> seen = new ArrayList<>();
        for (int t = 0; t < tokens.length; t++) {
            seen.add(tokens[t]);
            for (int v = 0; v < logits[t].length; v++) {
                logits[t][v] = logit(seen, v);
            }
        }
        return new GoldenPrompt(id, tokens, new int[] {0}, new double[] {1}, logits, new TreeMap<>(), Map.of());
    }

    /// A number in [-1, 1) that depends on every token so far; exact as float and double.
    private static float logit(List<Integer> tokens, int v) {
        int hash = 31 * tokens.hashCode() + v;
        hash *= 0x9e3779b9;
        return (hash >> 8) * 0x1p-23f;
    }

    /// Cases of these ids; those that start with `broken` cannot be believed.
    static GoldenSource goldens(String... ids) {
        return new GoldenSource() {
            @Override
            public List<String> ids() {
                return List.of(ids);
            }

            @Override
            public GoldenCase bundled(String id) {
                if (id.startsWith("broken")) {
                    throw new GoldenException("cases/" + id + "/config.json: expected SHA-256 00, found 11");
                }
                return golden(id);
            }
        };
    }

    /// An engine that computes what the golden cases say.
    static Engine right(String id) {
        return new ToyEngine(id, ABLE, () -> 0f);
    }

    /// An engine whose logits are all too large.
    static Engine wrong(String id) {
        return new ToyEngine(id, ABLE, () -> 0.5f);
    }

    /// An engine that throws when it is to compute.
    static Engine failing(String id, RuntimeException e) {
        return new ToyEngine(id, ABLE, () -> {
            throw e;
        });
    }

    /// An engine with an error when it is to compute.
    static Engine dying(String id, Error e) {
        return new ToyEngine(id, ABLE, () -> {
            throw e;
        });
    }

    /// An engine that counts its cache and returns no logits.
    static Engine withoutLogits(String id) {
        return new ToyEngine(id, Set.of(Capability.KV_CACHE_BYTES), () -> 0f);
    }

    /// An engine that supports nothing.
    static Engine refusing(String id, String reason) {
        return new ToyEngine(id, Set.of(), () -> 0f) {
            @Override
            public Support supports(ModelConfig config) {
                return new Support.Unsupported(reason);
            }
        };
    }

    private static class ToyEngine implements Engine {
        private final String id;
        private final Set<Capability> capabilities;
        private final Supplier<Float> error;

        /// @param error what is added to every logit
        ToyEngine(String id, Set<Capability> capabilities, Supplier<Float> error) {
            this.id = id;
            this.capabilities = capabilities;
            this.error = error;
        }

        @Override
        public EngineInfo info() {
            return new EngineInfo(id, "Toy " + id, "1.0", ComputeType.FLOAT32);
        }

        @Override
        public Support supports(ModelConfig config) {
            return new Support.Supported(capabilities);
        }

        @Override
        public Model load(Checkpoint checkpoint, LoadOptions options) {
            return new ToyModel(error, options.threads());
        }
    }

    private record ToyModel(Supplier<Float> error, int threads) implements Model {
        @Override
        public Session newSession(SessionOptions options) {
            return new ToySession(error);
        }

        @Override
        public Footprint footprint() {
            return new Footprint(0, Float.BYTES);
        }

        @Override
        public Execution execution() {
            return new Execution("hash", 0, threads, List.of("uses " + threads + " threads"));
        }

        @Override
        public void close() {}
    }

    private static final class ToySession implements Session {
        private final Supplier<Float> error;
        private final List<Integer> seen = new ArrayList<>();

        ToySession(Supplier<Float> error) {
            this.error = error;
        }

        @Override
        public Prediction prefill(int[] tokens) {
            float[][] logits = new float[tokens.length][CONFIG.vocabSize()]; // [T][V]
            for (int t = 0; t < tokens.length; t++) {
                seen.add(tokens[t]);
                for (int v = 0; v < logits[t].length; v++) {
                    logits[t][v] = logit(seen, v) + error.get();
                }
            }
            return new Prediction.Logits(logits);
        }

        @Override
        public Prediction decode(int token) {
            return prefill(new int[] {token});
        }

        @Override
        public int length() {
            return seen.size();
        }

        @Override
        public long kvCacheBytes() {
            return CONFIG.kvCacheElements(seen.size()) * Float.BYTES;
        }

        @Override
        public void reset() {
            seen.clear();
        }

        @Override
        public void close() {}
    }
}
