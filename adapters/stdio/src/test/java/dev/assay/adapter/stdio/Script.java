package dev.assay.adapter.stdio;

import java.util.List;

/// An engine as a shell script, which says the same whatever it is asked.
final class Script {
    static final String HELLO = """
            {"id":1,"protocol":"assay-stdio/1","engine":{"id":"script","title":"Script","version":"1","compute":"FLOAT32"}}""";

    static final String LOADED = """
            {"id":2,"execution":{"backend":"sh","vector_bits":0,"threads":1,"decisions":[]},"footprint":{"weight_bytes":0,"kv_cache_element_bytes":4}}""";

    static final String OPENED = """
            {"id":3,"session":1,"kv_cache_bytes":0}""";

    /// Two logits, 1 and −2; the frame must follow.
    static final String PREDICTED = """
            {"id":4,"length":1,"kv_cache_bytes":8,"taps":[],"routed_experts":[],\
            "prediction":{"kind":"logits","rows":1,"columns":2}}""";

    static final String FRAME = "printf '\\010\\000\\000\\000\\000\\000\\200\\077\\000\\000\\000\\300'\n";

    private final StringBuilder text = new StringBuilder();

    /// Reads a line and answers with one.
    Script answer(String line) {
        text.append("read -r request\nprintf '%s\\n' '").append(line).append("'\n");
        return this;
    }

    /// Does something else.
    Script then(String command) {
        text.append(command).append('\n');
        return this;
    }

    /// A script that has greeted, loaded and opened a session.
    static Script withSession() {
        return new Script().answer(HELLO).answer(LOADED).answer(OPENED);
    }

    List<String> command() {
        return List.of("/bin/sh", "-c", text.toString());
    }
}
