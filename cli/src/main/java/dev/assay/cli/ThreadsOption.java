package dev.assay.cli;

import dev.assay.engine.LoadOptions;
import picocli.CommandLine.Option;

/// How many threads an engine may use that is judged and not timed.
final class ThreadsOption {
    @Option(
            names = {"-t", "--threads"},
            paramLabel = "N",
            defaultValue = "1",
            description = "Worker threads an engine may use. Default: ${DEFAULT-VALUE}.")
    private int threads;

    /// What engines are loaded with.
    ///
    /// @throws UsageException if there are not as many processors, or fewer than one was asked for
    LoadOptions loading() {
        if (threads < 1) {
            throw new UsageException("--threads: expected at least 1, found " + threads);
        }
        int processors = Runtime.getRuntime().availableProcessors();
        if (threads > processors) {
            throw new UsageException(
                    "--threads: found " + threads + ", and this machine has " + Sizes.plural(processors, "processor"));
        }
        return LoadOptions.ofThreads(threads);
    }
}
