package dev.assay.cli;

import dev.assay.config.ConfigException;
import dev.assay.config.ModelConfig;
import dev.assay.golden.PublishedModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// A configuration that a user named after `--shape`, to be run with synthetic weights.
///
/// @param name of the published model, or of the file as it was given
/// @param configJson text of its `config.json`
record Shape(String name, String configJson) {
    private static final String SUFFIX = ".json";

    /// @param given name of a published model, or a file whose name ends in `.json`
    /// @throws UsageException if there is none, or it cannot be run
    static Shape of(String given) {
        if (given.endsWith(SUFFIX)) {
            try {
                String text = Files.readString(Path.of(given));
                ModelConfig.parse(text, given);
                return new Shape(given, text);
            } catch (IOException | IllegalArgumentException e) {
                throw new UsageException("--shape: cannot read '" + given + "': " + e);
            } catch (ConfigException e) {
                throw new UsageException("--shape: " + e.getMessage());
            }
        }
        PublishedModel published = Published.runnable(given);
        return new Shape(published.name(), published.configJson());
    }

    ModelConfig config() {
        return ModelConfig.parse(configJson, name);
    }
}
