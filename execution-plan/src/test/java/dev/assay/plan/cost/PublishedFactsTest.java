package dev.assay.plan.cost;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.assay.config.ConfigException;
import dev.assay.plan.Published;
import dev.assay.plan.WeightRole;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/// Figures equal those of the oracle, to the last unit.
class PublishedFactsTest {
    private static final List<Integer> CONTEXTS = List.of(1024, 4096, 32_768, 131_072);

    static List<String> planned() {
        return Published.planned();
    }

    static List<String> factsOnly() {
        return Published.factsOnly();
    }

    @Test
    void everyPublishedModelIsPlannedOrFactsOnly() {
        assertThat(planned()).hasSize(33);
        assertThat(factsOnly()).hasSize(25);
    }

    @ParameterizedTest
    @MethodSource("planned")
    void parametersAreThoseOfTheOracle(String model) {
        ParameterCount count = ParameterCount.of(Published.plan(model));
        JsonNode expected = Published.facts(model).get("params");
        assertThat(count.total()).isEqualTo(expected.get("total").longValue());
        assertThat(count.buffers()).isEqualTo(expected.get("persistent_buffers").longValue());
        assertThat(count.withoutEmbeddings())
                .isEqualTo(expected.get("non_embedding").longValue());
        assertThat(count.of(WeightRole.EMBEDDING) + count.of(WeightRole.POSITION_EMBEDDING))
                .isEqualTo(expected.get("input_embedding").longValue());
        assertThat(count.of(WeightRole.PER_LAYER_EMBEDDING))
                .isEqualTo(expected.get("per_layer_embedding").longValue());
        assertThat(count.of(WeightRole.HEAD))
                .isEqualTo(expected.get("lm_head_untied").longValue());
    }

    @ParameterizedTest
    @MethodSource("planned")
    void parametersOfEachRoleAreThoseOfTheOracle(String model) {
        ParameterCount count = ParameterCount.of(Published.plan(model));
        JsonNode roles = Published.facts(model).get("params").get("roles");
        var known = Arrays.stream(WeightRole.values())
                .map(PublishedFactsTest::roleKey)
                .collect(Collectors.toSet());
        assertThat(known).containsAll(roles.propertyNames());
        for (WeightRole role : WeightRole.values()) {
            if (role != WeightRole.CORRECTION_BIAS) {
                long expected = roles.path(roleKey(role)).asLong(0);
                assertThat(count.of(role)).as(role.name()).isEqualTo(expected);
            }
        }
    }

    private static String roleKey(WeightRole role) {
        return switch (role) {
            case EMBEDDING -> "embed";
            case POSITION_EMBEDDING -> "embed_pos";
            case PER_LAYER_EMBEDDING -> "embed_per_layer";
            case ATTENTION -> "attn";
            case NORM -> "norm";
            case DENSE_MLP -> "dense_mlp";
            case ROUTER -> "router";
            case CORRECTION_BIAS -> "correction_bias";
            case ROUTED_EXPERT -> "routed_expert";
            case SHARED_EXPERT -> "shared_expert";
            case STREAM -> "other";
            case HEAD -> "lm_head";
        };
    }

    @ParameterizedTest
    @MethodSource("planned")
    void activeParametersAreThoseOfTheOracle(String model) {
        ParameterCount count = ParameterCount.of(Published.plan(model));
        JsonNode expected = Published.facts(model).get("active");
        assertThat(count.active(ActiveConvention.ALL))
                .isEqualTo(expected.get("A_all_incl_both_embeddings").longValue());
        assertThat(count.active(ActiveConvention.EXCLUDING_INPUT_EMBEDDING))
                .isEqualTo(expected.get("B_excl_input_embedding").longValue());
        assertThat(count.active(ActiveConvention.EXCLUDING_EMBEDDINGS))
                .isEqualTo(expected.get("C_excl_both_embeddings").longValue());
    }

    @ParameterizedTest
    @MethodSource("planned")
    void expertsAreThoseOfTheOracle(String model) {
        Facts facts = Facts.of(Published.config(model), CONTEXTS, 2);
        JsonNode expected = Published.facts(model).get("moe");
        switch (facts.moe()) {
            case Facts.Moe.None _ -> assertThat(expected.isNull()).isTrue();
            case Facts.Moe.PerLayer(int _, int experts, int topK, int _) -> {
                assertThat(experts).isEqualTo(expected.get("n_experts").intValue());
                assertThat(topK).isEqualTo(expected.get("top_k").intValue());
                ParameterCount count = facts.parameters();
                assertThat(count.of(WeightRole.ROUTED_EXPERT))
                        .isEqualTo(expected.get("routed_expert_params").longValue());
                assertThat(count.activeRouted())
                        .isEqualTo(expected.get("active_routed").longValue());
                assertThat(count.of(WeightRole.SHARED_EXPERT))
                        .isEqualTo(expected.get("shared_expert_params").longValue());
            }
        }
    }

