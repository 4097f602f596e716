package dev.assay.checkpoint.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;
import static org.assertj.core.api.Assertions.within;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.checkpoint.ElementType;
import dev.assay.checkpoint.SyntheticWeights;
import dev.assay.checkpoint.Tensor;
import dev.assay.config.ModelConfig;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/// What stands in the files, read back byte for byte.
class GgufTest {
    private static final String SIZES = """
        "vocab_size": 33, "hidden_size": 20, "intermediate_size": 28, "num_attention_heads": 4,
        "max_position_embeddings": 64, "rms_norm_eps": 1e-6, "rope_theta": 10000""";

    private static final String LLAMA = """
        {"model_type": "llama", "num_hidden_layers": 1, "num_key_value_heads": 2, "head_dim": 6,
         "attention_bias": true, "tie_word_embeddings": false, "rope_scaling": {"rope_type": "llama3", "factor": 8,
         "low_freq_factor": 1, "high_freq_factor": 4, "original_max_position_embeddings": 32}, %s}
        """.formatted(SIZES);

    private static final String QWEN_3 = """
        {"model_type": "qwen3", "num_hidden_layers": 1, "num_key_value_heads": 2, "head_dim": 6,
         "tie_word_embeddings": true, "rope_scaling": {"rope_type": "yarn", "factor": 4,
         "original_max_position_embeddings": 16, "attention_factor": 1.5, "beta_fast": 2}, %s}
        """.formatted(SIZES);

    private static final String QWEN_3_MOE = """
        {"model_type": "qwen3_moe", "num_hidden_layers": 1, "num_key_value_heads": 2, "head_dim": 6,
         "tie_word_embeddings": false, "num_experts": 3, "num_experts_per_tok": 2, "moe_intermediate_size": 12,
         "norm_topk_prob": true, "decoder_sparse_step": 1, "mlp_only_layers": [], %s}
        """.formatted(SIZES);

    private static final String GEMMA_3 = """
        {"model_type": "gemma3_text", "num_hidden_layers": 4, "num_key_value_heads": 2, "head_dim": 6,
         "query_pre_attn_scalar": 6, "sliding_window": 8, "sliding_window_pattern": 3, "rope_local_base_freq": 100,
         "final_logit_softcapping": 2.5, %s}
        """.formatted(SIZES);

    private static final String OLMO_2 = """
        {"model_type": "olmo2", "num_hidden_layers": 1, "num_key_value_heads": 2, "tie_word_embeddings": true, %s}
        """.formatted(SIZES.replace("\"hidden_size\": 20", "\"hidden_size\": 24"));

    private static final String SMOLLM_3 = """
        {"model_type": "smollm3", "num_hidden_layers": 4, "num_key_value_heads": 2, %s}
        """.formatted(SIZES.replace("\"hidden_size\": 20", "\"hidden_size\": 24"));

    private static final String GPT_2 = """
        {"model_type": "gpt2", "vocab_size": 33, "n_embd": 20, "n_layer": 1, "n_head": 4, "n_positions": 64,
         "n_inner": 28, "activation_function": "gelu_new"}
        """;

    private static final String DEEPSEEK_V3 = """
        {"model_type": "deepseek_v3", "num_hidden_layers": 2, "num_key_value_heads": 4, "q_lora_rank": 10,
         "kv_lora_rank": 9, "qk_nope_head_dim": 6, "qk_rope_head_dim": 4, "v_head_dim": 5, "n_routed_experts": 4,
         "n_shared_experts": 2, "num_experts_per_tok": 2, "n_group": 2, "topk_group": 1, "norm_topk_prob": true,
         "routed_scaling_factor": 2.5, "first_k_dense_replace": 1, "moe_intermediate_size": 12,
         "tie_word_embeddings": false, "rope_interleave": false, "rope_scaling": {"type": "yarn", "factor": 40,
         "original_max_position_embeddings": 16, "mscale": 0.7, "mscale_all_dim": 0.7}, %s}
        """.formatted(SIZES.replace("1e-6", "4e-6"));

    private static final String LLAMA_4 = """
        {"model_type": "llama4_text", "num_hidden_layers": 4, "num_key_value_heads": 2, "head_dim": 6,
         "num_local_experts": 3, "num_experts_per_tok": 1, "intermediate_size_mlp": 16,
         "interleave_moe_layer_step": 2, %s}
        """.formatted(SIZES);

