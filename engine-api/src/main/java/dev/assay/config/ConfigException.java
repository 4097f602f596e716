package dev.assay.config;

import org.jspecify.annotations.Nullable;

/// A configuration that cannot be used. The message names the source, the key, the value found and the rule.
public final class ConfigException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /// HF's key and what is wrong with it, for complaints that do not know where their configuration comes from.
    private final @Nullable String key;

    private final String complaint;

    public ConfigException(String message) {
        this(message, null);
    }

    public ConfigException(String message, @Nullable Throwable cause) {
        super(message, cause);
        this.key = null;
        this.complaint = message;
    }

    private ConfigException(String prefix, String key, String complaint, @Nullable Throwable cause) {
        super(prefix + "key \"" + key + "\": " + complaint, cause);
        this.key = key;
        this.complaint = complaint;
    }

    /// A value that breaks a rule of its record.
    static ConfigException inRecord(String key, String found, String expected) {
        return new ConfigException("", key, complaint(found, expected), null);
    }

    /// A value in a file that breaks a rule.
    ///
    /// @param path keys down to the object that holds the key, each followed by a full stop; empty for the root
    static ConfigException inFile(String source, String path, String key, String found, String expected) {
        return new ConfigException(source + ": ", path + key, complaint(found, expected), null);
    }

    /// The complaint of a record about values that come from a file.
    ConfigException fromFile(String source, String path) {
        return key == null
                ? new ConfigException(source + ": " + complaint, this)
                : new ConfigException(source + ": ", path + key, complaint, this);
    }

    private static String complaint(String found, String expected) {
        return "found " + found + ", expected " + expected;
    }
}
