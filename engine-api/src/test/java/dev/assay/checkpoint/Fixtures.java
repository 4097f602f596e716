package dev.assay.checkpoint;

import dev.assay.config.ModelConfig;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Small models, files and means to damage them.
final class Fixtures {
    /// Tied, head dim 6 beside a hidden size of 20 / 4 = 5 per head.
    static final String QWEN_3 = """
        {"model_type": "qwen3", "vocab_size": 33, "hidden_size": 20, "intermediate_size": 28, "num_hidden_layers": 2,
         "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 6, "hidden_act": "silu",
         "max_position_embeddings": 64, "rms_norm_eps": 1e-6, "rope_theta": 1000000, "tie_word_embeddings": true}
        """;

    static final String LLAMA_3 = """
        {"model_type": "llama", "vocab_size": 33, "hidden_size": 20, "intermediate_size": 28, "num_hidden_layers": 2,
         "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 6, "hidden_act": "silu",
         "max_position_embeddings": 64, "rms_norm_eps": 1e-5, "rope_theta": 500000, "tie_word_embeddings": false,
         "attention_bias": true, "mlp_bias": true}
        """;

    /// One dense layer and one with experts; FP8 in blocks of 8 × 16 that divide nothing evenly.
    static final String DEEPSEEK_V3 = """
        {"model_type": "deepseek_v3", "vocab_size": 33, "hidden_size": 20, "intermediate_size": 28,
         "moe_intermediate_size": 12, "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 2,
         "q_lora_rank": 10, "kv_lora_rank": 9, "qk_nope_head_dim": 6, "qk_rope_head_dim": 4, "v_head_dim": 5,
         "n_routed_experts": 4, "n_shared_experts": 1, "num_experts_per_tok": 2, "n_group": 2, "topk_group": 1,
         "norm_topk_prob": true, "routed_scaling_factor": 2.5, "first_k_dense_replace": 1, "hidden_act": "silu",
         "max_position_embeddings": 64, "rms_norm_eps": 1e-6, "rope_theta": 10000, "tie_word_embeddings": false,
         "scoring_func": "sigmoid", "topk_method": "noaux_tc", "num_nextn_predict_layers": 1,
         "quantization_config": {"quant_method": "fp8", "fmt": "e4m3", "activation_scheme": "dynamic",
                                 "weight_block_size": [8, 16]}}
        """;

    static final JsonMapper JSON = new JsonMapper();

    private Fixtures() {}

    static ModelConfig config(String json) {
        return ModelConfig.parse(json, "config.json");
    }

    /// The published configuration of a model.
    static ModelConfig published(String model) {
        return config(resource("/dev/assay/config/published/" + model + ".json"));
    }

    static String resource(String name) {
        try (InputStream in = Fixtures.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new AssertionError(name + ": no such test resource");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static JsonNode json(String resource) {
        return JSON.readTree(resource(resource));
    }

    /// A file of that header and data, the header not padded.
    static byte[] file(String header, byte... data) {
        byte[] text = header.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(8 + text.length + data.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(text.length)
                .put(text)
                .put(data)
                .array();
    }

    /// Synthetic BF16 weights of a model.
    static SyntheticWeights weights(String config) {
        return SyntheticWeights.forShape(config(config), ElementType.BF16, 7);
    }

    /// Weights with tensors changed, added or taken away.
    static SyntheticWeights changed(SyntheticWeights weights, UnaryOperator<List<SyntheticTensor>> change) {
        return new SyntheticWeights(weights.seed(), change.apply(new ArrayList<>(weights.tensors())));
    }

    static SyntheticTensor tensor(String name, ElementType type, Integer... shape) {
        return new SyntheticTensor(new TensorInfo(name, type, List.of(shape)), 0, 1);
    }

    /// Writes `config.json` and `model.safetensors`.
    static Path write(Path folder, String config, SyntheticWeights weights) {
        try {
            Files.createDirectories(folder);
            Files.writeString(folder.resolve("config.json"), config);
            weights.writeSafetensors(folder.resolve("model.safetensors"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return folder;
    }

    /// Writes `config.json`, an index and two shards, of which the first has the first `first` tensors.
    static Path writeSharded(Path folder, String config, SyntheticWeights weights, int first) {
        List<SyntheticTensor> all = weights.tensors();
        try {
            Files.createDirectories(folder);
            Files.writeString(folder.resolve("config.json"), config);
            var index = JSON.createObjectNode();
            index.putObject("metadata").put("total_size", 12345);
            var weightMap = index.putObject("weight_map");
            for (int i = 0; i < all.size(); i++) {
                weightMap.put(all.get(i).info().name(), shard(i < first ? 1 : 2));
            }
            Files.writeString(folder.resolve("model.safetensors.index.json"), index.toString());
            new SyntheticWeights(weights.seed(), all.subList(0, first)).writeSafetensors(folder.resolve(shard(1)));
            new SyntheticWeights(weights.seed(), all.subList(first, all.size()))
                    .writeSafetensors(folder.resolve(shard(2)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return folder;
    }

    static String shard(int number) {
        return "model-0000" + number + "-of-00002.safetensors";
    }
}
