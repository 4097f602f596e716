package dev.assay.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Objects;

/// Writes a file so that it holds all of the text or is as it was.
public final class AtomicFile {
    private AtomicFile() {}

    /// Writes the text as UTF-8, and makes the folder if there is none.
    ///
    /// @throws ReportException if the file cannot be written
    public static void write(Path file, String text) {
        Path folder = Objects.requireNonNullElse(file.toAbsolutePath().getParent(), file);
        try {
            Files.createDirectories(folder);
            // Not Files.createTempFile: its result is readable by its owner only.
            Path part = folder.resolve(
                    "." + file.getFileName() + "." + ProcessHandle.current().pid() + ".part");
            try {
                Files.writeString(part, text);
                Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            } finally {
                Files.deleteIfExists(part);
            }
        } catch (IOException e) {
            throw new ReportException(file + ": cannot be written: " + e, e);
        }
    }
}
