package dev.assay.vector.cache;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assay.engine.KvCacheType;
import dev.assay.plan.Mask;
import org.junit.jupiter.api.Test;

class LayerCacheTest {
    private static void fill(LayerCache cache, int from, int to) {
        for (int position = from; position < to; position++) {
            cache.store(0, position, new float[] {position, -position}, 0, new float[] {10f * position}, 0);
            cache.hold(position);
        }
        cache.forget();
    }

    @Test
    void aRingKeepsTheWindowAndSaysWhereItWraps() {
        Mask mask = new Mask.SlidingWindow(3);
        int capacity = LayerCache.capacity(mask, 100, 2);
        assertThat(capacity).isEqualTo(5);
        LayerCache cache = new LayerCache(KvCacheType.FLOAT32, mask, 1, 2, 1, capacity);
        fill(cache, 0, 2);
        assertThat(cache.bytes()).isEqualTo(2 * 3 * 4);
        fill(cache, 2, 4);
        fill(cache, 4, 6);
        assertThat(cache.bytes()).isEqualTo(3 * 3 * 4);
        assertThat(cache.contiguous(3)).isEqualTo(2);
        for (int position = 3; position < 6; position++) {
            float[] keys = cache.keys(0, position, 1, new float[0]);
            assertThat(keys[cache.keysOffset(0, position) + 1]).isEqualTo(-position);
            float[] values = cache.values(0, position, 1, new float[0]);
            assertThat(values[cache.valuesOffset(0, position)]).isEqualTo(10f * position);
        }
        cache.clear();
        assertThat(cache.bytes()).isZero();
    }

    @Test
    void aChunkIsGivenUpWhenTheNextBegins() {
        LayerCache cache = new LayerCache(KvCacheType.BFLOAT16, new Mask.Chunked(4), 1, 2, 1, 6);
        fill(cache, 0, 4);
        assertThat(cache.bytes()).isEqualTo(4 * 3 * 2);
        fill(cache, 4, 5);
        assertThat(cache.bytes()).isEqualTo(1 * 3 * 2);
    }

    @Test
    void capacityIsNeverMoreThanTheContext() {
        assertThat(LayerCache.capacity(new Mask.SlidingWindow(Integer.MAX_VALUE), 7, 512))
                .isEqualTo(7);
        assertThat(LayerCache.capacity(new Mask.Causal(), 7, 512)).isEqualTo(7);
    }

    @Test
    void roundsToNearestEven() {
        assertThat(Rounded.bfloat16(1f)).isEqualTo((short) 0x3f80);
        assertThat(Rounded.bfloat16(Float.intBitsToFloat(0x3f808000))).isEqualTo((short) 0x3f80);
        assertThat(Rounded.bfloat16(Float.intBitsToFloat(0x3f818000))).isEqualTo((short) 0x3f82);
        assertThat(Rounded.bfloat16(Float.intBitsToFloat(0x3f808001))).isEqualTo((short) 0x3f81);
        assertThat(Float.intBitsToFloat(Rounded.bfloat16(Float.NaN) << 16)).isNaN();
        assertThat(Float.intBitsToFloat(Rounded.bfloat16(Float.intBitsToFloat(0x7f800001)) << 16))
                .isNaN();
        assertThat(Float.intBitsToFloat(Rounded.bfloat16(Float.NEGATIVE_INFINITY) << 16))
                .isEqualTo(Float.NEGATIVE_INFINITY);
    }
}
