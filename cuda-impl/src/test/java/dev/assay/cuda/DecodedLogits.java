package dev.assay.cuda;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.engine.LoadOptions;
import dev.assay.engine.Model;
import dev.assay.engine.Prediction;
import dev.assay.engine.Session;
import dev.assay.engine.SessionOptions;
import dev.assay.golden.GoldenCase;
import dev.assay.golden.Goldens;
import java.util.StringJoiner;

/// Prints the logits of a golden case's longest prompt, token by token, a line each.
final class DecodedLogits {
    private DecodedLogits() {}

    public static void main(String... arguments) {
        GoldenCase golden = Goldens.bundled(arguments[0]);
        int[] tokens = golden.longestPrompt().tokens();
        try (Checkpoint checkpoint = golden.weights().open();
                Model model = new CudaEngine().load(checkpoint, LoadOptions.defaults());
                Session session = model.newSession(SessionOptions.ofContext(tokens.length))) {
            print(session.prefill(new int[] {tokens[0]}));
            for (int t = 1; t < tokens.length; t++) {
                print(session.decode(tokens[t]));
            }
        }
    }

    private static void print(Prediction prediction) {
        for (float[] row : ((Prediction.Logits) prediction).values()) {
            StringJoiner line = new StringJoiner(" ");
            for (float logit : row) {
                line.add(Float.toString(logit));
            }
            System.out.println(line);
        }
    }
}
