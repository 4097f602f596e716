package dev.assay.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/// The folder that receives a report.
final class OutFolder {
    static final String REPORT_FILE = "report.json";

    private OutFolder() {}

    /// The folder, made now: whoever gave a name that cannot be one wants to know before the work.
    ///
    /// @throws UsageException if it cannot be made
    static Path make(String out) {
        try {
            return Files.createDirectories(Path.of(out));
        } catch (InvalidPathException | IOException e) {
            throw new UsageException("--out: cannot make the folder '" + out + "': " + e);
        }
    }
}
