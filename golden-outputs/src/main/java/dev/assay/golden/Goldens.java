package dev.assay.golden;

import dev.assay.config.ModelConfig;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;

/// Where golden cases come from: those packaged with this module, and folders of users.
public final class Goldens {
    private static final String INDEX = "cases/index.json";

    private Goldens() {}

    /// Ids of the bundled cases, sorted.
    ///
    /// @throws GoldenException if the index cannot be read
    public static List<String> ids() {
        return List.copyOf(index().keySet());
    }

    /// HF's `model_type` of a bundled case, without reading the case; empty for an unknown id.
    public static Optional<String> modelTypeOf(String id) {
        return Optional.ofNullable(index().get(id))
                .map(entry -> entry.path("model_type").asString());
    }

    /// Reads a bundled case.
    ///
    /// @throws IllegalArgumentException if there is none of that id
    /// @throws GoldenException if it cannot be believed
    public static GoldenCase bundled(String id) {
        return reader(id).read();
    }

    /// The configuration of a bundled case, without reading what it expects: a hundred times less than [#bundled].
    ///
    /// @throws IllegalArgumentException if there is none of that id
    /// @throws GoldenException if it cannot be believed
    public static ModelConfig configOf(String id) {
        return reader(id).readConfig();
    }

    /// The identity of a bundled case, without reading it.
    ///
    /// @throws IllegalArgumentException if there is none of that id
    /// @throws GoldenException if it cannot be believed
    public static CaseIdentity identityOf(String id) {
        return reader(id).readIdentity();
    }

    /// The identity of the case in a folder, without reading it.
    ///
    /// @throws GoldenException if there is none
    public static CaseIdentity identityOf(Path folder) {
        return new GoldenReader(new FolderFiles(folder)).readIdentity();
    }

    private static GoldenReader reader(String id) {
        JsonNode entry = index().get(id);
        if (entry == null) {
            throw new IllegalArgumentException("no golden case is named " + id);
        }
        CaseFiles files = new BundledFiles(id);
        String expected = entry.path("sha256").path(GoldenReader.GOLDEN_JSON).asString();
        String found = files.sha256(GoldenReader.GOLDEN_JSON);
        if (!found.equals(expected)) {
            throw new GoldenException(files.nameOf(GoldenReader.GOLDEN_JSON) + ": expected SHA-256 " + expected
                    + " as in " + INDEX + ", found " + found);
        }
        return new GoldenReader(files);
    }

    /// Reads the case in a folder.
    ///
    /// @throws GoldenException if it cannot be believed
    /// @throws dev.assay.config.ConfigException if its configuration cannot be used
    public static GoldenCase read(Path folder) {
        return new GoldenReader(new FolderFiles(folder)).read();
    }

    /// A digest over everything that cases hold, whatever their order.
    public static String sha256(Collection<CaseIdentity> cases) {
        StringBuilder lines = new StringBuilder();
        new TreeMap<>(cases.stream()
                        .collect(
                                java.util.stream.Collectors.toMap(CaseIdentity::id, CaseIdentity::sha256, (a, _) -> a)))
                .forEach((id, digest) ->
                        lines.append(digest).append("  ").append(id).append('\n'));
        return Digests.sha256(lines.toString().getBytes(StandardCharsets.UTF_8));
    }

    /// The entries of the index, read when first asked for.
    private static Map<String, JsonNode> index() {
        return Index.ENTRIES;
    }

    /// Holds the index of the bundled cases: it cannot change while the program runs.
    private static final class Index {
        static final Map<String, JsonNode> ENTRIES = readIndex();
    }

    private static Map<String, JsonNode> readIndex() {
        byte[] bytes;
        try (var in = Goldens.class.getResourceAsStream(INDEX)) {
            if (in == null) {
                throw new GoldenException(INDEX + ": missing");
            }
            bytes = in.readAllBytes();
        } catch (java.io.IOException e) {
            throw new GoldenException(INDEX + ": cannot be read: " + e, e);
        }
        Map<String, JsonNode> entries = new TreeMap<>();
        for (JsonNode entry : GoldenReader.json(bytes, INDEX).path("cases")) {
            entries.put(entry.path("id").asString(), entry);
        }
        return entries;
    }
}
