package dev.assay.perf.run;

import dev.assay.engine.Prediction;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/// Logits of engines that have declared them.
final class FullLogits {
    private FullLogits() {}

    /// The logits of a prediction.
    ///
    /// @throws IllegalStateException if it is one of another kind
    static Prediction.Logits of(Prediction prediction) {
        return switch (prediction) {
            case Prediction.Logits logits -> logits;
            case Prediction.TopLogProbabilities _, Prediction.GreedyTokens _ ->
                throw new IllegalStateException("declared full logits and returned "
                        + prediction.getClass().getSimpleName());
        };
    }

    /// SHA-256 over rows `[rows][V]` in order, as little-endian float32, in lower-case hex.
    static String sha256(float[][] rows) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (float[] row : rows) {
                ByteBuffer bytes = ByteBuffer.allocate(row.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
                bytes.asFloatBuffer().put(row);
                digest.update(bytes);
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
