package dev.assay.mutants.catalogue;

import dev.assay.config.ConfigException;
import dev.assay.config.ModelConfig;
import dev.assay.golden.GoldenCase;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// Other readings of a `config.json`.
final class ConfigEdits {
    private static final JsonMapper JSON = new JsonMapper();

    private ConfigEdits() {}

    /// The configuration of a case after a change of the object that describes the text model; its own where the
    /// change leads to none that can be.
    static ModelConfig apply(GoldenCase golden, Mutation.ConfigChange change) {
        ObjectNode root = (ObjectNode) JSON.readTree(golden.configJson());
        change.change(golden.config(), root.get("text_config") instanceof ObjectNode text ? text : root);
        try {
            return ModelConfig.parse(JSON.writeValueAsString(root), golden.id() + ", changed");
        } catch (ConfigException e) {
            return golden.config();
        }
    }
}
