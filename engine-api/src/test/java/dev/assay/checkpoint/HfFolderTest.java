package dev.assay.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assay.config.ModelConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class HfFolderTest {
    private static final ModelConfig CONFIG = ModelConfig.parse("""
            {"model_type": "deepseek_v3", "vocab_size": 13, "hidden_size": 10, "intermediate_size": 12,
             "moe_intermediate_size": 6, "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 2,
             "q_lora_rank": 6, "kv_lora_rank": 6, "qk_nope_head_dim": 4, "qk_rope_head_dim": 2, "v_head_dim": 4,
             "n_routed_experts": 4, "n_shared_experts": 1, "num_experts_per_tok": 2, "n_group": 2, "topk_group": 1,
             "first_k_dense_replace": 1, "max_position_embeddings": 64, "num_nextn_predict_layers": 0,
             "quantization_config": {"quant_method": "fp8", "weight_block_size": [4, 4]}}
            """, "test");

    @TempDir
    private Path folder;

    @ParameterizedTest
    @EnumSource(
            value = ElementType.class,
            names = {"F32", "F16", "BF16", "F8_E4M3"})
    void writesTheFileThatTheWeightsAreKnownBy(ElementType type) throws IOException, NoSuchAlgorithmException {
        SyntheticWeights weights = SyntheticWeights.forShape(CONFIG, type, 5);
        try (Checkpoint checkpoint = weights.checkpoint(CONFIG)) {
            HfFolder.write(checkpoint, folder);
        }

        byte[] file = Files.readAllBytes(folder.resolve("model.safetensors"));
        byte[] digest = MessageDigest.getInstance("SHA-256").digest(file);
        assertThat(HexFormat.of().formatHex(digest)).isEqualTo(weights.sha256());
    }

    @Test
    void writesAFolderThatOpensAsTheSameCheckpoint() throws IOException {
        SyntheticWeights weights = SyntheticWeights.forShape(CONFIG, ElementType.F8_E4M3, 5);
        try (Checkpoint made = weights.checkpoint(CONFIG)) {
            assertThat(made.folder()).isEmpty();
            HfFolder.write(made, folder);

            try (Checkpoint opened = Checkpoint.open(folder)) {
                assertThat(opened.folder()).contains(folder);
                assertThat(opened.config()).isEqualTo(CONFIG);
                assertThat(opened.tensors()).isEqualTo(made.tensors());
                String name = "model.layers.0.self_attn.kv_b_proj.weight";
                assertThat(opened.tensor(name, 16, 6).toMatrix())
                        .isDeepEqualTo(made.tensor(name, 16, 6).toMatrix());
            }
        }
    }
}