    @TempDir
    private Path folder;

    private static ModelConfig config(String json) {
        return ModelConfig.parse(json, "config.json");
    }

    private static Checkpoint checkpoint(String json) {
        ModelConfig config = config(json);
        return SyntheticWeights.forShape(config, ElementType.BF16, 7).checkpoint(config);
    }

    private static Gguf.Layout layout(String json) {
        return switch (Gguf.of(config(json))) {
            case Gguf.Layout layout -> layout;
            case Gguf.Refused(String reason) -> throw new AssertionError(reason);
        };
    }

    private GgufReader written(String json, GgufType type) throws IOException {
        Path file = folder.resolve("model.gguf");
        try (Checkpoint checkpoint = checkpoint(json)) {
            long bytes = layout(json).write(checkpoint, type, file);
            assertThat(bytes).isEqualTo(Files.size(file));
        }
        assertThat(folder.toFile().list()).containsExactly("model.gguf");
        return GgufReader.read(file);
    }

    private GgufReader written(String json) throws IOException {
        return written(json, GgufType.F32);
    }

    /// A published tensor, row-major.
    private static float[] published(String json, String name, int... shape) {
        try (Checkpoint checkpoint = checkpoint(json)) {
            Tensor tensor = checkpoint.tensor(name, shape);
            float[] numbers = new float[(int) tensor.info().elements()];
            for (int i = 0; i < numbers.length; i++) {
                numbers[i] = tensor.at(i);
            }
            return numbers;
        }
    }

    @Test
    void statesTheHyperParametersOfLlama() throws IOException {
        GgufReader file = written(LLAMA);

        assertThat(file.keys())
                .contains(
                        entry("general.architecture", "llama"),
                        entry("general.file_type", 0),
                        entry("general.quantization_version", 2),
                        entry("llama.vocab_size", 33),
                        entry("llama.context_length", 64),
                        entry("llama.embedding_length", 20),
                        entry("llama.block_count", 1),
                        entry("llama.feed_forward_length", 28),
                        entry("llama.attention.head_count", 4),
                        entry("llama.attention.head_count_kv", 2),
                        entry("llama.attention.key_length", 6),
                        entry("llama.attention.value_length", 6),
                        entry("llama.attention.layer_norm_rms_epsilon", 1e-6f),
                        entry("llama.rope.dimension_count", 6),
                        entry("llama.rope.freq_base", 10000f))
                .doesNotContainKey("llama.rope.scaling.type");
    }

    @Test
    void givesEveryTokenAPieceOfItsOwn() throws IOException {
        GgufReader file = written(LLAMA);

        assertThat(file.keys()).containsEntry("tokenizer.ggml.model", "llama");
        assertThat(list(file, "tokenizer.ggml.tokens"))
                .hasSize(33)
                .doesNotHaveDuplicates()
                .startsWith("<0>", "<1>");
        assertThat(list(file, "tokenizer.ggml.scores")).hasSize(33);
        assertThat(list(file, "tokenizer.ggml.token_type")).hasSize(33).containsOnly(1);
        assertThat(file.keys()).containsEntry("tokenizer.ggml.add_bos_token", false);
    }

    private static List<Object> list(GgufReader file, String key) {
        return file.keys().get(key) instanceof List<?> values ? List.copyOf(values) : List.of();
    }

    /// Engines rotate pairs (2i, 2i + 1) where HF rotates (i, i + 3).
    @Test
    void interleavesTheRowsOfLlamasQueriesAndKeys() throws IOException {
        GgufReader file = written(LLAMA);
        int[] order = {0, 3, 1, 4, 2, 5}; // of the published rows of a head

        for (String projection : List.of("q", "k")) {
            int heads = projection.equals("q") ? 4 : 2;
            String name = "model.layers.0.self_attn." + projection + "_proj";
            float[] weight = published(LLAMA, name + ".weight", 6 * heads, 20);
            float[] bias = published(LLAMA, name + ".bias", 6 * heads);
            float[] writtenWeight = file.numbers("blk.0.attn_" + projection + ".weight");
            float[] writtenBias = file.numbers("blk.0.attn_" + projection + ".bias");
            for (int row = 0; row < 6 * heads; row++) {
                int from = row / 6 * 6 + order[row % 6];
                assertThat(writtenBias[row]).isEqualTo(bias[from]);
                for (int column = 0; column < 20; column++) {
                    assertThat(writtenWeight[row * 20 + column]).isEqualTo(weight[from * 20 + column]);
                }
            }
        }
        assertThat(file.numbers("blk.0.attn_v.weight"))
                .isEqualTo(published(LLAMA, "model.layers.0.self_attn.v_proj.weight", 12, 20));
        assertThat(file.numbers("blk.0.ffn_norm.weight"))
                .isEqualTo(published(LLAMA, "model.layers.0.post_attention_layernorm.weight", 20));
        assertThat(file.numbers("output.weight")).isEqualTo(published(LLAMA, "lm_head.weight", 33, 20));
    }

