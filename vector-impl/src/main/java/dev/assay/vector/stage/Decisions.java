package dev.assay.vector.stage;

import dev.assay.plan.GroupedQueryAttention;
import dev.assay.plan.LatentAttention;
import dev.assay.plan.Mask;
import dev.assay.plan.MixtureOfExperts;
import dev.assay.plan.QkNorm;
import dev.assay.plan.Rotary;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What the compiler chose, layer by layer, told once for all layers of a kind.
final class Decisions {
    private final Map<String, List<Integer>> layersBySentence = new LinkedHashMap<>();

    void attention(int layer, GroupedQueryAttention attention) {
        List<String> sweep = new ArrayList<>();
        if (!(attention.qkNorm() instanceof QkNorm.None)) {
            sweep.add("QK-norm");
        }
        if (!(attention.rotary() instanceof Rotary.None)) {
            sweep.add("rotary");
        }
        switch (attention.keyValue()) {
            case GroupedQueryAttention.KeyValueSource.Own _ -> sweep.add("append to the cache");
            case GroupedQueryAttention.KeyValueSource.SharedWith(int owner) -> sweep.add("cache of layer " + owner);
        }
        note(
                layer,
                String.join(" + ", sweep) + " in one sweep over a token's heads, which are in the first-level cache");
        note(
                layer,
                switch (attention.mask()) {
                    case Mask.Causal _ -> "keeps every position";
                    case Mask.SlidingWindow(int size) ->
                        "keeps a ring of " + size + " positions and a batch, as no query sees farther";
                    case Mask.Chunked(int size) ->
                        "keeps a ring of " + size + " positions and a batch, as no query sees farther";
                });
    }

    void attention(int layer, LatentAttention attention) {
        note(
                layer,
                "caches latents of " + attention.latentDim()
                        + "; decode absorbs the expansion into queries and results,"
                        + " so that latents are read and not expanded; prefill expands them head by head");
    }

    void experts(int layer, MixtureOfExperts moe) {
        note(
                layer,
                moe.router().topK() + " of " + moe.router().experts()
                        + " experts a token; tokens are grouped by expert, so that weights are read once");
    }

    private void note(int layer, String sentence) {
        layersBySentence.computeIfAbsent(sentence, _ -> new ArrayList<>()).add(layer);
    }

    /// One sentence for each decision, beginning with the layers it is for.
    List<String> sentences() {
        List<String> sentences = new ArrayList<>();
        layersBySentence.forEach((sentence, layers) -> sentences.add("layers " + runs(layers) + ": " + sentence));
        return sentences;
    }

    private static String runs(List<Integer> layers) {
        List<String> runs = new ArrayList<>();
        int start = 0;
        for (int i = 1; i <= layers.size(); i++) {
            if (i == layers.size() || layers.get(i) != layers.get(i - 1) + 1) {
                int first = layers.get(start);
                int last = layers.get(i - 1);
                runs.add(first == last ? "" + first : first + "-" + last);
                start = i;
            }
        }
        return String.join(", ", runs);
    }
}
