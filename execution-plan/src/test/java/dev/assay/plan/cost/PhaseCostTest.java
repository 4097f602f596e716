package dev.assay.plan.cost;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.assay.engine.LogitsScope;
import dev.assay.plan.DecoderPlan;
import dev.assay.plan.Published;
import org.junit.jupiter.api.Test;

/// Operations and bytes of a phase, against sums made by hand.
class PhaseCostTest {
    private static PhaseCost decode(DecoderPlan plan, int position, int bytesPerWeight) {
        return PhaseCost.decode(plan, position, WeightBytes.uniform(plan, bytesPerWeight), 2);
    }

    private static PhaseCost prefill(DecoderPlan plan, int tokens, LogitsScope logits, int bytesPerWeight) {
        return PhaseCost.prefill(plan, tokens, logits, WeightBytes.uniform(plan, bytesPerWeight), 2);
    }

    @Test
    void decodingReadsEveryWeightOnceAndTheCacheOnce() {
        // Qwen3-0.6B: tied, no biases, 28 layers of 16 query heads and 8 KV heads of 128.
        PhaseCost cost = decode(Published.plan("qwen3-0.6b"), 999, 2);
        assertThat(cost.weightBytes()).isEqualTo(2 * 596_049_920L);
        assertThat(cost.cacheBytesRead()).isEqualTo(1000 * 114_688L);
        assertThat(cost.cacheBytesWritten()).isEqualTo(114_688);
        long gains = 28 * (2 * 1024 + 2 * 128) + 1024;
        long attention = 28 * 2L * 2 * 16 * 128 * 1000;
        assertThat(cost.flops()).isEqualTo(2 * (596_049_920L - gains) + attention);
    }

    @Test
    void decodingWithExpertsReadsThoseOfOneToken() {
        DecoderPlan plan = Published.plan("deepseek-v3");
        PhaseCost cost = decode(plan, 0, 1);
        assertThat(cost.weightBytes()).isEqualTo(36_625_603_584L + 58 * 256 + 7168);
        assertThat(cost.cacheBytesRead()).isEqualTo(70_272);
        // Latent form: scores over 512 + 64 numbers, sums over 512, for 128 heads in 61 layers.
        long gains = 61 * (2 * 7168L + 1536 + 512) + 7168;
        assertThat(cost.flops()).isEqualTo(2 * (36_625_603_584L - gains) + 61 * 2L * 128 * (2 * 512 + 64));
    }

    @Test
    void prefillOfOneTokenIsDecodingTheFirst() {
        DecoderPlan plan = Published.plan("llama-3.2-1b");
        assertThat(prefill(plan, 1, LogitsScope.LAST_POSITION, 2)).isEqualTo(decode(plan, 0, 2));
    }

    @Test
    void prefillIsTheSumOfItsTokensButForTheHead() {
        DecoderPlan plan = Published.plan("llama-3.2-1b");
        long sum = 0;
        for (int position = 0; position < 10; position++) {
            sum += decode(plan, position, 2).flops();
        }
        assertThat(prefill(plan, 10, LogitsScope.ALL_POSITIONS, 2).flops()).isEqualTo(sum);
        assertThat(prefill(plan, 10, LogitsScope.LAST_POSITION, 2).flops()).isEqualTo(sum - 9 * 2L * 128_256 * 2048);
    }

    @Test
    void prefillNeedsNoMoreExpertsThanThereAre() {
        DecoderPlan plan = Published.plan("deepseek-v3");
        long few = prefill(plan, 2, LogitsScope.LAST_POSITION, 1).weightBytes();
        long all = prefill(plan, 1000, LogitsScope.LAST_POSITION, 1).weightBytes();
        assertThat(few).isEqualTo(36_625_603_584L + 20_434_649_088L + 58 * 256 + 2 * 7168);
        assertThat(all).isEqualTo(671_026_404_352L - 926_679_040 + 58 * 256 + 1000 * 7168);
    }

