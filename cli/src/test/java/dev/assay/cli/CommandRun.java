package dev.assay.cli;

import dev.assay.engine.Engine;
import dev.assay.report.Fault;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/// What a command line printed and how it ended.
///
/// @param out standard output
/// @param err standard error
record CommandRun(int exitCode, String out, String err) {
    /// Runs a command line on these engines and cases, with nobody watching.
    static CommandRun of(List<Engine> engines, GoldenSource goldens, String... args) {
        return of(engines, List.of(), goldens, Map.of(), false, args);
    }

    static CommandRun of(
            List<Engine> engines,
            List<Fault> faults,
            GoldenSource goldens,
            Map<String, String> environment,
            boolean terminal,
            String... args) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int exitCode = Main.run(
                new Surroundings(
                        new PrintWriter(out),
                        new PrintWriter(err),
                        terminal,
                        environment,
                        () -> Engines.of(engines, faults),
                        new Adapters(new TreeSet<>(), null),
                        goldens),
                args);
        return new CommandRun(exitCode, out.toString(), err.toString());
    }
}
