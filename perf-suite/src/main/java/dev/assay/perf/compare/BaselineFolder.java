package dev.assay.perf.compare;

import dev.assay.perf.PerfException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.json.JsonMapper;

/// Measurements that are kept to be compared with: a folder of JSON Lines, a file for each machine and JVM, oldest line
/// first. Lines are only ever appended, so that the folder can live on a branch of a repository.
///
/// `annotations.jsonl` beside them is written by people: a line
/// `{"format":"assay-annotation/1","commit":"...","text":"..."}` for each change of speed that is known and wanted.
public final class BaselineFolder {
    private static final String ANNOTATIONS = "annotations.jsonl";
    private static final int FINGERPRINT_DIGITS = 12;

    private static final JsonMapper MAPPER = JsonMapper.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .disable(MapperFeature.SORT_PROPERTIES_ALPHABETICALLY)
            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();

    private final Path folder;
    private final List<Baseline> lines;
    private final Map<String, String> annotations;

    private BaselineFolder(Path folder, List<Baseline> lines, Map<String, String> annotations) {
        this.folder = folder;
        this.lines = List.copyOf(lines);
        this.annotations = Map.copyOf(annotations);
    }

    /// Reads a folder; one that does not exist has no lines.
    ///
    /// @throws PerfException if a file cannot be read, or a line is not what it must be
    public static BaselineFolder read(Path folder) {
        List<Baseline> lines = new ArrayList<>();
        Map<String, String> annotations = new LinkedHashMap<>();
        if (Files.exists(folder)) {
            try (Stream<Path> files = Files.list(folder)) {
                for (Path file : files.filter(file -> file.toString().endsWith(".jsonl"))
                        .sorted()
                        .toList()) {
                    if (file.endsWith(ANNOTATIONS)) {
                        read(file, Annotation.class, Annotation.FORMAT, Annotation::format)
                                .forEach(annotation -> annotations.put(annotation.commit(), annotation.text()));
                    } else {
                        lines.addAll(read(file, Baseline.class, Baseline.FORMAT, Baseline::format));
                    }
                }
            } catch (IOException e) {
                throw new PerfException(folder + ": cannot be read: " + e, e);
            }
        }
        return new BaselineFolder(folder, lines, annotations);
    }

    private static <T> List<T> read(Path file, Class<T> type, String format, Function<T, String> formatOf)
            throws IOException {
        List<T> all = new ArrayList<>();
        List<String> texts = Files.readAllLines(file);
        for (int i = 0; i < texts.size(); i++) {
            String place = file + ": line " + (i + 1) + ": ";
            try {
                T line = MAPPER.readValue(texts.get(i), type);
                if (line == null || !formatOf.apply(line).equals(format)) {
                    throw new PerfException(place + "format: expected " + format + ", found "
                            + (line == null ? "null" : formatOf.apply(line)));
                }
                all.add(line);
            } catch (JacksonException e) {
                throw new PerfException(place + "expected a line of " + format + ": " + e.getOriginalMessage(), e);
            }
        }
        return all;
    }

    List<Baseline> lines() {
        return lines;
    }

    /// Why speeds changed, by commit.
    Map<String, String> annotations() {
        return annotations;
    }

    /// Appends lines, each to the file of its machine and JVM.
    ///
    /// @throws PerfException if one is there already, or a file cannot be written
    void append(List<Baseline> added) {
        for (Baseline line : added) {
            if (lines.stream().anyMatch(line::sameRun)) {
                throw new PerfException(folder + ": the run of " + line.startedAt() + " is recorded already: "
                        + line.measured().name());
            }
        }
        for (Baseline line : added) {
            Path file = folder.resolve(fingerprint(line) + ".jsonl");
            try {
                Files.createDirectories(folder);
                Files.writeString(
                        file,
                        MAPPER.writeValueAsString(line) + "\n",
                        StandardOpenOption.CREATE,
                        StandardOpenOption.APPEND);
            } catch (IOException e) {
                throw new PerfException(file + ": cannot be written: " + e, e);
            }
        }
    }

    /// A name for the machine and the JVM of a line.
    private static String fingerprint(Baseline line) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256")
                    .digest((MAPPER.writeValueAsString(line.machine()) + MAPPER.writeValueAsString(line.jvm()))
                            .getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest).substring(0, FINGERPRINT_DIGITS);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
