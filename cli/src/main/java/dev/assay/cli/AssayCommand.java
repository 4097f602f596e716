package dev.assay.cli;

import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import java.util.Properties;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/// `assay` itself: the options that every command has.
@Command(
        name = "assay",
        description = "Checks that an implementation of an LLM architecture computes what the architecture says.",
        versionProvider = AssayCommand.Version.class,
        synopsisSubcommandLabel = "COMMAND",
        commandListHeading = "%nCommands:%n",
        optionListHeading = "%nOptions:%n",
        footer = {
            "",
            "Exit codes: 0 conformant, 1 non-conformant, 2 regression, 3 consistent or",
            "inconclusive, 4 fault in the harness or the goldens, 64 arguments that cannot",
            "be used.",
            "",
            "Start with: ./assay verify"
        })
final class AssayCommand implements Runnable {
    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it.
    private CommandSpec spec;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            scope = ScopeType.INHERIT,
            description = "Show this help and exit.")
    @SuppressWarnings("UnusedVariable") // picocli acts on it.
    private boolean help;

    @Option(
            names = {"-V", "--version"},
            versionHelp = true,
            description = "Show the versions of Assay and Java and exit.")
    @SuppressWarnings("UnusedVariable") // picocli acts on it.
    private boolean version;

    @Option(
            names = "--debug",
            scope = ScopeType.INHERIT,
            description = "Show the stack trace of an internal error; also with ASSAY_DEBUG=1.")
    boolean debug;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "a command is missing");
    }

    /// The command line that is being run, as a command to type.
    static String commandLine(CommandSpec ofCommand) {
        return Shell.command(
                ofCommand.root().commandLine().getParseResult().originalArgs().toArray(String[]::new));
    }

    /// The version that Maven wrote at build time.
    static String suiteVersion() {
        Properties properties = new Properties();
        try (InputStream in = AssayCommand.class.getResourceAsStream("version.properties")) {
            properties.load(Objects.requireNonNull(in, "version.properties"));
        } catch (IOException e) {
            throw new IllegalStateException("version.properties cannot be read", e);
        }
        return properties.getProperty("version", "unknown");
    }

    /// Versions for `--version`.
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {
                "assay " + suiteVersion(), "Java " + Runtime.version() + " (" + System.getProperty("java.vendor") + ")"
            };
        }
    }
}
