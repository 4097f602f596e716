package dev.assay.cli;

import dev.assay.engine.Engine;
import dev.assay.report.certificate.Statement.Resource;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemNotFoundException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The file, or the folder of classes, that an engine is.
final class EngineArtefact {
    private EngineArtefact() {}

    /// The artefact that the engine's class was loaded from.
    ///
    /// @throws UsageException if it cannot be told
    static Path of(Engine engine) {
        @Nullable CodeSource source = engine.getClass().getProtectionDomain().getCodeSource();
        try {
            if (source != null && source.getLocation() != null) {
                return Path.of(new URI(source.getLocation().toString()));
            }
        } catch (URISyntaxException | IllegalArgumentException | FileSystemNotFoundException _) {
            // Told below: the location is no file.
        }
        throw new UsageException("--artefact: " + engine.getClass().getName()
                + " was not loaded from a file: name the file that the engine is");
    }

    /// The name and the digest of an artefact.
    ///
    /// @throws UsageException if it cannot be read
    static Resource describe(Path artefact) {
        String name = artefact.toAbsolutePath().normalize().getFileName() + "";
        try {
            return Files.isDirectory(artefact)
                    ? new Resource(name, Map.of("sha256-tree", sha256OfTree(artefact)))
                    : new Resource(name, Map.of("sha256", sha256(artefact)));
        } catch (IOException e) {
            throw new UsageException("--artefact: cannot read '" + artefact + "': " + e);
        }
    }

    private static String sha256OfTree(Path folder) throws IOException {
        StringBuilder lines = new StringBuilder();
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
                String path = folder.relativize(file).toString().replace('\\', '/');
                lines.append(sha256(file)).append("  ").append(path).append('\n');
            }
        }
        return HexFormat.of().formatHex(digest().digest(lines.toString().getBytes(StandardCharsets.UTF_8)));
    }

    private static String sha256(Path file) throws IOException {
        MessageDigest digest = digest();
        try (InputStream in = Files.newInputStream(file)) {
            in.transferTo(new DigestOutputStream(OutputStream.nullOutputStream(), digest));
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private static MessageDigest digest() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
