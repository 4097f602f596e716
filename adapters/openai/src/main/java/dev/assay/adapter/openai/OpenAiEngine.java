package dev.assay.adapter.openai;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.config.ModelConfig;
import dev.assay.engine.Capability;
import dev.assay.engine.ComputeType;
import dev.assay.engine.Engine;
import dev.assay.engine.EngineInfo;
import dev.assay.engine.LoadOptions;
import dev.assay.engine.Model;
import dev.assay.engine.Support;
import java.net.URI;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

/// A server that has loaded a model already, and answers `/v1/completions`.
///
/// The harness cannot load anything into it: whoever starts the server gives it the folder that `assay materialize`
/// writes, and names the same case. Prompts are token ids and teacher-forced: for each position one request asks for
/// the token after all tokens up to it. So nothing is asked of a server but its most common ability.
///
/// Token ids must come back as such: as `token_id:N`, which vLLM writes when asked, or in a field `id`, which the
/// server of llama.cpp writes. Tokens named by their text alone cannot be told apart and are refused.
public final class OpenAiEngine implements Engine {
    private static final Set<Capability> CAPABILITIES = EnumSet.of(
            Capability.TOP_LOG_PROBABILITIES,
            Capability.ALL_POSITIONS,
            Capability.CHUNKED_PREFILL,
            Capability.CONCURRENT_SESSIONS);

    private final Connection connection;

    /// @param base address up to and without `/v1`
    /// @param key what it asks for, if it does
    /// @param start how long the server may take until it answers at all
    /// @param call how long it may take for an answer
    public OpenAiEngine(URI base, Optional<ApiKey> key, Duration start, Duration call) {
        this.connection = new Connection(base, key, start, call);
    }

    @Override
    public EngineInfo info() {
        // Nothing in the interface says in what a server computes: it is held to float32.
        return new EngineInfo("openai", "server at " + connection.base(), "unknown", ComputeType.FLOAT32);
    }

    /// Whatever the server has loaded is taken for a model of this configuration.
    @Override
    public Support supports(ModelConfig config) {
        return new Support.Supported(CAPABILITIES);
    }

    @Override
    public Model load(Checkpoint checkpoint, LoadOptions options) {
        return new OpenAiModel(
                connection, connection.servedModel(), checkpoint.config().vocabSize());
    }
}
