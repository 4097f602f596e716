package dev.assay.reference.cache;

import java.util.ArrayList;
import java.util.List;

/// What multi-head latent attention keeps of every position and layer: the latent from which the keys and values of
/// all heads are projected, after its norm, and the one rotated key that all heads share.
///
/// The rotated key lies in the order of the published weights, rotated pairs where they were. Hugging Face stores
/// the even elements first, then the odd ones: the scores are the same, the stored numbers are permuted.
public final class LatentCache implements Cache {
    private final List<Layer> layers = new ArrayList<>();

    public LatentCache(int numHiddenLayers) {
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

    /// The cache of one layer.
    public static final class Layer {
        private final List<float[]> latents = new ArrayList<>(); // [S] of [kvLoraRank]
        private final List<float[]> rotatedKeys = new ArrayList<>(); // [S] of [qkRopeHeadDim]

        private Layer() {}

        /// Appends the latent, `[kvLoraRank]`, and the rotated key, `[qkRopeHeadDim]`, of the next position,
        /// which are kept, not copied.
        public void append(float[] latent, float[] rotatedKey) {
            latents.add(latent);
            rotatedKeys.add(rotatedKey);
        }

        /// Positions appended so far, which is the position of the next one.
        public int length() {
            return latents.size();
        }

        /// The latent after its norm, `[kvLoraRank]`.
        public float[] latent(int position) {
            return latents.get(position);
        }

        /// The rotated key that all heads share, `[qkRopeHeadDim]`.
        public float[] rotatedKey(int position) {
            return rotatedKeys.get(position);
        }

        private long bytes() {
            long bytes = 0;
            for (int s = 0; s < latents.size(); s++) {
                bytes += (long) latents.get(s).length * Float.BYTES;
                bytes += (long) rotatedKeys.get(s).length * Float.BYTES;
            }
            return bytes;
        }
    }
}
