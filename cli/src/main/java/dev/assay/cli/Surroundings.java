package dev.assay.cli;

import java.io.Console;
import java.io.PrintWriter;
import java.util.Map;
import java.util.function.Supplier;

/// What a command works with, so that a test can give it something else.
///
/// @param out receives what was asked for
/// @param err receives errors
/// @param terminal whether a person watches
/// @param environment variables of the process
/// @param engines looks for the engines; only when they are needed, so that `--help` does not wait for them
/// @param adapters engines of third parties, which run in processes of their own
record Surroundings(
        PrintWriter out,
        PrintWriter err,
        boolean terminal,
        Map<String, String> environment,
        Supplier<Engines> engines,
        Adapters adapters,
        GoldenSource goldens) {

    @SuppressWarnings("SystemConsoleNull") // Its documentation still allows null.
    static Surroundings ofProcess(PrintWriter out, PrintWriter err) {
        Console console = System.console();
        return new Surroundings(
                out,
                err,
                console != null && console.isTerminal(),
                System.getenv(),
                Engines::ofInstallation,
                Adapters.ofInstallation(),
                GoldenSource.ofInstallation());
    }

    /// Whether a variable has a value other than the empty one.
    boolean isSet(String variable) {
        return !environment.getOrDefault(variable, "").isEmpty();
    }

    /// Whether to use colours: only for people, and not for those who set `NO_COLOR` (https://no-color.org).
    boolean colours() {
        return terminal
                && !isSet("NO_COLOR")
                && !environment.getOrDefault("TERM", "").equals("dumb");
    }
}
