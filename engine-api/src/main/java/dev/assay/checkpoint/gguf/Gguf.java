package dev.assay.checkpoint.gguf;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.config.DeepSeekV2Config;
import dev.assay.config.DeepSeekV3Config;
import dev.assay.config.Gemma3Config;
import dev.assay.config.Gemma3nConfig;
import dev.assay.config.Gpt2Config;
import dev.assay.config.Llama3Config;
import dev.assay.config.Llama4Config;
import dev.assay.config.MistralConfig;
import dev.assay.config.ModelConfig;
import dev.assay.config.Olmo2Config;
import dev.assay.config.Qwen3Config;
import dev.assay.config.Qwen3MoeConfig;
import dev.assay.config.SmolLm3Config;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalDouble;
import java.util.SequencedMap;

/// What a configuration is as a GGUF file.
///
/// GGUF is a container; what its keys mean, and what has no key because engines have it built in, is the convention
/// of llama.cpp: its `conversion/` writes and its `src/models/` reads. A configuration that the convention cannot
/// express is [Refused]: a file that engines read as another model helps nobody.
public sealed interface Gguf {
    /// How the model of a configuration is written, or why it cannot be.
    static Gguf of(ModelConfig config) {
        return switch (config) {
            case Llama3Config llama -> LlamaGguf.of(llama);
            case MistralConfig mistral -> LlamaGguf.of(mistral);
            case Llama4Config llama -> Llama4Gguf.of(llama);
            case Qwen3Config qwen -> Qwen3Gguf.of(qwen);
            case Qwen3MoeConfig qwen -> Qwen3Gguf.of(qwen);
            case SmolLm3Config smolLm -> SmolLm3Gguf.of(smolLm);
            case Olmo2Config olmo -> Olmo2Gguf.of(olmo);
            case Gemma3Config gemma -> Gemma3Gguf.of(gemma);
            case Gemma3nConfig gemma -> Gemma3nGguf.of(gemma);
            case Gpt2Config gpt -> Gpt2Gguf.of(gpt);
            case DeepSeekV2Config deepSeek -> DeepSeekGguf.of(deepSeek);
            case DeepSeekV3Config deepSeek -> DeepSeekGguf.of(deepSeek);
        };
    }

    /// The convention has no way to say it.
    ///
    /// @param reason one sentence that names the key of `config.json`
    record Refused(String reason) implements Gguf {}

    /// A file without its data.
    final class Layout implements Gguf {
        private final String architecture;
        private final SequencedMap<String, GgufValue> metadata;
        private final List<GgufTensor> tensors;

        Layout(String architecture, SequencedMap<String, GgufValue> metadata, List<GgufTensor> tensors) {
            this.architecture = architecture;
            this.metadata = metadata;
            this.tensors = tensors;
        }

        /// `general.architecture`.
        public String architecture() {
            return architecture;
        }

        /// A number among the keys of the architecture, as engines read it.
        ///
        /// @param key without the architecture, for example `rope.scaling.yarn_beta_fast`
        /// @return empty if the file has no such key, or something else under it
        public OptionalDouble number(String key) {
            return metadata.get(architecture + "." + key) instanceof GgufValue.Float32(float value)
                    ? OptionalDouble.of(value)
                    : OptionalDouble.empty();
        }

        SequencedMap<String, GgufValue> metadata() {
            return metadata;
        }

        List<GgufTensor> tensors() {
            return tensors;
        }

        /// Writes the file. It appears whole or not at all: it is written beside its place, under a name that
        /// ends in `.part`, and moved.
        ///
        /// @param checkpoint of the configuration that this layout was made for
        /// @param file replaced if it exists
        /// @return bytes written
        /// @throws IOException if it cannot be written
        public long write(Checkpoint checkpoint, GgufType type, Path file) throws IOException {
            return new GgufWriter(this, type).write(checkpoint, file);
        }
    }
}
