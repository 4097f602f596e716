package dev.assay.checkpoint.gguf;

import dev.assay.config.HiddenActivation;
import dev.assay.config.RopeParameters;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// Collects keys and tensors of a file, or the first reason not to write it.
final class GgufBuilder {
    private final String architecture;
    private final SequencedMap<String, GgufValue> metadata = new LinkedHashMap<>();
    private final List<GgufTensor> tensors = new ArrayList<>();
    private @Nullable String refusal;

    GgufBuilder(String architecture) {
        this.architecture = architecture;
    }

    /// Refuses the file unless the condition holds.
    ///
    /// @param reason what the convention cannot say, beginning with the key of `config.json`
    void require(boolean expressible, String reason) {
        if (!expressible && refusal == null) {
            refusal = reason;
        }
    }

    void requireActivation(HiddenActivation found, HiddenActivation builtIn) {
        require(found == builtIn, "hidden_act: no key; the architecture " + architecture + " has " + builtIn);
    }

    /// For a value that has no key because engines have one built in.
    void requireBuiltIn(String key, Number found, Number builtIn) {
        require(found.equals(builtIn), key + ": no key; engines take " + builtIn + ", the configuration has " + found);
    }

    void requireNoBias(String key, boolean bias) {
        require(!bias, key + ": the architecture " + architecture + " has no tensors for these biases");
    }

    /// Sets a key of the architecture, `<architecture>.<key>`.
    void set(String key, GgufValue value) {
        metadata.put(architecture + "." + key, value);
    }

    void set(String key, int value) {
        set(key, new GgufValue.UInt32(value));
    }

    void set(String key, double value) {
        set(key, new GgufValue.Float32((float) value));
    }

    void set(String key, boolean value) {
        set(key, new GgufValue.Bool(value));
    }

    /// Sizes that every architecture states.
    void sizes(int vocabSize, int hiddenSize, int layers, int context) {
        set("vocab_size", vocabSize);
        set("context_length", context);
        set("embedding_length", hiddenSize);
        set("block_count", layers);
        tokenizer(vocabSize);
    }

    /// Heads whose keys and values are equally wide.
    void heads(int queryHeads, int kvHeads, int headDim) {
        set("attention.head_count", queryHeads);
        set("attention.head_count_kv", kvHeads);
        set("attention.key_length", headDim);
        set("attention.value_length", headDim);
    }

    /// A tokenizer that loads and in which each id has a piece of its own, `<0>`, `<1>` and so on. It merges
    /// nothing, adds nothing and knows no end of generation: token ids are given, not made from text.
    private void tokenizer(int vocabSize) {
        metadata.put("tokenizer.ggml.model", new GgufValue.Text("llama"));
        metadata.put("tokenizer.ggml.pre", new GgufValue.Text("default"));
        metadata.put(
                "tokenizer.ggml.tokens",
                new GgufValue.Texts(IntStream.range(0, vocabSize)
                        .mapToObj(id -> "<" + id + ">")
                        .toList()));
        metadata.put(
                "tokenizer.ggml.scores",
                new GgufValue.Floats(IntStream.range(0, vocabSize)
                        .mapToObj(id -> (float) -id)
                        .toList()));
        // 1 is LLAMA_TOKEN_TYPE_NORMAL.
        metadata.put(
                "tokenizer.ggml.token_type",
                new GgufValue.Ints(
                        IntStream.range(0, vocabSize).mapToObj(_ -> 1).toList()));
        for (String added : List.of("add_bos_token", "add_eos_token", "add_space_prefix")) {
            metadata.put("tokenizer.ggml." + added, new GgufValue.Bool(false));
        }
    }

    /// Base and scaling of the rotary embedding.
    void rope(RopeParameters rope, int rotated) {
        switch (rope) {
            case RopeParameters.Llama3 _ ->
                require(false, "rope_type: the architecture " + architecture + " has no llama3 scaling");
            case RopeParameters.Default _, RopeParameters.Linear _, RopeParameters.Yarn _ -> {}
        }
        ropeWithDivisors(rope, rotated);
    }

