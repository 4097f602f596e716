package dev.assay.vector.stage;

import dev.assay.vector.kernel.Rows;
import java.util.Arrays;

/// The routed experts of a layer: tokens choose, then each expert that was chosen treats all its tokens at once, so
/// that its weights are read once.
final class ExpertsStage implements Stage {
    private final int layer;
    private final Buffer input;
    private final int hiddenSize;
    private final int topK;
    private final Chooser chooser;
    /// Whether the router's weight multiplies the input of an expert and not its result.
    private final boolean weighsInput;
    private final Stage[][] experts; // from EXPERT_INPUT to EXPERT_RESULT

    ExpertsStage(
            int layer,
            Buffer input,
            int hiddenSize,
            int topK,
            Chooser chooser,
            boolean weighsInput,
            Stage[][] experts) {
        this.layer = layer;
        this.input = input;
        this.hiddenSize = hiddenSize;
        this.topK = topK;
        this.chooser = chooser;
        this.weighsInput = weighsInput;
        this.experts = experts;
    }

    @Override
    public void run(Pass pass) {
        Routing routing = pass.routing;
        int tokens = pass.tokens();
        float[] logits = pass.buffer(Buffer.ROUTER_LOGITS);
        for (int t = 0; t < tokens; t++) {
            chooser.choose(logits, t * experts.length, routing, routing.experts[t], routing.weights[t]);
        }
        if (pass.isTapped()) {
            int[][] chosen = new int[tokens][];
            for (int t = 0; t < tokens; t++) {
                chosen[t] = Arrays.copyOf(routing.experts[t], topK);
            }
            pass.taps.onRoutedExperts(layer, chosen);
        }
        Arrays.fill(pass.buffer(Buffer.RESULT), 0, tokens * hiddenSize, 0);
        for (int e = 0; e < experts.length; e++) {
            int count = tokensOf(e, routing, tokens);
            if (count > 0) {
                gather(pass, count);
                pass.selectRows(count);
                for (Stage stage : experts[e]) {
                    stage.run(pass);
                }
                pass.selectRows(tokens);
                scatter(pass, count);
            }
        }
    }

    /// Finds the tokens that chose an expert.
    private int tokensOf(int expert, Routing routing, int tokens) {
        int count = 0;
        for (int t = 0; t < tokens; t++) {
            for (int j = 0; j < topK; j++) {
                if (routing.experts[t][j] == expert) {
                    routing.tokens[count] = t;
                    routing.places[count] = j;
                    count++;
                }
            }
        }
        return count;
    }

    private void gather(Pass pass, int count) {
        Routing routing = pass.routing;
        float[] from = pass.buffer(input);
        float[] to = pass.buffer(Buffer.EXPERT_INPUT);
        for (int i = 0; i < count; i++) {
            int token = routing.tokens[i];
            System.arraycopy(from, token * hiddenSize, to, i * hiddenSize, hiddenSize);
            if (weighsInput) {
                Rows.scale(routing.weights[token][routing.places[i]], to, i * hiddenSize, hiddenSize);
            }
        }
    }

    private void scatter(Pass pass, int count) {
        Routing routing = pass.routing;
        float[] from = pass.buffer(Buffer.EXPERT_RESULT);
        float[] to = pass.buffer(Buffer.RESULT);
        for (int i = 0; i < count; i++) {
            int token = routing.tokens[i];
            float weight = weighsInput ? 1 : routing.weights[token][routing.places[i]];
            Rows.addScaled(weight, from, i * hiddenSize, to, token * hiddenSize, hiddenSize);
        }
    }
}
