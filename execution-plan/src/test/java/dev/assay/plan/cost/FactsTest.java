package dev.assay.plan.cost;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.assay.plan.Published;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The figures in JSON.
class FactsTest {
    private static final JsonMapper JSON = new JsonMapper();

    @Test
    void deepSeekV3HasTheHeadlineFigures() {
        Facts facts = Facts.of(Published.config("deepseek-v3"), List.of(32_768, 4096), 2);
        JsonNode json = JSON.valueToTree(facts.toJson(new VendorClaim("671B", "37B")));
        assertThat(json.at("/parameters/total").longValue()).isEqualTo(671_026_404_352L);
        assertThat(json.at("/parameters/active/all").longValue()).isEqualTo(37_552_282_624L);
        assertThat(json.at("/parameters/active/excluding_input_embedding").longValue())
                .isEqualTo(36_625_603_584L);
        assertThat(json.at("/parameters/active/excluding_embeddings").longValue())
                .isEqualTo(35_698_924_544L);
        assertThat(json.at("/kv_cache/bytes_per_token").longValue()).isEqualTo(70_272);
        assertThat(json.at("/kv_cache/bytes_at/4096").longValue()).isEqualTo(4096 * 70_272L);
        assertThat(json.at("/kv_cache/expanded_bytes_per_token").longValue()).isEqualTo(4_997_120);
        assertThat(json.at("/moe/experts").intValue()).isEqualTo(256);
        assertThat(json.at("/moe/top_k").intValue()).isEqualTo(8);
        assertThat(json.at("/moe/shared").intValue()).isEqualTo(1);
        assertThat(json.at("/moe/layers").intValue()).isEqualTo(58);
        assertThat(json.at("/vendor/matching/0").stringValue()).isEqualTo("excluding_input_embedding");
    }

    @Test
    void gemma3nSharesCachesAndHasWindows() {
        Facts facts = Facts.of(Published.config("gemma-3n-e2b"), List.of(), 1);
        JsonNode cache = JSON.valueToTree(facts.toJson()).at("/kv_cache");
        // 2 KV heads of 256: 20 of 30 layers have a cache of their own, 4 of these see everything.
        long layer = 2 * 2 * 256;
        assertThat(cache.at("/bytes_per_token").longValue()).isEqualTo(20 * layer);
        assertThat(cache.at("/bytes_per_token_beyond_windows").longValue()).isEqualTo(4 * layer);
        assertThat(cache.at("/unshared_bytes_per_token").longValue()).isEqualTo(30 * layer);
        JsonNode inBf16 = JSON.valueToTree(
                        Facts.of(Published.config("gemma-3n-e2b"), List.of(), 2).toJson())
                .at("/kv_cache");
        assertThat(inBf16.at("/bytes_per_token_beyond_windows").longValue()).isEqualTo(2 * 4 * layer);
        assertThat(inBf16.at("/unshared_bytes_per_token").longValue()).isEqualTo(2 * 30 * layer);
    }

    @Test
    void denseModelsHaveNoExperts() {
        Facts facts = Facts.of(Published.config("qwen3-0.6b"), List.of(), 2);
        assertThat(facts.toJson()).doesNotContainKey("moe").containsKey("kv_cache");
    }

    @Test
    void bytesFollowTheTypeOfTheCache() {
        Facts bf16 = Facts.of(Published.config("llama-3.2-1b"), List.of(100), 2);
        Facts f32 = Facts.of(Published.config("llama-3.2-1b"), List.of(100), 4);
        assertThat(f32.bytesPerToken()).isEqualTo(2 * bf16.bytesPerToken());
        assertThat(f32.bytesAt(100)).hasValue(200 * bf16.bytesPerToken());
        assertThatIllegalArgumentException().isThrownBy(() -> Facts.of(Published.config("llama-3.2-1b"), List.of(), 0));
    }

    @Test
    void learnedPositionsEndWhereTheirTableDoes() {
        Facts facts = Facts.of(Published.config("gpt2-124m"), List.of(1024, 1025), 2);
        JsonNode cache = JSON.valueToTree(facts.toJson()).path("kv_cache");

        assertThat(facts.bytesAt(1024)).hasValue(37_748_736);
        assertThat(facts.bytesAt(1025)).isEmpty();
        for (String key : List.of("bytes_at", "hugging_face_bytes_at", "unbounded_bytes_at")) {
            assertThat(cache.at("/" + key + "/1024").longValue()).isEqualTo(37_748_736);
            // The formula goes on, as in the recorded facts of others.
            assertThat(cache.at("/" + key + "/1025").longValue()).isEqualTo(1025 * 36_864);
        }
        assertThat(cache.path("unreachable").stringValue())
                .isEqualTo("1024 positions are learned, and there is none beyond");
    }

    @Test
    void whoGetsEverywhereNeedsNoReason() {
        assertThat(Facts.of(Published.config("gpt2-124m"), List.of(1, 1024), 2).unreachable())
                .isEmpty();
        assertThat(Facts.of(Published.config("gpt2-124m"), List.of(), 2).unreachable())
                .isEmpty();
        // RoPE turns on beyond what a model was trained for.
        assertThat(Facts.of(Published.config("qwen3-0.6b"), List.of(10_000_000), 2)
                        .unreachable())
                .isEmpty();
    }

    @Test
    void claimsRoundBeforeTheyAreCutOff() {
        ParameterCount v3 = ParameterCount.of(Published.plan("deepseek-v3"));
        // A is 37.55: it would be cut off to 37, but B rounds to it.
        assertThat(new VendorClaim("", "37B").matching(v3)).containsExactly(ActiveConvention.EXCLUDING_INPUT_EMBEDDING);
        assertThat(new VendorClaim("", "37.6B").matching(v3)).containsExactly(ActiveConvention.ALL);
        assertThat(new VendorClaim("", "").matching(v3)).isEmpty();
        assertThat(new VendorClaim("", "50B").matching(v3)).isEmpty();
    }
}
