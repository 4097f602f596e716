package dev.assay.checkpoint;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Collects the tensors of a layout.
final class LayoutBuilder {
    /// Three times the largest published model, Kimi K2: a configuration that asks for more is mistaken.
    private static final int MAX_TENSORS = 250_000;

    private final List<TensorSpec> tensors = new ArrayList<>();

    void embedding(int vocabSize, int hiddenSize) {
        add("model.embed_tokens.weight", TensorRole.EMBEDDING, vocabSize, hiddenSize);
    }

    /// The final norm, and the head unless the embedding serves as such.
    void output(int vocabSize, int hiddenSize, boolean tieWordEmbeddings) {
        norm("model.norm", hiddenSize);
        head(vocabSize, hiddenSize, tieWordEmbeddings);
    }

    /// The head unless the embedding serves as such.
    void head(int vocabSize, int hiddenSize, boolean tieWordEmbeddings) {
        if (!tieWordEmbeddings) {
            add("lm_head.weight", TensorRole.HEAD, vocabSize, hiddenSize);
        }
    }

    /// `<module>.weight` of shape `[size]`.
    void norm(String module, int size) {
        add(module + ".weight", TensorRole.NORM, size);
    }

    /// As [#norm], for a gain that is stored as w and used as 1 + w.
    void gain(String module, int size) {
        add(module + ".weight", TensorRole.ZERO_CENTRED_NORM, size);
    }

    /// The projections of queries, keys, values and output, whose sizes follow from the heads.
    void attention(String module, int hiddenSize, int queryHeads, int kvHeads, int headDim, boolean bias) {
        int queries = Math.multiplyExact(queryHeads, headDim);
        int keys = Math.multiplyExact(kvHeads, headDim);
        linear(module + ".q_proj", queries, hiddenSize, bias);
        linear(module + ".k_proj", keys, hiddenSize, bias);
        linear(module + ".v_proj", keys, hiddenSize, bias);
        linear(module + ".o_proj", hiddenSize, queries, bias);
    }

    /// `<module>.weight` of shape `[outputs][inputs]`.
    void linear(String module, int outputs, int inputs) {
        add(module + ".weight", TensorRole.MATRIX, outputs, inputs);
    }

    /// As [#linear(String, int, int)], with `<module>.bias` of shape `[outputs]` if there is one.
    void linear(String module, int outputs, int inputs, boolean bias) {
        linear(module, outputs, inputs);
        if (bias) {
            add(module + ".bias", TensorRole.BIAS, outputs);
        }
    }

    /// Gate, up and down projection of a gated MLP.
    void gatedMlp(String module, int intermediateSize, int hiddenSize, boolean bias) {
        linear(module + ".gate_proj", intermediateSize, hiddenSize, bias);
        linear(module + ".up_proj", intermediateSize, hiddenSize, bias);
        linear(module + ".down_proj", hiddenSize, intermediateSize, bias);
    }

    void add(String name, TensorRole role, int... shape) {
        if (tensors.size() == MAX_TENSORS) {
            throw new CheckpointException(name + ": the configuration demands more than " + MAX_TENSORS + " tensors");
        }
        tensors.add(new TensorSpec(name, Arrays.stream(shape).boxed().toList(), role));
    }

    List<TensorSpec> build() {
        return List.copyOf(tensors);
    }
}
