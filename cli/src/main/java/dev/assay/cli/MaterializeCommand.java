package dev.assay.cli;

import dev.assay.golden.GoldenCase;
import dev.assay.golden.WeightSource;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `assay materialize`: a golden case's model as an ordinary folder, for engines that read files.
@Command(
        name = "materialize",
        description = "Writes the model of a golden case as a Hugging Face folder: config.json and model.safetensors.",
        optionListHeading = "%nOptions:%n",
        footer = {"", "Example:", "  ./assay materialize --case qwen3-base --out qwen3-base"})
final class MaterializeCommand implements Callable<Integer> {
    private static final String CONFIG = "config.json";
    private static final String MODEL = "model.safetensors";

    private final Surroundings surroundings;

    @Option(
            names = {"-c", "--case"},
            paramLabel = "CASE",
            required = true,
            description = "Bundled golden case by its id, or a folder that holds one.")
    private String name = "";

    @Option(
            names = {"-o", "--out"},
            paramLabel = "DIR",
            required = true,
            description = "Folder to write; must not exist, or be empty.")
    private String out = "";

    @Option(
            names = "--force",
            description = "Write into a folder that is not empty, replacing " + CONFIG + " and " + MODEL + ".")
    private boolean force;

    MaterializeCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() {
        SelectedCase selected = SelectedCase.of(name, surroundings.goldens());
        Path folder = folder();
        GoldenCase golden = selected.reader().get();
        if (!(golden.weights() instanceof WeightSource.Synthesised synthesised)) {
            throw new UsageException(
                    "--case: the weights of " + golden.id() + " are files already, in " + golden.source());
        }
        try {
            long bytes = write(golden, synthesised, folder);
            surroundings
                    .out()
                    .println(folder.resolve(MODEL) + ": " + Sizes.bytes(bytes) + ", SHA-256 as recorded with the case");
        } catch (IOException e) {
            throw new UncheckedIOException(folder + ": cannot be written: " + e.getMessage(), e);
        }
        return 0;
    }

    private Path folder() {
        try {
            Path folder = Path.of(out);
            if (Files.exists(folder) && !Files.isDirectory(folder)) {
                throw new UsageException("--out: '" + out + "' is a file");
            }
            if (Files.isDirectory(folder) && !force && !isEmpty(folder)) {
                throw new UsageException("--out: the folder '" + out + "' is not empty; --force writes into it");
            }
            return folder;
        } catch (InvalidPathException e) {
            throw new UsageException("--out: '" + out + "' cannot be the name of a folder: " + e.getReason());
        } catch (IOException e) {
            throw new UsageException("--out: the folder '" + out + "' cannot be read: " + e);
        }
    }

    private static boolean isEmpty(Path folder) throws IOException {
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
            return !entries.iterator().hasNext();
        }
    }

    /// Writes the two files beside the folder, checks them, and moves them in place: a folder that is there has the
    /// right content. Returns the size of the weights.
    private long write(GoldenCase golden, WeightSource.Synthesised synthesised, Path folder) throws IOException {
        Path parent =
                Files.createDirectories(folder.toAbsolutePath().normalize()).getParent();
        Path part = Files.createTempDirectory(parent == null ? folder : parent, ".materialize-");
        try (Progress progress = Progress.of(surroundings, "materialize", 2)) {
            progress.now("writing " + MODEL);
            Path model = part.resolve(MODEL);
            synthesised.weights().writeSafetensors(model);
            progress.done(1);
            progress.now("checking its SHA-256");
            String found = sha256(model);
            if (!found.equals(synthesised.sha256())) {
                throw new IllegalStateException(MODEL + " of " + golden.id() + ": expected SHA-256 "
                        + synthesised.sha256() + ", synthesised " + found);
            }
            Path config = Files.writeString(part.resolve(CONFIG), golden.configJson());
            long bytes = Files.size(model);
            for (Path file : List.of(config, model)) {
                Files.move(
                        file,
                        folder.resolve(file.getFileName()),
                        StandardCopyOption.ATOMIC_MOVE,
                        StandardCopyOption.REPLACE_EXISTING);
            }
            return bytes;
        } finally {
            delete(part);
        }
    }

    private static String sha256(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file);
                DigestInputStream digested = new DigestInputStream(in, MessageDigest.getInstance("SHA-256"))) {
            digested.transferTo(OutputStream.nullOutputStream());
            return HexFormat.of().formatHex(digested.getMessageDigest().digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java runtime has SHA-256", e);
        }
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
