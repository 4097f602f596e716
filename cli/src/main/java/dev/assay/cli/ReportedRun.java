package dev.assay.cli;

import dev.assay.perf.PerfException;
import dev.assay.report.Report;
import dev.assay.report.ReportJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// A measurement by a shell command of the user's, in a process of its own, whose report is read.
final class ReportedRun {
    /// Stands in a command for the folder that receives the report.
    static final String PLACE = "{out}";

    private ReportedRun() {}

    /// Demands that a command says where its report goes.
    ///
    /// @throws UsageException if it does not
    static void requirePlace(String option, String command) {
        if (!command.contains(PLACE)) {
            throw new UsageException(option + ": expected " + PLACE
                    + " where the folder for the report belongs, found '" + command + "'");
        }
    }

    /// Runs a command by sh, with its output in `log.txt` of the folder.
    ///
    /// @throws PerfException if it cannot be run or writes no report
    /// @throws InterruptedException if this thread was interrupted; the command is ended then
    static Report of(String command, Path folder) throws InterruptedException {
        Path log = folder.resolve("log.txt");
        Path file = folder.resolve(OutFolder.REPORT_FILE);
        int code;
        try {
            Files.createDirectories(folder);
            Files.deleteIfExists(file);
            Process process = new ProcessBuilder("sh", "-c", command.replace(PLACE, "'" + folder + "'"))
                    .redirectErrorStream(true)
                    .redirectOutput(log.toFile())
                    .redirectInput(
                            ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                    .start();
            try {
                code = process.waitFor();
            } finally {
                process.descendants().forEach(ProcessHandle::destroy);
                process.destroy();
            }
        } catch (IOException e) {
            throw new PerfException(folder + ": cannot run sh: " + e, e);
        }
        if (!Files.exists(file)) {
            throw new PerfException("the command ended with " + code + " and wrote no " + file + ": see " + log);
        }
        return ReportJson.read(file);
    }
}