    /// The figures are HF's, `_compute_llama3_parameters`: unscaled over scaled frequency.
    @Test
    void dividesLlama3FrequenciesByATensor() throws IOException {
        float[] divisors = written(LLAMA).numbers("rope_freqs.weight");
        // Wavelengths 2π, 135.4 and 2916 of a context of 32: unchanged below 8, divided by 8 above 32.
        assertThat(divisors).containsExactly(1, 8, 8);
    }

    @Test
    void keepsTheRowsOfQwen3AndTiesItsHead() throws IOException {
        GgufReader file = written(QWEN_3);

        assertThat(file.numbers("blk.0.attn_q.weight"))
                .isEqualTo(published(QWEN_3, "model.layers.0.self_attn.q_proj.weight", 24, 20));
        assertThat(file.numbers("blk.0.attn_k_norm.weight"))
                .isEqualTo(published(QWEN_3, "model.layers.0.self_attn.k_norm.weight", 6));
        assertThat(file.tensors()).doesNotContainKey("output.weight");
    }

    @Test
    void statesYarnWithTheAttentionFactorThatEnginesMultiplyBy() throws IOException {
        GgufReader file = written(QWEN_3);

        assertThat(file.keys())
                .contains(
                        entry("qwen3.rope.scaling.type", "yarn"),
                        entry("qwen3.rope.scaling.factor", 4f),
                        entry("qwen3.rope.scaling.original_context_length", 16),
                        entry("qwen3.rope.scaling.yarn_beta_fast", 2f),
                        entry("qwen3.rope.scaling.yarn_beta_slow", 1f),
                        entry("qwen3.rope.scaling.attn_factor", (float) (1.5 / (1 + 0.1 * Math.log(4)))));
        assertThat(layout(QWEN_3).number("rope.scaling.yarn_beta_fast")).hasValue(2);
        assertThat(layout(QWEN_3).number("rope.scaling.type")).isEmpty();
    }

    @Test
    void stacksTheExpertsOfQwen3() throws IOException {
        GgufReader file = written(QWEN_3_MOE);

        assertThat(file.tensor("blk.0.ffn_down_exps.weight").shape()).containsExactly(3, 20, 12);
        float[] down = file.numbers("blk.0.ffn_down_exps.weight");
        for (int e = 0; e < 3; e++) {
            float[] expert = published(QWEN_3_MOE, "model.layers.0.mlp.experts." + e + ".down_proj.weight", 20, 12);
            assertThat(Arrays.copyOfRange(down, e * 240, (e + 1) * 240)).isEqualTo(expert);
        }
        assertThat(file.keys()).contains(entry("qwen3moe.expert_count", 3), entry("qwen3moe.expert_used_count", 2));
    }

    @Test
    void addsOneToTheGainsOfGemma3() throws IOException {
        GgufReader file = written(GEMMA_3);

        float[] gain = published(GEMMA_3, "model.layers.3.pre_feedforward_layernorm.weight", 20);
        float[] writtenGain = file.numbers("blk.3.ffn_norm.weight");
        for (int i = 0; i < gain.length; i++) {
            assertThat(writtenGain[i]).isEqualTo(1 + gain[i]);
        }
        assertThat(file.numbers("output_norm.weight")[0]).isEqualTo(1 + published(GEMMA_3, "model.norm.weight", 20)[0]);
        assertThat(file.keys())
                .contains(
                        entry("gemma3.attention.sliding_window", 8),
                        entry("gemma3.attention.sliding_window_pattern", 3),
                        entry("gemma3.rope.freq_base", 10000f),
                        entry("gemma3.rope.freq_base_swa", 100f),
                        entry("gemma3.final_logit_softcapping", 2.5f));
    }

