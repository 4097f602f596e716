package dev.assay.reference.cache;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class CacheTest {
    @Test
    void kvCacheReturnsWhatWasAppendedByPositionAndHead() {
        KvCache cache = new KvCache(2);
        float[][] keys = {{1, 2}, {3, 4}}; // [K][d]
        float[][] values = {{5, 6}, {7, 8}}; // [K][d]
        cache.layer(1).append(keys, values);
        cache.layer(1).append(values, keys);
        assertThat(cache.layer(1).key(0, 1)).containsExactly(3, 4);
        assertThat(cache.layer(1).value(0, 0)).containsExactly(5, 6);
        assertThat(cache.layer(1).key(1, 0)).containsExactly(5, 6);
        assertThat(cache.layer(1).value(1, 1)).containsExactly(3, 4);
        assertThat(cache.layer(1).length()).isEqualTo(2);
        assertThat(cache.layer(0).length()).isZero();
    }

    @Test
    void kvCacheCountsTheNumbersItHolds() {
        KvCache cache = new KvCache(2);
        assertThat(cache.bytes()).isZero();
        for (int i = 0; i < 2; i++) {
            cache.layer(i).append(new float[3][5], new float[3][7]);
        }
        assertThat(cache.bytes()).isEqualTo(2 * 3 * (5 + 7) * 4);
        assertThat(cache.length()).isEqualTo(1);
    }

    @Test
    void latentCacheReturnsWhatWasAppendedByPosition() {
        LatentCache cache = new LatentCache(2);
        cache.layer(0).append(new float[] {1, 2, 3}, new float[] {4, 5});
        cache.layer(0).append(new float[] {6, 7, 8}, new float[] {9, 10});
        assertThat(cache.layer(0).latent(1)).containsExactly(6, 7, 8);
        assertThat(cache.layer(0).rotatedKey(0)).containsExactly(4, 5);
        assertThat(cache.layer(0).length()).isEqualTo(2);
        assertThat(cache.layer(1).length()).isZero();
    }

    @Test
    void latentCacheCountsTheNumbersItHolds() {
        LatentCache cache = new LatentCache(3);
        assertThat(cache.bytes()).isZero();
        for (int i = 0; i < 3; i++) {
            cache.layer(i).append(new float[5], new float[2]);
            cache.layer(i).append(new float[5], new float[2]);
        }
        assertThat(cache.bytes()).isEqualTo(3 * 2 * (5 + 2) * 4);
        assertThat(cache.length()).isEqualTo(2);
    }
}
