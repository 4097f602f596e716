package dev.assay.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/// The folder that receives a report.
final class OutFolder {
    /// What the others are made of.
    static final String REPORT_FILE = "report.json";

    /// Options name what the folder receives.
    static final String DESCRIPTION =
            "Folder for report.json, and the same as HTML, Markdown, JUnit XML, SARIF and CSV. Default: ${DEFAULT-VALUE}.";

    private OutFolder() {}

    /// The folder, made now: whoever gave a name that cannot be one wants to know before the work.
    ///
    /// @throws UsageException if it cannot be made
    static Path make(String out) {
        return make("--out", out);
    }

    /// The same for a folder that another option names.
    static Path make(String option, String out) {
        try {
            return Files.createDirectories(Path.of(out));
        } catch (InvalidPathException | IOException e) {
            throw new UsageException(option + ": cannot make the folder '" + out + "': " + e);
        }
    }
}