    /// As [#rope], in architectures that divide their frequencies by the tensor `rope_freqs.weight` if there is
    /// one.
    void ropeWithDivisors(RopeParameters rope, int rotated) {
        set("rope.dimension_count", rotated);
        set("rope.freq_base", rope.ropeTheta());
        switch (rope) {
            case RopeParameters.Default _ -> {}
            case RopeParameters.Linear linear -> {
                set("rope.scaling.type", new GgufValue.Text("linear"));
                set("rope.scaling.factor", linear.factor());
            }
            case RopeParameters.Llama3 llama -> vector("rope_freqs.weight", Source.of(divisors(llama, rotated)));
            case RopeParameters.Yarn yarn -> {
                yarn(yarn);
                double builtIn = magnitude(yarn.factor(), 1);
                double wanted = attentionFactor(yarn);
                if (wanted != builtIn) {
                    set("rope.scaling.attn_factor", wanted / builtIn);
                }
            }
        }
    }

    /// Keys of YaRN besides the factor on cos and sin.
    void yarn(RopeParameters.Yarn yarn) {
        require(yarn.truncate(), "rope_parameters.truncate: no key; engines round the ends of YaRN's ramp");
        require(yarn.factor() >= 1, "rope_parameters.factor: engines take its logarithm, which must not be negative");
        set("rope.scaling.type", new GgufValue.Text("yarn"));
        set("rope.scaling.factor", yarn.factor());
        set("rope.scaling.original_context_length", yarn.originalMaxPositionEmbeddings());
        set("rope.scaling.yarn_beta_fast", yarn.betaFast());
        set("rope.scaling.yarn_beta_slow", yarn.betaSlow());
    }

    /// HF's factor on cos and sin, `_compute_yarn_parameters` in `modeling_rope_utils.py`.
    private static double attentionFactor(RopeParameters.Yarn yarn) {
        Double given = yarn.attentionFactor();
        Double mscale = yarn.mscale();
        Double mscaleAllDim = yarn.mscaleAllDim();
        if (given != null) {
            return given;
        }
        return mscale == null || mscaleAllDim == null
                ? magnitude(yarn.factor(), 1)
                : magnitude(yarn.factor(), mscale) / magnitude(yarn.factor(), mscaleAllDim);
    }

    private static double magnitude(double factor, double mscale) {
        return 0.1 * mscale * Math.log(factor) + 1;
    }

    /// What each frequency of a rotary embedding is divided by, `[rotated / 2]`; HF's `_compute_llama3_parameters`.
    private static float[] divisors(RopeParameters.Llama3 rope, int rotated) {
        float[] divisors = new float[rotated / 2];
        int context = rope.originalMaxPositionEmbeddings();
        for (int i = 0; i < divisors.length; i++) {
            double wavelength = 2 * Math.PI * Math.pow(rope.ropeTheta(), 2.0 * i / rotated);
            if (wavelength < context / rope.highFreqFactor()) {
                divisors[i] = 1;
            } else if (wavelength > context / rope.lowFreqFactor()) {
                divisors[i] = (float) rope.factor();
            } else {
                double smooth =
                        (context / wavelength - rope.lowFreqFactor()) / (rope.highFreqFactor() - rope.lowFreqFactor());
                divisors[i] = (float) (1 / ((1 - smooth) / rope.factor() + smooth));
            }
        }
        return divisors;
    }

    /// A matrix, or several of them stacked.
    void matrix(String name, Source source) {
        tensors.add(new GgufTensor(name, GgufTensor.Precision.AS_ASKED, source));
    }

    /// A tensor that is F32 in every file.
    void vector(String name, Source source) {
        tensors.add(new GgufTensor(name, GgufTensor.Precision.FLOAT32, source));
    }

    /// A gain of a published norm, as it is.
    void norm(String name, String published, int size) {
        vector(name + ".weight", Source.of(published + ".weight", size));
    }

    /// A published linear layer, as it is, `[outputs][inputs]`.
    void linear(String name, String published, int outputs, int inputs) {
        matrix(name + ".weight", Source.of(published + ".weight", outputs, inputs));
    }

