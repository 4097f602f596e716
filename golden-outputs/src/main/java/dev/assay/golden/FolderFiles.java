package dev.assay.golden;

import dev.assay.checkpoint.SafetensorsFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/// A case in a folder of the file system.
record FolderFiles(Path folder) implements CaseFiles {
    @Override
    public String source() {
        return folder.toString();
    }

    @Override
    public String nameOf(String file) {
        return folder.resolve(file).toString();
    }

    @Override
    public boolean has(String file) {
        return Files.isRegularFile(folder.resolve(file));
    }

    @Override
    public byte[] read(String file) {
        try {
            long size = Files.size(folder.resolve(file));
            if (size > LARGEST_TEXT) {
                throw new GoldenException(
                        nameOf(file) + ": expected at most " + LARGEST_TEXT + " bytes, found " + size);
            }
            return Files.readAllBytes(folder.resolve(file));
        } catch (IOException e) {
            throw new GoldenException(nameOf(file) + ": cannot be read: " + e, e);
        }
    }

    @Override
    public String sha256(String file) {
        try (InputStream in = Files.newInputStream(folder.resolve(file))) {
            return Digests.sha256(in);
        } catch (IOException e) {
            throw new GoldenException(nameOf(file) + ": cannot be read: " + e, e);
        }
    }

    @Override
    public SafetensorsFile openTensors(String file) {
        return SafetensorsFile.open(folder.resolve(file));
    }
}