    @Test
    void writesACopyOfTheEmbeddingAsTheHeadOfOlmo2() throws IOException {
        GgufReader file = written(OLMO_2);

        assertThat(file.numbers("output.weight")).isEqualTo(file.numbers("token_embd.weight"));
        assertThat(file.numbers("blk.0.post_ffw_norm.weight"))
                .isEqualTo(published(OLMO_2, "model.layers.0.post_feedforward_layernorm.weight", 24));
    }

    @Test
    void transposesTheMatricesOfGpt2() throws IOException {
        GgufReader file = written(GPT_2);

        float[] matrix = published(GPT_2, "h.0.mlp.c_fc.weight", 20, 28);
        float[] transposed = file.numbers("blk.0.ffn_up.weight");
        for (int in = 0; in < 20; in++) {
            for (int out = 0; out < 28; out++) {
                assertThat(transposed[out * 20 + in]).isEqualTo(matrix[in * 28 + out]);
            }
        }
        assertThat(file.keys()).containsEntry("gpt2.attention.layer_norm_epsilon", 1e-5f);
    }

    @Test
    void splitsTheLatentsOfDeepSeekByHeads() throws IOException {
        GgufReader file = written(DEEPSEEK_V3);

        float[] up = published(DEEPSEEK_V3, "model.layers.0.self_attn.kv_b_proj.weight", 4 * 11, 9);
        float[] keys = file.numbers("blk.0.attn_k_b.weight"); // [4][9][6]
        float[] values = file.numbers("blk.0.attn_v_b.weight"); // [4][5][9]
        for (int head = 0; head < 4; head++) {
            for (int latent = 0; latent < 9; latent++) {
                for (int i = 0; i < 6; i++) {
                    assertThat(keys[(head * 9 + latent) * 6 + i]).isEqualTo(up[(head * 11 + i) * 9 + latent]);
                }
                for (int i = 0; i < 5; i++) {
                    assertThat(values[(head * 5 + i) * 9 + latent]).isEqualTo(up[(head * 11 + 6 + i) * 9 + latent]);
                }
            }
        }
        assertThat(file.tensor("blk.0.attn_k_b.weight").shape()).containsExactly(4, 9, 6);
        assertThat(file.keys())
                .contains(
                        entry("deepseek2.attention.head_count_kv", 1),
                        entry("deepseek2.attention.key_length", 13),
                        entry("deepseek2.attention.value_length", 9),
                        entry("deepseek2.attention.key_length_mla", 10),
                        entry("deepseek2.attention.value_length_mla", 5),
                        entry("deepseek2.expert_group_count", 2),
                        entry("deepseek2.expert_group_used_count", 1),
                        entry("deepseek2.expert_gating_func", 2),
                        entry("deepseek2.expert_weights_norm", true),
                        entry("deepseek2.leading_dense_block_count", 1))
                .containsEntry("deepseek2.rope.scaling.yarn_log_multiplier", (float) (0.1 * 0.7));
    }

    /// With ε four times HF's 1e-6, latents that are twice as large have the norm that HF computes. The rotated
    /// key is no latent, and its rows are put into adjacent pairs.
    @Test
    void scalesTheRowsThatMakeLatents() throws IOException {
        GgufReader file = written(DEEPSEEK_V3);

        float[] published = published(DEEPSEEK_V3, "model.layers.0.self_attn.kv_a_proj_with_mqa.weight", 13, 20);
        float[] scaled = file.numbers("blk.0.attn_kv_a_mqa.weight");
        int[] rotated = {9, 11, 10, 12}; // published rows, now in pairs
        for (int row = 0; row < 13; row++) {
            for (int column = 0; column < 20; column++) {
                float number = scaled[row * 20 + column];
                if (row < 9) {
                    assertThat(number).isEqualTo(2 * published[row * 20 + column]);
                } else {
                    assertThat(number).isEqualTo(published[rotated[row - 9] * 20 + column]);
                }
            }
        }
        assertThat(file.numbers("blk.0.attn_q_a.weight")[0])
                .isEqualTo(2 * published(DEEPSEEK_V3, "model.layers.0.self_attn.q_a_proj.weight", 10, 20)[0]);
    }

