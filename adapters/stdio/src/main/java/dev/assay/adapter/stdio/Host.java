package dev.assay.adapter.stdio;

import dev.assay.engine.Engine;
import dev.assay.engine.EngineProtocolException;
import java.io.File;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.lang.module.FindException;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleFinder;
import java.lang.module.ModuleReference;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Serves an engine in Java to whoever started this process.
///
/// `java -cp ... dev.assay.adapter.stdio.Host ID` serves the engine of that id among those that
/// [ServiceLoader] finds. Standard output belongs to the protocol: what else is printed goes to standard error.
public final class Host {
    private Host() {}

    /// The command that serves an engine in a JVM like this one: as a module where one of the jars is a module that
    /// provides an engine, else on the class path.
    ///
    /// @param options of the JVM
    /// @param libraries jars of the engine and of what it needs, the engine interface included
    /// @param id of the engine
    public static List<String> command(List<String> options, List<Path> libraries, String id) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(options);
        List<Path> path = Stream.concat(libraries.stream(), Stream.of(ownJar())).toList();
        String joined = path.stream().map(Path::toString).collect(Collectors.joining(File.pathSeparator));
        Optional<String> module = moduleWithEngine(libraries);
        if (module.isPresent()) {
            String own = Host.class.getPackageName();
            command.addAll(
                    List.of("-p", joined, "--add-modules", module.get(), "-m", own + "/" + Host.class.getName()));
        } else {
            command.addAll(List.of("-cp", joined, Host.class.getName()));
        }
        command.add(id);
        return command;
    }

    /// The module among some jars that provides an engine; empty if none does, as where an engine is no module.
    private static Optional<String> moduleWithEngine(List<Path> libraries) {
        try {
            return ModuleFinder.of(libraries.toArray(Path[]::new)).findAll().stream()
                    .map(ModuleReference::descriptor)
                    .filter(module -> !module.isAutomatic())
                    .filter(module -> module.provides().stream()
                            .anyMatch(provided -> provided.service().equals(Engine.class.getName())))
                    .map(ModuleDescriptor::name)
                    .findFirst();
        } catch (FindException e) {
            // Jars that cannot be modules, such as two of one name, still make a class path.
            return Optional.empty();
        }
    }

    private static Path ownJar() {
        try {
            return Path.of(Host.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException("the location of a class that was loaded is well-formed", e);
        }
    }

    /// Serves until standard input ends or a request says so; exits with 1 after a line that is no request, with 2
    /// if there is no such engine.
    ///
    /// @param args the id of the engine
    public static void main(String[] args) throws IOException {
        System.setOut(System.err);
        Wire wire = new Wire(new FileInputStream(FileDescriptor.in), new FileOutputStream(FileDescriptor.out));
        List<Engine> engines = ServiceLoader.load(Engine.class).stream()
                .map(ServiceLoader.Provider::get)
                .toList();
        List<String> ids = engines.stream().map(engine -> engine.info().id()).toList();
        int index = args.length == 1 ? ids.indexOf(args[0]) : -1;
        if (index < 0) {
            System.err.println("expected the id of an engine, one of " + ids + ", found " + List.of(args));
            System.exit(2);
        }
        try {
            new Server(engines.get(index), wire).run();
        } catch (EngineProtocolException e) {
            System.err.println(e.getMessage());
            System.exit(1);
        }
        // Threads of the engine may still be there, and nobody waits for them.
        System.exit(0);
    }
}
