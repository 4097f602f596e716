package dev.assay.cli;

import dev.assay.adapter.stdio.Host;
import dev.assay.adapter.stdio.Limits;
import dev.assay.adapter.stdio.StdioEngine;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// Engines of third parties: the adapters that the launcher knows and those it has built. Each is an
/// [dev.assay.engine.Engine] on the class path of a JVM of its own.
///
/// @param known ids, built or not
/// @param built folder with the jars of each built adapter in a folder of its id; null without the launcher
record Adapters(SortedSet<String> known, @Nullable Path built) {
    /// Options of the JVM that an adapter runs in, beside its jars; a file for `java @file`.
    private static final String OPTIONS = "jvm.args";

    Adapters {
        known = new TreeSet<>(known);
    }

    /// What the launcher says in system properties.
    static Adapters ofInstallation() {
        String built = System.getProperty("assay.adapters", "");
        String known = System.getProperty("assay.adapters.known", "");
        return new Adapters(
                new TreeSet<>(Arrays.asList(
                        known.strip().isEmpty() ? new String[0] : known.strip().split(" +"))),
                built.isEmpty() ? null : Path.of(built));
    }

    boolean isBuilt(String id) {
        return built != null && Files.isDirectory(built.resolve(id));
    }

    /// Starts an adapter.
    ///
    /// @throws UsageException if it is not built
    /// @throws dev.assay.engine.EngineLostException if it does not start
    StdioEngine start(String id, Limits limits) {
        if (built == null || !isBuilt(id)) {
            throw new UsageException("engine " + id + " is an adapter that is not built: run it with ./assay");
        }
        Path libraries = built.resolve(id);
        List<String> options = new ArrayList<>();
        if (Files.exists(libraries.resolve(OPTIONS))) {
            options.add("@" + libraries.resolve(OPTIONS));
        }
        return new StdioEngine(Host.command(options, jars(libraries), id), limits);
    }

    private static List<Path> jars(Path folder) {
        try (var files = Files.newDirectoryStream(folder, "*.jar")) {
            List<Path> jars = new ArrayList<>();
            files.forEach(jars::add);
            return jars.stream().sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(folder + ": cannot be read", e);
        }
    }
}
