import org.jspecify.annotations.NullMarked;

/// Servers with an OpenAI-compatible HTTP interface as engines.
@NullMarked
module dev.assay.adapter.openai {
    requires static org.jspecify;
    requires java.net.http;
    requires transitive dev.assay.engine;
    requires tools.jackson.databind;

    exports dev.assay.adapter.openai;
}
