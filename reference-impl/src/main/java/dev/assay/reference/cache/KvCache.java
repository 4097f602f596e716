package dev.assay.reference.cache;

import java.util.ArrayList;
import java.util.List;

/// Keys and values of the positions that a layer can still see, for every layer and KV head. Keys are kept rotated.
public final class KvCache implements Cache {
    private final List<Layer> layers = new ArrayList<>();

    public KvCache(int numHiddenLayers) {
        for (int i = 0; i < numHiddenLayers; i++) {
            layers.add(new Layer());
        }
    }

    public Layer layer(int i) {
        return layers.get(i);
    }

    @Override
    public int length() {
        return layers.getLast().length();
    }

    @Override
    public long bytes() {
        long bytes = 0;
        for (Layer layer : layers) {
            bytes += layer.bytes();
        }
        return bytes;
    }

    /// The cache of one layer: K KV heads of d elements a position.
    public static final class Layer {
        private int first; // the earliest position held
        private final List<float[][]> keys = new ArrayList<>(); // [S] of [K][d]
        private final List<float[][]> values = new ArrayList<>(); // [S] of [K][d]

        private Layer() {}

        /// Appends the keys and values of the next position, both `[K][d]`, which are kept, not copied.
        public void append(float[][] keys, float[][] values) {
            this.keys.add(keys);
            this.values.add(values);
        }

        /// Positions appended so far, which is the position of the next one.
        public int length() {
            return first + keys.size();
        }

        /// The earliest position held.
        public int first() {
            return first;
        }

        /// Lets go of all positions before this one, which no later token of the layer can see.
        public void forgetBefore(int position) {
            int forgotten = Math.max(0, position - first);
            keys.subList(0, forgotten).clear();
            values.subList(0, forgotten).clear();
            first += forgotten;
        }

        /// The key of a KV head, `[d]`.
        public float[] key(int position, int kvHead) {
            return keys.get(position - first)[kvHead];
        }

        /// The value of a KV head, `[d]`.
        public float[] value(int position, int kvHead) {
            return values.get(position - first)[kvHead];
        }

        private long bytes() {
            long bytes = 0;
            for (int s = 0; s < keys.size(); s++) {
                for (float[] key : keys.get(s)) {
                    bytes += (long) key.length * Float.BYTES;
                }
                for (float[] value : values.get(s)) {
                    bytes += (long) value.length * Float.BYTES;
                }
            }
            return bytes;
        }
    }
}
