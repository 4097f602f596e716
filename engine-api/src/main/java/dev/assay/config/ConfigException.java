package dev.assay.config;

import org.jspecify.annotations.Nullable;

/// A configuration that cannot be used. The message names the source, the key, the value found and the rule.
public final class ConfigException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final @Nullable String key;
    private final String rest;

    public ConfigException(String message) {
        this(message, null);
    }

    public ConfigException(String message, @Nullable Throwable cause) {
        super(message, cause);
        this.key = null;
        this.rest = message;
    }

    private ConfigException(String key, String rest, @Nullable Throwable cause) {
        super("key \"" + key + "\": " + rest, cause);
        this.key = key;
        this.rest = rest;
    }

    /// A key whose value breaks a rule. The key is HF's, relative to the object it stands in.
    static ConfigException at(String key, String found, String expected) {
        return new ConfigException(key, "found " + found + ", expected " + expected, null);
    }

    /// The same complaint, with the key as seen from the enclosing object.
    ///
    /// @param path keys down to the object, each followed by a full stop; empty for the root
    ConfigException under(String path) {
        return key == null || path.isEmpty() ? this : new ConfigException(path + key, rest, this);
    }
}
