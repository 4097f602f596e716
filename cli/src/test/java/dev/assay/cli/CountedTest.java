package dev.assay.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assay.config.ModelConfig;
import dev.assay.config.MoeConfig;
import dev.assay.conformance.suite.GoldenSuite;
import dev.assay.engine.LoadOptions;
import dev.assay.golden.GoldenCase;
import dev.assay.golden.Goldens;
import dev.assay.golden.PublishedModel;
import dev.assay.plan.cost.ActiveConvention;
import dev.assay.plan.cost.Facts;
import dev.assay.plan.cost.KvCacheCount;
import dev.assay.plan.planner.Planners;
import dev.assay.reference.ReferenceEngine;
import dev.assay.report.CheckResult;
import dev.assay.report.Count;
import dev.assay.report.Count.Quantity;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What the suite counts while the reference runs is what the plans say, which neither of them has seen.
class CountedTest {
    @ParameterizedTest
    @ValueSource(strings = {"gemma3-base", "gemma3n-shared", "llama4-scout", "mistral-window", "deepseek-v2-lite"})
    void cacheBytesAreThoseOfThePlan(String id) {
        GoldenCase golden = Goldens.bundled(id);
        KvCacheCount plan = KvCacheCount.of(Planners.plan(golden.config()));

        List<Count> counts = counts(golden, Quantity.KV_CACHE_BYTES);

        assertThat(counts).hasSizeGreaterThan(1);
        assertThat(counts)
                .allSatisfy(count -> assertThat(count.counted())
                        .as("at %d positions", count.tokens())
                        .isEqualTo(Float.BYTES * plan.live(count.tokens())));
    }

    @ParameterizedTest
    @ValueSource(strings = {"qwen3-moe-sparse-step", "deepseek-v2-base", "kimi-k2-base", "llama4-interval"})
    void expertsAndActiveParametersAreThoseOfThePlan(String id) {
        GoldenCase golden = Goldens.bundled(id);
        Facts facts = Facts.of(golden.config(), List.of(), Float.BYTES);
        Facts.Moe.PerLayer moe = (Facts.Moe.PerLayer) facts.moe();

        assertThat(counts(golden, Quantity.EXPERTS_PER_TOKEN))
                .extracting(Count::counted)
                .containsExactly((long) moe.topK() + moe.shared());
        assertThat(counts(golden, Quantity.ACTIVE_PARAMETERS))
                .extracting(Count::counted)
                .containsExactly(facts.parameters().active(ActiveConvention.ALL));
    }

    static Stream<ModelConfig> configurations() {
        return Stream.concat(
                Goldens.ids().stream().map(id -> Goldens.bundled(id).config()),
                PublishedModel.all().stream()
                        .filter(model -> model.factsOnly() == null)
                        .map(model -> ModelConfig.parse(model.configJson(), model.name())));
    }

    @ParameterizedTest
    @MethodSource("configurations")
    void configurationAndPlanAgreeOnExperts(ModelConfig config) {
        switch (Facts.of(config, List.of(), 1).moe()) {
            case Facts.Moe.None _ ->
                assertThat(config instanceof MoeConfig moe ? moe.moeLayers() : List.of())
                        .isEmpty();
            case Facts.Moe.PerLayer(int layers, int experts, int topK, int shared) -> {
                MoeConfig moe = (MoeConfig) config;
                assertThat(moe.moeLayers()).hasSize(layers);
                assertThat(moe.routedExperts()).isEqualTo(experts);
                assertThat(moe.numExpertsPerTok()).isEqualTo(topK);
                assertThat(moe.sharedExperts()).isEqualTo(shared);
            }
        }
    }

    @Test
    void someConfigurationsHaveExperts() {
        assertThat(configurations().filter(MoeConfig.class::isInstance)).hasSizeGreaterThan(25);
    }

    private static List<Count> counts(GoldenCase golden, Quantity quantity) {
        return GoldenSuite.run(new ReferenceEngine(), golden, LoadOptions.defaults(), _ -> {}).stream()
                .map(CheckResult::counts)
                .flatMap(List::stream)
                .filter(count -> count.quantity() == quantity)
                .toList();
    }
}
