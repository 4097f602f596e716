package dev.assay.plan.planner;

import static java.lang.Math.multiplyExact;

import dev.assay.config.HiddenActivation;
import dev.assay.plan.Bias;
import dev.assay.plan.Embedding;
import dev.assay.plan.GatedMlp;
import dev.assay.plan.Linear;
import dev.assay.plan.Norm;
import dev.assay.plan.OutputHead;
import dev.assay.plan.VectorRef;
import dev.assay.plan.WeightRef;

/// Tensors under the names that nearly all checkpoints give them. What is done with them is for planners to say.
final class Parts {
    static final String EMBEDDING = "model.embed_tokens.weight";

    static final String HEAD = "lm_head.weight";

    private Parts() {}

    static String layer(int index) {
        return "model.layers." + index + ".";
    }

    /// `<module>.weight`, `[outputs][inputs]`.
    static WeightRef matrix(String module, int outputs, int inputs) {
        return WeightRef.rowsFirst(module + ".weight", outputs, inputs);
    }

    static Linear linear(String module, int outputs, int inputs) {
        return new Linear(matrix(module, outputs, inputs), new Bias.None());
    }

    /// With `<module>.bias` if there is one.
    static Linear linear(String module, int outputs, int inputs, boolean biased) {
        return biased
                ? new Linear(matrix(module, outputs, inputs), new Bias.Added(VectorRef.of(module + ".bias", outputs)))
                : linear(module, outputs, inputs);
    }

    static Norm rms(String module, int size, double eps) {
        return new Norm.Rms(VectorRef.of(module + ".weight", size), eps);
    }

    static Norm rmsOnePlus(String module, int size, double eps) {
        return new Norm.RmsOnePlus(VectorRef.of(module + ".weight", size), eps);
    }

    /// `gate_proj`, `up_proj` and `down_proj` of a module.
    static GatedMlp mlp(String module, int intermediate, int hidden, HiddenActivation activation, boolean biased) {
        return mlp(module, intermediate, hidden, activation, biased, new GatedMlp.Sparsity.None());
    }

    static GatedMlp mlp(
            String module,
            int intermediate,
            int hidden,
            HiddenActivation activation,
            boolean biased,
            GatedMlp.Sparsity sparsity) {
        return new GatedMlp(
                intermediate,
                activation,
                linear(module + ".gate_proj", intermediate, hidden, biased),
                linear(module + ".up_proj", intermediate, hidden, biased),
                linear(module + ".down_proj", hidden, intermediate, biased),
                sparsity);
    }

    static Embedding embedding(int vocabulary, int hidden, Embedding.Scale scale) {
        return new Embedding(WeightRef.rowsFirst(EMBEDDING, vocabulary, hidden), scale, new Embedding.Positions.None());
    }

    static OutputHead head(boolean tied, int vocabulary, int hidden, OutputHead.Softcap softcap) {
        return tied
                ? new OutputHead.Tied(softcap)
                : new OutputHead.Untied(WeightRef.rowsFirst(HEAD, vocabulary, hidden), softcap);
    }

    /// Width of heads side by side.
    static int width(int heads, int headDim) {
        return multiplyExact(heads, headDim);
    }
}
