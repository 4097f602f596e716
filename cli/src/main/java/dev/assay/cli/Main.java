package dev.assay.cli;

import dev.assay.checkpoint.CheckpointException;
import dev.assay.config.ConfigException;
import dev.assay.golden.GoldenException;
import dev.assay.perf.PerfException;
import dev.assay.report.ReportException;
import dev.assay.report.Verdict;
import dev.assay.report.certificate.CertificateException;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/// Entry point of the `assay` command.
///
/// Exit codes: those of [Verdict], and 64 for arguments that cannot be used.
final class Main {
    /// Arguments that cannot be used; `EX_USAGE` of BSD's sysexits.
    static final int USAGE = 64;

    private Main() {}

    /// Runs the command and ends the JVM with its exit code.
    public static void main(String[] args) {
        PrintWriter out = writer(FileDescriptor.out, System.out.charset());
        PrintWriter err = writer(FileDescriptor.err, System.err.charset());
        System.exit(run(out, err, args));
    }

    /// Runs the command on the engines and golden cases of this installation.
    ///
    /// @param out receives what was asked for
    /// @param err receives errors
    /// @return exit code
    public static int run(PrintWriter out, PrintWriter err, String... args) {
        return run(Surroundings.ofProcess(out, err), args);
    }

    static int run(Surroundings surroundings, String... args) {
        PrintWriter err = surroundings.err();
        AssayCommand assay = new AssayCommand();
        try {
            return commandLine(assay, surroundings, args).execute(args);
        } catch (OutOfMemoryError e) {
            err.println("assay: out of memory: the Java heap may grow to "
                    + Sizes.bytes(Runtime.getRuntime().maxMemory())
                    + "; give it more with ASSAY_JAVA_OPTS=-Xmx<size>g, or verify fewer cases at once");
            return fault(surroundings, e, assay.debug, args);
        } catch (Error e) {
            // Engines may be linked to native code, and what goes wrong there is an Error.
            err.println("assay: internal error: " + e);
            return fault(surroundings, e, assay.debug, args);
        } finally {
            surroundings.out().flush();
            err.flush();
        }
    }

    private static CommandLine commandLine(AssayCommand assay, Surroundings surroundings, String[] args) {
        return new CommandLine(assay)
                .addSubcommand(new VerifyCommand(surroundings))
                .addSubcommand(new MergeCommand(surroundings))
                .addSubcommand(new CertifyCommand(surroundings))
                .addSubcommand(new BenchCommand(surroundings))
                .addSubcommand(new AbCommand(surroundings))
                .addSubcommand(new SweepCommand(surroundings))
                .addSubcommand(new CompareCommand(surroundings))
                .addSubcommand(new KernelsCommand(surroundings))
                .addSubcommand(new ListCommand(surroundings))
                .addSubcommand(new ExplainCommand(surroundings))
                .addSubcommand(new FactsCommand(surroundings))
                .addSubcommand(new MutantsCommand(surroundings))
                .addSubcommand(new MaterializeCommand(surroundings))
                .addSubcommand(new DoctorCommand(surroundings))
                .setOut(surroundings.out())
                .setErr(surroundings.err())
                .setColorScheme(CommandLine.Help.defaultColorScheme(surroundings.colours() ? Ansi.ON : Ansi.OFF))
                .setUsageHelpAutoWidth(false)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setParameterExceptionHandler((e, _) -> usage(e, surroundings.err()))
                .setExecutionExceptionHandler((e, command, _) -> {
                    if (e instanceof UsageException) {
                        return usage(new ParameterException(command, e.getMessage()), surroundings.err());
                    }
                    if (e instanceof CertificateException) {
                        surroundings.err().println("assay: " + e.getMessage());
                        return Verdict.NON_CONFORMANT.exitCode();
                    }
                    surroundings.err().println("assay: " + describe(e));
                    return fault(surroundings, e, assay.debug, args);
                });
    }

    /// What the user did not write right, and where to read how to.
    private static int usage(ParameterException e, PrintWriter err) {
        String name = e.getCommandLine().getCommandSpec().qualifiedName();
        err.println(name + ": " + e.getMessage());
        if (e instanceof UnmatchedArgumentException unmatched) {
            unmatched.getSuggestions().stream()
                    .findFirst()
                    .ifPresent(suggestion -> err.println("did you mean " + suggestion + "?"));
        }
        err.println("Try './" + name + " --help'.");
        return USAGE;
    }

    /// What we throw ourselves says it all; anything else is a bug and says its type.
    private static String describe(Exception e) {
        return switch (e) {
            case GoldenException _, CheckpointException _, ConfigException _, PerfException _, ReportException _ ->
                String.valueOf(e.getMessage());
            default -> "internal error: " + e;
        };
    }

    private static int fault(Surroundings surroundings, Throwable e, boolean debug, String[] args) {
        PrintWriter err = surroundings.err();
        if (debug || surroundings.isSet("ASSAY_DEBUG")) {
            e.printStackTrace(err);
        }
        err.println("reproduce: " + Shell.command(args) + (debug ? "" : " --debug"));
        return Verdict.FAULT.exitCode();
    }

    private static PrintWriter writer(FileDescriptor descriptor, Charset charset) {
        return new PrintWriter(new FileOutputStream(descriptor), false, charset);
    }
}