    @Test
    void keepsWhatIsNotRotatedAtTheFrontOfAQueryHead() throws IOException {
        float[] published = published(DEEPSEEK_V3, "model.layers.0.self_attn.q_b_proj.weight", 40, 10);
        float[] query = written(DEEPSEEK_V3).numbers("blk.0.attn_q_b.weight");
        int[] order = {0, 1, 2, 3, 4, 5, 6, 8, 7, 9};
        for (int row = 0; row < 40; row++) {
            assertThat(query[row * 10]).isEqualTo(published[(row / 10 * 10 + order[row % 10]) * 10]);
        }
    }

    @Test
    void separatesGateAndUpOfLlama4sExperts() throws IOException {
        GgufReader file = written(LLAMA_4);

        float[] gateUp = published(LLAMA_4, "model.layers.1.feed_forward.experts.gate_up_proj", 3, 20, 56);
        float[] down = published(LLAMA_4, "model.layers.1.feed_forward.experts.down_proj", 3, 28, 20);
        float[] gate = file.numbers("blk.1.ffn_gate_exps.weight"); // [3][28][20]
        float[] up = file.numbers("blk.1.ffn_up_exps.weight");
        float[] writtenDown = file.numbers("blk.1.ffn_down_exps.weight"); // [3][20][28]
        for (int e = 0; e < 3; e++) {
            for (int i = 0; i < 28; i++) {
                for (int d = 0; d < 20; d++) {
                    assertThat(gate[(e * 28 + i) * 20 + d]).isEqualTo(gateUp[(e * 20 + d) * 56 + i]);
                    assertThat(up[(e * 28 + i) * 20 + d]).isEqualTo(gateUp[(e * 20 + d) * 56 + 28 + i]);
                    assertThat(writtenDown[(e * 20 + d) * 28 + i]).isEqualTo(down[(e * 28 + i) * 20 + d]);
                }
            }
        }
        assertThat(file.numbers("blk.0.attn_q.weight"))
                .isEqualTo(published(LLAMA_4, "model.layers.0.self_attn.q_proj.weight", 24, 20));
        assertThat(file.keys()).containsEntry("llama4.interleave_moe_layer_step", 2);
    }

    @ParameterizedTest
    @EnumSource
    void writesMatricesAsAskedAndVectorsAsF32(GgufType type) throws IOException {
        String wide = QWEN_3_MOE.replace("\"hidden_size\": 20", "\"hidden_size\": 64");
        GgufReader file = written(wide, type);

        assertThat(file.keys()).containsEntry("general.file_type", type.fileType());
        assertThat(file.tensor("blk.0.attn_q.weight").type()).isEqualTo(type.id());
        assertThat(file.tensor("blk.0.ffn_gate_exps.weight").type()).isEqualTo(type.id());
        assertThat(file.tensor("blk.0.attn_norm.weight").type()).isZero();
        assertThat(file.tensor("blk.0.ffn_gate_inp.weight").type()).isZero();
        float[] published = published(wide, "model.layers.0.self_attn.q_proj.weight", 24, 64);
        float[] numbers = file.numbers("blk.0.attn_q.weight");
        // Weights are bf16, of a standard deviation of 1/8: exact in all but Q8_0, which has 8 bits for up to 1/2.
        float tolerance = type == GgufType.Q8_0 ? 0.003f : type == GgufType.F16 ? 1e-6f : 0;
        for (int i = 0; i < numbers.length; i++) {
            assertThat(numbers[i]).isCloseTo(published[i], within(tolerance));
        }
    }

