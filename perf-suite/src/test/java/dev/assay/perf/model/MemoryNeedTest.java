package dev.assay.perf.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assay.golden.PublishedModel;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Figures by hand, from the parameters that the vendors publish.
class MemoryNeedTest {
    private static final long GIB = 1L << 30;

    private static BenchModel model(String name, int layers, WeightType type) {
        PublishedModel published = PublishedModel.all().stream()
                .filter(model -> model.name().equals(name))
                .findFirst()
                .orElseThrow();
        return BenchModel.ofShape(published.name(), published.configJson(), layers, type);
    }

    @Test
    void aDenseModelIsDecodedWhole() {
        MemoryNeed need = MemoryNeed.of(model("qwen3-0.6b", 28, WeightType.bf16), 512, 64, 4, 1);

        assertThat(need.weightBytes()).isEqualTo(2 * 596_049_920L);
        assertThat(need.cacheBytes()).isEqualTo(4 * 28 * 2L * 8 * 128 * 576);
        assertThat(need.referenceBytes()).isEqualTo(4 * 596_049_920L);
        assertThat(need.largestBytes()).isEqualTo(4 * 151_936L * 1024);
        assertThat(need.logitsBytes()).isEqualTo(4 * 151_936L * (6 * 65 + 4 * 4));
    }

    /// Eight of 128 experts a token: four tokens touch a quarter of them at most.
    @Test
    void ofExpertsOnlyThoseAreDecodedThatTokensGoTo() {
        MemoryNeed need = MemoryNeed.of(model("qwen3-30b-a3b", 1, WeightType.bf16), 8, 2, 4, 1);
        long expert = 3L * 2048 * 768;
        long whole = need.weightBytes() / 2;

        assertThat(need.referenceBytes()).isEqualTo(4 * (whole - 128 * expert + 32 * expert));
    }

    @ParameterizedTest
    @CsvSource({"f32, 4", "bf16, 2", "f16, 2"})
    void weightsCountAsTheyAreStored(WeightType type, int bytes) {
        assertThat(model("qwen3-0.6b", 28, type).weightBytes().total()).isEqualTo(bytes * 596_049_920L);
    }

    @Test
    void theReferenceNeedsRoomForItsLargestMatrixAndTakesMoreIfThereIsAny() {
        // Weights 4, cache 1, logits 1, the reference's weights 6, the largest 1.5; 1.5 besides, 0.5 of the heap.
        MemoryNeed need = new MemoryNeed(4 * GIB, GIB, GIB, 6 * GIB, 3 * GIB / 2);
        assertThat(need.leastHeapBytes()).isEqualTo(3 * GIB);
        assertThat(need.totalBytes(100 * GIB)).isEqualTo(27 * GIB / 2);
        assertThat(need.totalBytes(4 * GIB)).isEqualTo(21 * GIB / 2);
        assertThat(need.refusal(21 * GIB / 2, 4 * GIB)).isEmpty();
        assertThat(need.refusal(10 * GIB, 4 * GIB))
                .hasValueSatisfying(reason -> assertThat(reason)
                        .startsWith("needs 10.5 GiB: weights 4.0 GiB, KV cache 1.0 GiB, logits on the heap 1.0 GiB,")
                        .endsWith("; this machine has 10.0 GiB of memory (ASSAY_JAVA_OPTS=-Xmx<size>g makes the heap"
                                + " smaller, 3.0 GiB at least)"));
        assertThat(need.refusal(9 * GIB, 4 * GIB))
                .hasValueSatisfying(reason -> assertThat(reason).endsWith("; this machine has 9.0 GiB of memory"));
        assertThat(need.refusal(100 * GIB, 3 * GIB - 1))
                .hasValueSatisfying(reason -> assertThat(reason)
                        .endsWith("; the Java heap may take 3.0 GiB and needs 3.0 GiB"
                                + " (ASSAY_JAVA_OPTS=-Xmx<size>g gives it more)"));
    }
}
