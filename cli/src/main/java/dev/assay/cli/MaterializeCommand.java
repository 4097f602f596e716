package dev.assay.cli;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.checkpoint.ElementType;
import dev.assay.checkpoint.SyntheticWeights;
import dev.assay.checkpoint.gguf.Gguf;
import dev.assay.checkpoint.gguf.GgufType;
import dev.assay.config.ModelConfig;
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
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `assay materialize`: a model as ordinary files, for engines that read files.
@Command(
        name = "materialize",
        description = "Writes a model as files: a Hugging Face folder with config.json and model.safetensors, or "
                + "model.gguf.",
        optionListHeading = "%nOptions:%n",
        footer = {
            "",
            "A GGUF file is as llama.cpp writes and reads it. A configuration that its convention",
            "cannot express is refused with the key that is in the way.",
            "",
            "Examples:",
            "  ./assay materialize --case qwen3-base --out qwen3-base",
            "  ./assay materialize --case qwen3-base --format gguf --type q8_0 --out qwen3-base",
            "  ./assay materialize --shape qwen3-0.6b --format gguf --type bf16 --out qwen3"
        })
final class MaterializeCommand implements Callable<Integer> {
    private static final String CONFIG = "config.json";
    private static final String MODEL = "model.safetensors";
    private static final String GGUF = "model.gguf";

    /// Seed of the weights of a shape, the same as when it is measured.
    private static final long SEED = 1;

    private final Surroundings surroundings;

    @ArgGroup(multiplicity = "1")
    private Subject subject = new Subject();

    /// What to write: one of the two.
    private static final class Subject {
        @Option(
                names = {"-c", "--case"},
                paramLabel = "CASE",
                description = "Bundled golden case by its id, or a folder that holds one.")
        private @Nullable String golden;

        @Option(
                names = {"-s", "--shape"},
                paramLabel = "MODEL",
                description = "Published model by its name, or a config.json; with synthetic BF16 weights.")
        private @Nullable String shape;
    }

    @Option(
            names = {"-o", "--out"},
            paramLabel = "DIR",
            required = true,
            description = "Folder to write; must not exist, or be empty.")
    private String out = "";

    @Option(
            names = {"-f", "--format"},
            paramLabel = "FORMAT",
            defaultValue = "hf",
            description = "What to write: ${COMPLETION-CANDIDATES}. Default: ${DEFAULT-VALUE}.")
    private Format format = Format.hf;

    @Option(
            names = "--type",
            paramLabel = "TYPE",
            description = "Number format of the matrices in a GGUF file: ${COMPLETION-CANDIDATES}. Default: F32.")
    private @Nullable GgufType type;

    @Option(
            names = "--force",
            description = "Write into a folder that is not empty, replacing files of the same names.")
    private boolean force;

    /// Kinds of files, named as users type them.
    @SuppressWarnings("MemberName")
    enum Format {
        /// `config.json` and `model.safetensors`.
        hf,
        /// `model.gguf`.
        gguf
    }

    /// A model to write.
    ///
    /// @param name for messages
    private record Model(String name, String configJson, ModelConfig config, WeightSource weights) {}

    MaterializeCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() {
        if (type != null && format != Format.gguf) {
            throw new UsageException("--type: a Hugging Face folder has the types it is published with;"
                    + " with --format gguf they can be chosen");
        }
        Supplier<Model> model = model();
        Path folder = folder();
        switch (format) {
            case hf -> writeHf(model.get(), folder);
            case gguf -> writeGguf(model.get(), folder);
        }
        return 0;
    }

    /// The model that was named; what is wrong with its name is known at once.
    private Supplier<Model> model() {
        String shape = subject.shape;
        if (shape != null) {
            Shape found = Shape.of(shape);
            return () -> {
                ModelConfig config = found.config();
                SyntheticWeights weights = SyntheticWeights.forShape(config, ElementType.BF16, SEED);
                WeightSource source = switch (format) {
                    // The digest takes as long as writing the file.
                    case hf -> new WeightSource.Synthesised(config, weights, weights.sha256());
                    case gguf -> () -> weights.checkpoint(config);
                };
                return new Model(found.name(), found.configJson(), config, source);
            };
        }
        SelectedCase selected = SelectedCase.of(Objects.requireNonNull(subject.golden), surroundings.goldens());
        return () -> {
            GoldenCase golden = selected.reader().get();
            return new Model(golden.id(), golden.configJson(), golden.config(), golden.weights());
        };
    }

    private void writeHf(Model model, Path folder) {
        if (!(model.weights() instanceof WeightSource.Synthesised synthesised)) {
            throw new UsageException("--case: the weights of " + model.name() + " are files already");
        }
        long bytes = write(folder, MODEL, 2, (part, progress) -> {
            Path file = part.resolve(MODEL);
            synthesised.weights().writeSafetensors(file);
            progress.done(1);
            progress.now("checking its SHA-256");
            String found = sha256(file);
            if (!found.equals(synthesised.sha256())) {
                throw new IllegalStateException(MODEL + " of " + model.name() + ": expected SHA-256 "
                        + synthesised.sha256() + ", synthesised " + found);
            }
            return List.of(Files.writeString(part.resolve(CONFIG), model.configJson()), file);
        });
        surroundings.out().println(folder.resolve(MODEL) + ": " + Sizes.bytes(bytes) + ", SHA-256 checked");
    }

    private void writeGguf(Model model, Path folder) {
        GgufType asked = type == null ? GgufType.F32 : type;
        switch (Gguf.of(model.config())) {
            case Gguf.Refused(String reason) ->
                throw new UsageException("--format: " + model.name() + " cannot be written as GGUF: " + reason);
            case Gguf.Layout layout -> {
                long bytes = write(folder, GGUF, 1, (part, _) -> {
                    Path file = part.resolve(GGUF);
                    try (Checkpoint checkpoint = model.weights().open()) {
                        layout.write(checkpoint, asked, file);
                    }
                    return List.of(file);
                });
                surroundings
                        .out()
                        .println(folder.resolve(GGUF) + ": " + Sizes.bytes(bytes) + ", " + layout.architecture() + ", "
                                + asked);
            }
        }
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

    /// Writes files into a folder of its own.
    @FunctionalInterface
    private interface Writer {
        /// The files written, the model last.
        List<Path> write(Path folder, Progress progress) throws IOException;
    }

    /// Writes files beside the folder and moves them in place: what is there has the right content. Returns the
    /// size of the model.
    private long write(Path folder, String name, int steps, Writer writer) {
        try {
            Path parent =
                    Files.createDirectories(folder.toAbsolutePath().normalize()).getParent();
            Path part = Files.createTempDirectory(parent == null ? folder : parent, ".materialize-");
            try (Progress progress = Progress.of(surroundings, "materialize", steps)) {
                progress.now("writing " + name);
                List<Path> files = writer.write(part, progress);
                long bytes = Files.size(files.getLast());
                for (Path file : files) {
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
        } catch (IOException e) {
            throw new UncheckedIOException(folder + ": cannot be written: " + e.getMessage(), e);
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
