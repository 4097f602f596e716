package dev.assay.cuda;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.engine.LoadOptions;
import dev.assay.engine.Model;
import dev.assay.engine.Prediction;
import dev.assay.engine.Session;
import dev.assay.engine.SessionOptions;
import dev.assay.golden.GoldenCase;
import dev.assay.golden.Goldens;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/// Prints the digest of the logits of a golden case's last prompt, all at once and then a few tokens one by one.
final class LogitsDigest {
    private LogitsDigest() {}

    public static void main(String... arguments) throws NoSuchAlgorithmException {
        GoldenCase golden = Goldens.bundled(arguments[0]);
        int[] tokens = golden.longestPrompt().tokens();
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        try (Checkpoint checkpoint = golden.weights().open();
                Model model = new CudaEngine().load(checkpoint, LoadOptions.defaults());
                Session session = model.newSession(SessionOptions.ofContext(tokens.length + 4))) {
            add(session.prefill(tokens), digest);
            for (int i = 0; i < 4; i++) {
                add(session.decode(tokens[i]), digest);
            }
        }
        System.out.println(HexFormat.of().formatHex(digest.digest()));
    }

    private static void add(Prediction prediction, MessageDigest digest) {
        for (float[] row : ((Prediction.Logits) prediction).values()) {
            ByteBuffer bytes = ByteBuffer.allocate(row.length * Float.BYTES);
            bytes.asFloatBuffer().put(row);
            digest.update(bytes);
        }
    }
}
