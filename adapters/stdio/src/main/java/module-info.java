import org.jspecify.annotations.NullMarked;

/// Engines in a process of their own: a protocol over standard input and output, its client and its server.
@NullMarked
module dev.assay.adapter.stdio {
    requires static org.jspecify;
    requires transitive dev.assay.engine;
    requires tools.jackson.databind;

    uses dev.assay.engine.Engine;

    exports dev.assay.adapter.stdio;

    // Jackson reads and writes the messages.
    opens dev.assay.adapter.stdio to
            tools.jackson.databind;
}