    /// As [#linear], with its bias if it has one.
    void linear(String name, String published, int outputs, int inputs, boolean bias) {
        linear(name, published, outputs, inputs);
        if (bias) {
            vector(name + ".bias", Source.of(published + ".bias", outputs));
        }
    }

    /// Whether the rows of queries and keys keep their published order.
    enum RowOrder {
        AS_PUBLISHED,
        /// HF rotates pairs (i, i + d/2), the engine pairs (2i, 2i + 1).
        INTERLEAVED
    }

    /// The projections of queries, keys, values and output.
    void attention(
            String layer,
            String published,
            int hiddenSize,
            int queryHeads,
            int kvHeads,
            int headDim,
            boolean bias,
            RowOrder order) {
        rotated(layer + ".attn_q", published + ".q_proj", queryHeads, headDim, hiddenSize, bias, order);
        rotated(layer + ".attn_k", published + ".k_proj", kvHeads, headDim, hiddenSize, bias, order);
        linear(layer + ".attn_v", published + ".v_proj", kvHeads * headDim, hiddenSize, bias);
        linear(layer + ".attn_output", published + ".o_proj", hiddenSize, queryHeads * headDim, bias);
    }

    private void rotated(
            String name, String published, int heads, int headDim, int inputs, boolean bias, RowOrder order) {
        int outputs = heads * headDim;
        switch (order) {
            case AS_PUBLISHED -> linear(name, published, outputs, inputs, bias);
            case INTERLEAVED -> {
                Source weight = Source.of(published + ".weight", outputs, inputs);
                matrix(name + ".weight", weight.interleaved(heads, headDim));
                if (bias) {
                    vector(
                            name + ".bias",
                            Source.of(published + ".bias", outputs).interleaved(heads, headDim));
                }
            }
        }
    }

    void embedding(int vocabSize, int hiddenSize) {
        linear("token_embd", "model.embed_tokens", vocabSize, hiddenSize);
    }

    /// The head, which engines take from the embedding where there is none.
    void head(int vocabSize, int hiddenSize, boolean tied) {
        if (!tied) {
            linear("output", "lm_head", vocabSize, hiddenSize);
        }
    }

    /// The head in architectures that must have one: of a tied model a copy of the embedding.
    void requiredHead(String embedding, int vocabSize, int hiddenSize, boolean tied) {
        linear("output", tied ? embedding : "lm_head", vocabSize, hiddenSize);
    }

    /// Gate, up and down projection of a gated MLP.
    void gatedMlp(String layer, String published, int intermediateSize, int hiddenSize, boolean bias) {
        linear(layer + ".ffn_gate", published + ".gate_proj", intermediateSize, hiddenSize, bias);
        linear(layer + ".ffn_up", published + ".up_proj", intermediateSize, hiddenSize, bias);
        linear(layer + ".ffn_down", published + ".down_proj", hiddenSize, intermediateSize, bias);
    }

    /// Router and routed experts of a layer, one matrix of each kind an expert.
    void experts(String layer, String published, int experts, int intermediateSize, int hiddenSize) {
        vector(layer + ".ffn_gate_inp.weight", Source.of(published + ".gate.weight", experts, hiddenSize));
        stacked(layer + ".ffn_gate_exps", published, "gate_proj", experts, intermediateSize, hiddenSize);
        stacked(layer + ".ffn_up_exps", published, "up_proj", experts, intermediateSize, hiddenSize);
        stacked(layer + ".ffn_down_exps", published, "down_proj", experts, hiddenSize, intermediateSize);
    }

    private void stacked(String name, String published, String projection, int experts, int outputs, int inputs) {
        matrix(
                name + ".weight",
                Source.stacked(IntStream.range(0, experts)
                        .mapToObj(e ->
                                Source.of(published + ".experts." + e + "." + projection + ".weight", outputs, inputs))
                        .toList()));
    }

    Gguf build() {
        if (refusal != null) {
            return new Gguf.Refused(refusal);
        }
        return new Gguf.Layout(architecture, metadata, List.copyOf(tensors));
    }
}