    /// 28 and 12 are no multiples of 32.
    @Test
    void writesF16WhereBlocksOfQ8DoNotFit() throws IOException {
        GgufReader file = written(QWEN_3_MOE.replace("\"hidden_size\": 20", "\"hidden_size\": 64"), GgufType.Q8_0);
        assertThat(file.tensor("blk.0.ffn_down_exps.weight").type()).isEqualTo(GgufType.F16.id());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        llama    | "num_hidden_layers": 1 | "num_hidden_layers": 1, "hidden_act": "gelu" | hidden_act: no key
        mistral  | "num_hidden_layers": 1 | "num_hidden_layers": 1, "sliding_window": 8  | sliding_window: the architecture llama has none
        qwen3    | "head_dim": 6 | "head_dim": 6, "use_sliding_window": true, "sliding_window": 8, "max_window_layers": 0 | layer_types: the architecture qwen3 has no sliding layers
        qwen3    | "beta_fast": 2 | "truncate": false | rope_parameters.truncate: no key
        qwen3moe | "norm_topk_prob": true | "norm_topk_prob": false | norm_topk_prob: the architecture qwen3moe always normalises
        qwen3moe | "mlp_only_layers": [] | "mlp_only_layers": [0] | decoder_sparse_step, mlp_only_layers: every layer
        gemma3   | "query_pre_attn_scalar": 6 | "query_pre_attn_scalar": 7 | query_pre_attn_scalar: no key; engines take 6, the configuration has 7
        olmo2    | "num_hidden_layers": 1 | "num_hidden_layers": 1, "attention_bias": true | attention_bias: the architecture olmo2 has no tensors
        smollm3  | "num_hidden_layers": 4 | "num_hidden_layers": 4, "no_rope_layers": [1, 1, 0, 1] | no_rope_layers: no key
        gpt2     | "n_layer": 1 | "n_layer": 1, "scale_attn_by_inverse_layer_idx": true | scale_attn_by_inverse_layer_idx: no key
        deepseek | "mscale_all_dim": 0.7 | "mscale_all_dim": 0.6 | rope_parameters.mscale: no key; engines take mscale_all_dim
        deepseek | "num_hidden_layers": 2 | "num_hidden_layers": 27 | q_lora_rank: engines take none for [26, 27] layers
        llama4   | "num_local_experts": 3 | "num_local_experts": 3, "attention_chunk_size": 16 | attention_chunk_size: no key; engines take 8192, the configuration has 16
        llama4   | "num_local_experts": 3 | "num_local_experts": 128 | use_qk_norm: engines normalise unless
        """)
    void refusesWhatTheConventionCannotSay(String family, String part, String replacement, String reason) {
        String json = switch (family) {
            case "llama" -> LLAMA;
            case "mistral" -> LLAMA.replace("\"llama\"", "\"mistral\"").replace("\"attention_bias\": true,", "");
            case "qwen3" -> QWEN_3;
            case "qwen3moe" -> QWEN_3_MOE;
            case "gemma3" -> GEMMA_3;
            case "olmo2" -> OLMO_2;
            case "smollm3" -> SMOLLM_3;
            case "gpt2" -> GPT_2;
            case "deepseek" -> DEEPSEEK_V3;
            case "llama4" -> LLAMA_4;
            default -> throw new AssertionError(family);
        };
        assertThat(json).contains(part);

        assertThat(Gguf.of(config(json.replace(part, replacement))))
                .isInstanceOfSatisfying(
                        Gguf.Refused.class,
                        refused -> assertThat(refused.reason()).startsWith(reason));
    }

    /// Published models, each of which llama.cpp has a converter for.
    @ParameterizedTest
    @CsvSource({
        "deepseek-v2, deepseek2",
        "deepseek-v2-lite, deepseek2",
        "deepseek-v3, deepseek2",
        "kimi-k2, deepseek2",
        "gemma-3-1b, gemma3",
        "gemma-3-27b, gemma3",
        "gemma-3n-e2b, gemma3n",
        "gemma-3n-e4b, gemma3n",
        "gpt2-124m, gpt2",
        "llama-3.1-8b, llama",
        "llama-4-scout, llama4",
        "llama-4-maverick, llama4",
        "mistral-small-3.1-24b, llama",
        "olmo-2-7b, olmo2",
        "qwen3-0.6b, qwen3",
        "qwen3-30b-a3b, qwen3moe",
        "smollm3-3b, smollm3"
    })
    void expressesPublishedModels(String model, String architecture) throws IOException {
        String json;
        try (var in = ModelConfig.class.getResourceAsStream("published/" + model + ".json")) {
            assertThat(in).as(model).isNotNull();
            json = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
        assertThat(layout(json).architecture()).isEqualTo(architecture);
    }

    @Test
    void leavesWhatWasThereIfWritingFails() throws IOException {
        Path file = Files.writeString(folder.resolve("model.gguf"), "old");
        Checkpoint closed = checkpoint(LLAMA);
        closed.close();

        assertThatThrownBy(() -> layout(LLAMA).write(closed, GgufType.F32, file))
                .isInstanceOf(IllegalStateException.class);

        assertThat(file).hasContent("old");
        assertThat(folder.toFile().list()).containsExactly("model.gguf");
    }
}
