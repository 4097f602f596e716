package dev.assay.adapter.stdio;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.checkpoint.HfFolder;
import dev.assay.config.ModelConfig;
import dev.assay.engine.Engine;
import dev.assay.engine.EngineInfo;
import dev.assay.engine.EngineProtocolException;
import dev.assay.engine.LoadOptions;
import dev.assay.engine.Model;
import dev.assay.engine.Support;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// An engine in another process, which speaks `assay-stdio/1` on its standard input and output.
///
/// Every model has a process of its own, so that one that crashes or hangs takes nothing along: the failure is an
/// [dev.assay.engine.EngineLostException] of what was asked, and the next model gets a fresh process. An engine that
/// needs files gets those of the checkpoint, or a temporary folder of the same content.
public final class StdioEngine implements Engine, AutoCloseable {
    /// The variable with the user's key for a server. An engine is other people's code, and no server: its process
    /// does not inherit it.
    public static final String SECRET = "ASSAY_API_KEY";

    private final List<String> command;
    private final Limits limits;
    private final EngineInfo info;

    /// A process without a model.
    private @Nullable Child idle;

    /// Starts a first process and asks it who it is.
    ///
    /// @param command program and arguments
    /// @throws dev.assay.engine.EngineLostException if it does not start or does not speak the protocol
    public StdioEngine(List<String> command, Limits limits) {
        this.command = List.copyOf(command);
        this.limits = limits;
        Child first = Child.start(this.command, limits);
        this.idle = first;
        this.info = first.info();
    }

    @Override
    public EngineInfo info() {
        return info;
    }

    @Override
    public synchronized Support supports(ModelConfig config) {
        Child child = take();
        Support support = child.call(
                        id -> new Request.Supports(id, Wire.tree(config.toJson())), Answer.Supporting.class)
                .support();
        idle = child;
        return support;
    }

    @Override
    public synchronized Model load(Checkpoint checkpoint, LoadOptions options) {
        Child child = take();
        @Nullable Path temporary = null;
        try {
            temporary = checkpoint.folder().isPresent() ? null : materialise(checkpoint);
            Path folder = temporary == null ? checkpoint.folder().orElseThrow() : temporary;
            Answer.Loaded loaded = child.load(id ->
                    new Request.Load(id, folder.toAbsolutePath().toString(), options.threads(), options.kvCache()));
            return new StdioModel(child, loaded, temporary);
        } catch (RuntimeException e) {
            child.close();
            delete(temporary);
            throw e;
        }
    }

    /// The idle process, or a new one. It is the caller's until put back.
    private Child take() {
        Child child = idle;
        idle = null;
        if (child != null) {
            return child;
        }
        Child fresh = Child.start(command, limits);
        if (!fresh.info().equals(info)) {
            fresh.close();
            throw new EngineProtocolException(
                    "hello: expected the engine of the first process, " + info + ", found " + fresh.info());
        }
        return fresh;
    }

    private static Path materialise(Checkpoint checkpoint) {
        try {
            Path folder = Files.createTempDirectory("assay-");
            HfFolder.write(checkpoint, folder);
            return folder;
        } catch (IOException e) {
            throw new UncheckedIOException(checkpoint.source() + ": cannot be written to a temporary folder", e);
        }
    }

    /// Deletes a temporary folder, if there is one.
    static void delete(@Nullable Path folder) {
        if (folder == null) {
            return;
        }
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(folder + ": cannot be deleted", e);
        }
    }

    /// Ends the process that no model needs.
    @Override
    public synchronized void close() {
        if (idle != null) {
            idle.close();
            idle = null;
        }
    }
}
