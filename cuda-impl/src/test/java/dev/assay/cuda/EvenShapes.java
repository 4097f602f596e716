package dev.assay.cuda;

import dev.assay.config.ModelConfig;
import dev.assay.engine.KvCacheType;
import dev.assay.engine.LoadOptions;
import dev.assay.engine.LogitsScope;
import dev.assay.engine.Model;
import dev.assay.engine.Prediction;
import dev.assay.engine.ResultLifetime;
import dev.assay.engine.Session;
import dev.assay.engine.SessionOptions;
import dev.assay.engine.TapListener;
import dev.assay.plan.planner.Planners;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// Prints, for families in shapes whose rows can be read in aligned groups, as those of published models and unlike
/// most of the golden cases', by how much logits of single tokens differ at most from those of all tokens at once, in
/// standard deviations. The two share few kernels.
final class EvenShapes {
    private static final int TOKENS = 40;
    private static final Map<String, Integer> EVEN = Map.ofEntries(
            Map.entry("hidden_size", 96),
            Map.entry("head_dim", 16),
            Map.entry("intermediate_size", 224),
            Map.entry("moe_intermediate_size", 520), // several warps for each expert
            Map.entry("kv_lora_rank", 32),
            Map.entry("q_lora_rank", 48),
            Map.entry("qk_nope_head_dim", 16),
            Map.entry("qk_rope_head_dim", 8),
            Map.entry("v_head_dim", 16),
            Map.entry("intermediate_size_mlp", 224));

    private EvenShapes() {}

    public static void main(String... ids) throws IOException {
        for (String id : ids) {
            System.out.println(id + " " + worst(config(id)));
        }
    }

    /// A golden case's configuration in such a shape.
    static ModelConfig config(String id) throws IOException {
        String text = Files.readString(Path.of("../golden-outputs/cases", id, "config.json"));
        ObjectNode config = (ObjectNode) new JsonMapper().readTree(text);
        makeEven(config);
        if (config.get("text_config") instanceof ObjectNode inner) {
            makeEven(inner);
        }
        return ModelConfig.parse(config.toString(), id);
    }

    private static void makeEven(ObjectNode config) {
        EVEN.forEach((field, value) -> {
            if (config.path(field).isNumber()) {
                config.put(field, value);
            }
        });
    }

    private static double worst(ModelConfig config) {
        try (RandomCheckpoint checkpoint = new RandomCheckpoint(config);
                Model model = new CudaEngine().load(checkpoint, new LoadOptions(1, KvCacheType.FLOAT32))) {
            int vocabulary = Planners.plan(config).vocabSize();
            int[] tokens = new int[TOKENS];
            Arrays.setAll(tokens, t -> (t * 37 + 11) % vocabulary);
            SessionOptions options = new SessionOptions(
                    TOKENS, LogitsScope.ALL_POSITIONS, TapListener.NONE, ResultLifetime.UNTIL_NEXT_CALL);
            double worst = 0;
            try (Session all = model.newSession(options);
                    Session single = model.newSession(options)) {
                float[][] expected = logits(all.prefill(tokens));
                for (int t = 0; t < TOKENS; t++) {
                    float[] found =
                            logits(t == 0 ? single.prefill(new int[] {tokens[0]}) : single.decode(tokens[t]))[0];
                    worst = Math.max(worst, difference(found, expected[t]));
                }
            }
            return worst;
        }
    }

    private static float[][] logits(Prediction prediction) {
        return ((Prediction.Logits) prediction).values();
    }

    /// Infinite where a logit is no number.
    private static double difference(float[] found, float[] expected) {
        double mean = 0;
        for (float value : expected) {
            mean += value / expected.length;
        }
        double variance = 0;
        double largest = 0;
        for (int i = 0; i < expected.length; i++) {
            variance += (expected[i] - mean) * (expected[i] - mean) / expected.length;
            double difference = Math.abs(found[i] - expected[i]);
            largest =
                    difference <= largest ? largest : Double.isNaN(difference) ? Double.POSITIVE_INFINITY : difference;
        }
        return largest / Math.sqrt(variance);
    }
}