    @ParameterizedTest
    @MethodSource("planned")
    void cacheIsAsLargeAsTheOracles(String model) {
        Facts facts = Facts.of(Published.config(model), CONTEXTS, 2);
        KvCacheCount cache = facts.kvCache();
        JsonNode expected = Published.facts(model).get("kv_cache");
        assertThat(facts.bytesPerToken())
                .isEqualTo(expected.get("per_token_bytes_bf16_short").longValue());
        assertThat(2 * cache.perPositionBeyondWindows())
                .isEqualTo(expected.get("per_token_bytes_bf16_marginal_beyond_window")
                        .longValue());
        int compared = 0;
        for (int context : CONTEXTS) {
            String key = "bytes_at_" + context;
            if (expected.has(key)) {
                assertThat(2 * cache.peak(context)).isEqualTo(expected.get(key).longValue());
                assertThat(facts.bytesAt(context))
                        .isEqualTo(
                                model.equals("gpt2-124m") && context > 1024
                                        ? OptionalLong.empty()
                                        : OptionalLong.of(2 * cache.peak(context)));
                compared++;
            }
            if (expected.has(key + "_unbounded")) {
                assertThat(2 * cache.huggingFace(context))
                        .isEqualTo(expected.get(key + "_hf_wminus1").longValue());
                assertThat(2 * cache.unbounded(context))
                        .isEqualTo(expected.get(key + "_unbounded").longValue());
            }
        }
        assertThat(compared).isGreaterThanOrEqualTo(3);
        assertThat(2 * cache.expandedPerPosition())
                .isEqualTo(expected.path("naive_expanded_per_token").asLong(facts.bytesPerToken()));
        assertThat(2 * cache.unsharedPerPosition())
                .isEqualTo(expected.path("if_no_sharing_per_token").asLong(facts.bytesPerToken()));
    }

    @ParameterizedTest
    @MethodSource("planned")
    void liveCacheIsWhatTheConfigurationSays(String model) {
        KvCacheCount cache = KvCacheCount.of(Published.plan(model));
        for (int positions : new int[] {0, 1, 511, 512, 513, 4096, 4097, 8191, 8192, 8193, 20_000}) {
            assertThat(cache.live(positions))
                    .as("%d positions", positions)
                    .isEqualTo(Published.config(model).kvCacheElements(positions));
        }
    }

    /// Without a plan, no figure of ours: the configuration is refused, or it is a translation that says too
    /// little.
    @ParameterizedTest
    @MethodSource("factsOnly")
    void othersAreRefusedWithAReason(String model) {
        assertThat(Published.facts(model).get("facts_only").stringValue()).isNotBlank();
        if (!model.equals("mistral-large-3")) {
            assertThatExceptionOfType(ConfigException.class)
                    .isThrownBy(() -> Published.config(model))
                    .withMessageContaining(model);
        }
    }

    @ParameterizedTest
    @MethodSource("planned")
    void claimsOfVendorsMatchTheConventionsOnRecord(String model) {
        JsonNode vendor = Published.facts(model).get("vendor");
        var claim = new VendorClaim(
                vendor.get("total").stringValue(), vendor.get("active").stringValue());
        String letters = claim.matching(ParameterCount.of(Published.plan(model))).stream()
                .map(ActiveConvention::letter)
                .collect(Collectors.joining());
        assertThat(letters)
                .isEqualTo(
                        switch (model) {
                            case "qwen3-30b-a3b", "llama-4-scout", "llama-4-maverick" -> "A";
                            case "qwen3-235b-a22b", "qwen3-coder-480b-a35b", "deepseek-v2" -> "AB";
                            case "deepseek-v2-lite", "deepseek-v3", "kimi-k2" -> "B";
                            // An "effective 2B" rounds B and C, an "effective 4B" B to 4.5 and C.
                            case "gemma-3n-e2b" -> "BC";
                            case "gemma-3n-e4b" -> "BC";
                            default -> "";
                        });
    }
}
