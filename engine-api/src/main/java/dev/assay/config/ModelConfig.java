package dev.assay.config;

import java.nio.file.Path;

/// The configuration of a decoder, as published in its `config.json`.
///
/// Defaults of missing keys are those of the Hugging Face configuration class. A key that changes the computation
/// and is not modelled is refused when the file is read, never ignored.
public sealed interface ModelConfig
        permits Gemma3Config,
                Gemma3nConfig,
                Gpt2Config,
                Llama3Config,
                MistralConfig,
                MoeConfig,
                Olmo2Config,
                Qwen3Config,
                SmolLm3Config {
    /// Reads a `config.json`.
    ///
    /// @throws ConfigException if the file is not JSON, its `model_type` is unknown, it contradicts itself or
    ///     asks for something that is not modelled
    static ModelConfig read(Path file) {
        return HfConfigReader.read(file);
    }

    /// Parses the text of a `config.json`.
    ///
    /// @param source where the text comes from, for messages
    /// @throws ConfigException as for [#read]
    static ModelConfig parse(String json, String source) {
        return HfConfigReader.parse(json, source);
    }

    /// The text of a `config.json` that [#parse] reads as an equal configuration.
    default String toJson() {
        return HfConfigWriter.write(this);
    }

    Architecture architecture();

    int vocabSize();

    int hiddenSize();

    int numHiddenLayers();

    /// Longest context the model was made for, in positions.
    int maxPositionEmbeddings();

    /// Whether the output head is the embedding matrix.
    boolean tieWordEmbeddings();

    /// Numbers that the KV cache holds after `positions` positions, over all layers, in the form the architecture
    /// means it: keys and values of every KV head, or the latent and the rotary key.
    ///
    /// Each layer holds the positions that its last query sees: a sliding layer at most its window, a chunked layer
    /// those of the chunk begun last, so that its share falls back to one position where a chunk begins. A layer
    /// that uses the keys and values of another holds nothing. Caches of engines may well hold more.
    ///
    /// @throws IllegalArgumentException if `positions` is negative
    /// @throws ArithmeticException if the result does not fit a `long`
    long kvCacheElements(int positions);
}
