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
        MemoryNeed need = MemoryNeed.of(model("qwen3-0.6b", 28, WeightType.bf16), 512, 64, 4);

        assertThat(need.weightBytes()).isEqualTo(2 * 596_049_920L);
        assertThat(need.cacheBytes()).isEqualTo(4 * 28 * 2L * 8 * 128 * 576);
        assertThat(need.referenceBytes()).isEqualTo(4 * 596_049_920L);
        assertThat(need.logitsBytes()).isEqualTo(4 * 151_936L * (6 * 65 + 4 * 4));
    }

    /// Eight of 128 experts a token: four tokens touch a quarter of them at most.
    @Test
    void ofExpertsOnlyThoseAreDecodedThatTokensGoTo() {
        MemoryNeed need = MemoryNeed.of(model("qwen3-30b-a3b", 1, WeightType.bf16), 8, 2, 4);
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
    void fitsWhereThereIsRoomAndSaysWhatIsShortWhereThereIsNot() {
        MemoryNeed need = new MemoryNeed(4 * GIB, GIB, GIB, 2 * GIB); // and 1.5 besides
        assertThat(need.totalBytes()).isEqualTo(19 * GIB / 2);
        assertThat(need.refusal(10 * GIB, 3 * GIB)).isEmpty();
        assertThat(need.refusal(9 * GIB, 3 * GIB))
                .hasValueSatisfying(reason -> assertThat(reason)
                        .startsWith("needs 9.5 GiB: weights 4.0 GiB, KV cache 1.0 GiB, logits on the heap 1.0 GiB,")
                        .endsWith("; this machine has 9.0 GiB of memory"));
        assertThat(need.refusal(10 * GIB, 3 * GIB - 1))
                .hasValueSatisfying(reason -> assertThat(reason)
                        .endsWith("; the Java heap may take 3.0 GiB (ASSAY_JAVA_OPTS=-Xmx<size>g gives it more)"));
    }
}