    /// DeepSeek V3 as published: matrices of one byte, all else of two but the correction biases, of four.
    @Test
    void tensorsOfSeveralTypesCountAsTheyAreStored() {
        DecoderPlan plan = Published.plan("deepseek-v3");
        WeightBytes stored = WeightBytes.stored(
                plan, name -> name.endsWith("e_score_correction_bias") ? 4 : name.contains("proj") ? 1 : 2);
        long gains = 61 * (2 * 7168L + 1536 + 512) + 7168;
        long routers = 58 * 256 * 7168L;
        long head = 129_280 * 7168L;

        long ofOneByte = 36_625_603_584L - gains - routers - head;
        assertThat(PhaseCost.decode(plan, 0, stored, 2).weightBytes())
                .isEqualTo(ofOneByte + 2 * (gains + routers + head) + 4 * 58 * 256 + 2 * 7168);
        assertThat(stored.total()).isEqualTo(671_026_404_352L + gains + routers + 2 * head + 4 * 58 * 256);
    }

    @Test
    void tablesOfPositionsAndLayersAreReadARowAToken() {
        DecoderPlan gpt2 = Published.plan("gpt2-124m");
        assertThat(decode(gpt2, 5, 4).weightBytes()).isEqualTo(4 * (124_439_808L - 1024 * 768 + 768));
        DecoderPlan gemma = Published.plan("gemma-3n-e2b");
        long row = 30 * 256;
        long all = ParameterCount.of(gemma).active(ActiveConvention.EXCLUDING_INPUT_EMBEDDING);
        assertThat(decode(gemma, 5, 2).weightBytes()).isEqualTo(2 * (all + row));
        assertThat(prefill(gemma, 7, LogitsScope.LAST_POSITION, 2).weightBytes())
                .isEqualTo(2 * (all + 7 * row));
    }

    @Test
    void prefillExpandsLatentsForEveryHead() {
        PhaseCost cost = prefill(Published.plan("deepseek-v3"), 3, LogitsScope.ALL_POSITIONS, 1);
        // Scores over 128 + 64 numbers, sums over 128, for 1 + 2 + 3 positions in 61 layers of 128 heads.
        long attention = 61 * 2L * 128 * (128 + 64 + 128) * (1 + 2 + 3);
        long gains = 61 * (2 * 7168L + 1536 + 512) + 7168;
        assertThat(cost.flops()).isEqualTo(3 * 2 * (36_625_603_584L - gains) + attention);
        assertThat(cost.cacheBytesWritten()).isEqualTo(3 * 70_272);
    }

    @Test
    void learnedPositionsAreLookedUpOneByOne() {
        DecoderPlan plan = Published.plan("gpt2-124m");
        // Tied, so the embedding is read as the head; of the positions a row of 768 a token.
        assertThat(decode(plan, 5, 2).weightBytes()).isEqualTo(2 * (123_653_376L + 768));
        assertThat(prefill(plan, 10, LogitsScope.LAST_POSITION, 2).weightBytes())
                .isEqualTo(2 * (123_653_376L + 10 * 768));
    }

    @Test
    void gemma3nAsksItsStreamRouterTwiceAndLooksUpARowALayer() {
        // E2B: 30 layers of 8 heads of 256, 4 streams of 2048, rows of 256; tied. Per layer, streams have one vector
        // that is no matrix.
        PhaseCost cost = decode(Published.plan("gemma-3n-e2b"), 0, 1);
        assertThat(cost.weightBytes()).isEqualTo(2_421_916_768L + 30 * 256);
        long gains = Published.facts("gemma-3n-e2b")
                .get("params")
                .get("roles")
                .get("norm")
                .longValue();
        long attention = 30 * 2L * 2 * 8 * 256;
        assertThat(cost.flops()).isEqualTo(2 * (2_421_916_768L - gains - 30 * 2048 + 30 * 4 * 2048) + attention);
    }

    @Test
    void lengthsThatCannotBeAreRefused() {
        DecoderPlan plan = Published.plan("qwen3-0.6b");
        assertThatIllegalArgumentException().isThrownBy(() -> decode(plan, -1, 2));
        assertThatIllegalArgumentException().isThrownBy(() -> prefill(plan, 0, LogitsScope.LAST_POSITION, 2));
        KvCacheCount cache = KvCacheCount.of(plan);
        assertThatIllegalArgumentException().isThrownBy(() -> cache.peak(-1));
        assertThatIllegalArgumentException().isThrownBy(() -> cache.live(-1));
        assertThatIllegalArgumentException().isThrownBy(() -> cache.huggingFace(-1));
        assertThatIllegalArgumentException().isThrownBy(() -> cache.unbounded(-1));
    }
}
