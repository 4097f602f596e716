package dev.assay.adapter.openai;

import dev.assay.engine.Execution;
import dev.assay.engine.Footprint;
import dev.assay.engine.Model;
import dev.assay.engine.Session;
import dev.assay.engine.SessionOptions;
import java.util.List;

/// The model of a server.
final class OpenAiModel implements Model {
    private final Connection connection;
    private final String name;
    private final int vocabSize;

    /// @param name what the server calls it
    OpenAiModel(Connection connection, String name, int vocabSize) {
        this.connection = connection;
        this.name = name;
        this.vocabSize = vocabSize;
    }

    @Override
    public Session newSession(SessionOptions options) {
        return new OpenAiSession(connection, name, vocabSize, options);
    }

    /// Nothing is known of it.
    @Override
    public Footprint footprint() {
        return new Footprint(0, 0);
    }

    @Override
    public Execution execution() {
        return new Execution("HTTP", 0, 0, List.of("the server's model is " + name));
    }

    @Override
    public void close() {}
}
