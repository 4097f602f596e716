package dev.assay.golden;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// A published model: its configuration and what is known of its size from elsewhere. Where the data come from is
/// told in `golden-outputs/facts/README.md`.
///
/// @param name for example `deepseek-v3`
/// @param configJson text of its `config.json`
/// @param vendorTotal the vendor's own claim, for example `671B`; empty where there is none
/// @param vendorActive the same of active parameters, for example `37B`
/// @param recorded figures of an independent count
/// @param factsOnly why no plan of this model is made: then the recorded figures are all there is; null if one is
public record PublishedModel(
        String name,
        String configJson,
        String vendorTotal,
        String vendorActive,
        Recorded recorded,
        @Nullable String factsOnly) {
    private static final String FACTS = "facts/facts.json";

    /// Figures counted by building the model elsewhere.
    ///
    /// @param total parameters, tied ones once
    /// @param active parameters a token uses, but for the input embedding
    public record Recorded(long total, long active) {}

    /// All published models, sorted by name.
    ///
    /// @throws GoldenException if the data cannot be read
    public static List<PublishedModel> all() {
        JsonNode facts = GoldenReader.json(read(FACTS), FACTS);
        List<PublishedModel> models = new ArrayList<>();
        for (String name : facts.propertyNames()) {
            JsonNode fact = facts.path(name);
            JsonNode reason = fact.path("facts_only");
            models.add(new PublishedModel(
                    name,
                    new String(read("facts/configs/" + name + ".json"), StandardCharsets.UTF_8),
                    fact.path("vendor").path("total").asString(""),
                    fact.path("vendor").path("active").asString(""),
                    new Recorded(
                            fact.path("params").path("total").asLong(),
                            fact.path("active").path("B_excl_input_embedding").asLong()),
                    reason.isString() ? reason.asString() : null));
        }
        models.sort((one, other) -> one.name().compareTo(other.name()));
        return List.copyOf(models);
    }

    private static byte[] read(String resource) {
        try (@Nullable InputStream in = PublishedModel.class.getResourceAsStream(resource)) {
            if (in == null) {
                throw new GoldenException(resource + ": missing");
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new GoldenException(resource + ": cannot be read: " + e, e);
        }
    }
}
