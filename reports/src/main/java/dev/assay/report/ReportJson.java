package dev.assay.report;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import com.fasterxml.jackson.annotation.JsonSetter;
import com.fasterxml.jackson.annotation.Nulls;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.util.DefaultIndenter;
import tools.jackson.core.util.DefaultPrettyPrinter;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.ObjectWriter;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.cfg.EnumFeature;
import tools.jackson.databind.json.JsonMapper;

/// `report.json`: written so that reading it back gives an equal [Report].
///
/// Keys are in snake case and enums go by name. Doubles are written with the fewest digits that read back exactly;
/// those that JSON has no number for are the strings `"NaN"`, `"Infinity"` and `"-Infinity"`, because null would
/// hide that something was computed. Absent values are written as null, never left out. Reading is strict: a key
/// that is unknown, missing or given twice, a null where none may stand, and anything after the end are refused.
public final class ReportJson {
    private static final JsonMapper MAPPER = JsonMapper.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .disable(MapperFeature.SORT_PROPERTIES_ALPHABETICALLY)
            .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(EnumFeature.FAIL_ON_NUMBERS_FOR_ENUMS)
            .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .changeDefaultNullHandling(nulls -> nulls.withValueNulls(Nulls.FAIL).withContentNulls(Nulls.FAIL))
            .addMixIn(Report.class, NullablePartsAndDerivedEvidence.class)
            .addMixIn(CheckResult.class, NullableDetails.class)
            .addMixIn(BudgetUse.class, DerivedUse.class)
            .addMixIn(BenchRow.class, NullableFigures.class)
            .addMixIn(BenchRow.Checked.class, NullableComparisons.class)
            .addMixIn(BenchRow.Latency.class, NullablePercentiles.class)
            .addMixIn(BenchRow.Requests.class, NullableLoads.class)
            .addMixIn(BenchRow.KvCache.class, NullableCountedBytes.class)
            .addMixIn(ExpertLoad.class, DerivedEntropy.class)
            .addMixIn(Comparison.class, NullableReasons.class)
            .addMixIn(History.Shift.class, NullableReason.class)
            .addMixIn(Interval.class, DerivedDetectable.class)
            .build();

    // The line end is fixed so that the same report is the same bytes everywhere.
    private static final ObjectWriter WRITER = MAPPER.writer()
            .with(new DefaultPrettyPrinter()
                    .withObjectIndenter(new DefaultIndenter("  ", "\n"))
                    .withArrayIndenter(new DefaultIndenter("  ", "\n")));

    private ReportJson() {}

    /// The JSON text of a report, with a line end after the last brace.
    public static String toJson(Report report) {
        return WRITER.writeValueAsString(report) + "\n";
    }

    /// Parses a report.
    ///
    /// @param source where the text comes from, for messages
    /// @throws ReportException if the text is not a report of this format
    public static Report parse(String json, String source) {
        @Nullable Report report;
        try {
            report = MAPPER.readValue(json, Report.class);
        } catch (JacksonException e) {
            throw new ReportException(source + ": not a report: " + e.getOriginalMessage() + " (" + place(e) + ")", e);
        }
        if (report == null) {
            throw new ReportException(source + ": not a report: null");
        }
        if (!report.format().equals(Report.FORMAT)) {
            throw new ReportException(source + ": format: expected " + Report.FORMAT + ", found " + report.format());
        }
        return report;
    }

    /// Reads a report.
    ///
    /// @throws ReportException if the file cannot be read or is not a report of this format
    public static Report read(Path file) {
        try {
            return parse(Files.readString(file), file.toString());
        } catch (IOException e) {
            throw new ReportException(file + ": cannot be read: " + e, e);
        }
    }

    /// Writes a report: after the call the file holds all of it or is as it was. The text is read back and compared
    /// first, so that a report that would not survive its own file is never written.
    ///
    /// @throws ReportException if the file cannot be written or the report does not survive
    public static void write(Report report, Path file) {
        String json = toJson(report);
        if (!parse(json, file.toString()).equals(report)) {
            throw new ReportException(file + ": the report does not read back as it was");
        }
        AtomicFile.write(file, json);
    }

    /// The JSON Schema (draft 2020-12) of `report.json`.
    public static String schema() {
        try (InputStream in = ReportJson.class.getResourceAsStream("report.schema.json")) {
            return new String(Objects.requireNonNull(in, "report.schema.json").readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String place(JacksonException e) {
        StringBuilder path = new StringBuilder();
        for (JacksonException.Reference step : e.getPath()) {
            path.append(step.getPropertyName() == null ? "[" + step.getIndex() + "]" : "." + step.getPropertyName());
        }
        String key = path.isEmpty() ? "" : path.substring(1) + ", ";
        return key + "line " + e.getLocation().getLineNr() + ", column "
                + e.getLocation().getColumnNr();
    }

    /// What may be null in a report, and what is written for readers of the file and computed anew when read.
    private interface NullablePartsAndDerivedEvidence {
        @JsonSetter(nulls = Nulls.SET)
        @Nullable
        String shard();

        @JsonSetter(nulls = Nulls.SET)
        @Nullable
        SpeedComparison comparison();

        @JsonProperty(access = JsonProperty.Access.READ_ONLY)
        List<EngineEvidence> evidence();
    }

    /// What may be null in a result.
    private interface NullableDetails {
        @JsonSetter(nulls = Nulls.SET)
        @Nullable
        BudgetUse worst();

        @JsonSetter(nulls = Nulls.SET)
        @Nullable
        Divergence firstDivergence();

        @JsonSetter(nulls = Nulls.SET)
        @Nullable
        String message();
    }

    /// What may be null in a row of measurements.
    private interface NullableFigures {
        @JsonSetter(nulls = Nulls.SET)
        BenchRow.@Nullable Execution execution();

        @JsonSetter(nulls = Nulls.SET)
        BenchRow.@Nullable Prefill prefill();

        @JsonSetter(nulls = Nulls.SET)
        BenchRow.@Nullable Decode decode();

        @JsonSetter(nulls = Nulls.SET)
        BenchRow.@Nullable Requests requests();

        @JsonSetter(nulls = Nulls.SET)
        BenchRow.@Nullable KvCache kvCache();

        @JsonSetter(nulls = Nulls.SET)
        BenchRow.@Nullable ActiveParameters activeParameters();

        @JsonSetter(nulls = Nulls.SET)
        BenchRow.@Nullable Memory memory();

        @JsonSetter(nulls = Nulls.SET)
        BenchRow.@Nullable Ceilings ceilings();

        @JsonSetter(nulls = Nulls.SET)
        BenchRow.@Nullable WarmUp warmUp();

        @JsonSetter(nulls = Nulls.SET)
        BenchRow.@Nullable Extrapolation extrapolation();
    }

    /// Percentiles that too few samples do not know.
    private interface NullablePercentiles {
        @JsonSetter(nulls = Nulls.SET)
        @Nullable
        Double p90();

        @JsonSetter(nulls = Nulls.SET)
        @Nullable
        Double p99();

        @JsonSetter(nulls = Nulls.SET)
        @Nullable
        Double p999();
    }

    /// Loads that were not asked for.
    private interface NullableLoads {
        @JsonSetter(nulls = Nulls.SET)
        BenchRow.@Nullable Sessions sessions();

        @JsonSetter(nulls = Nulls.SET)
        BenchRow.@Nullable OpenLoop openLoop();
    }

    /// What not every engine counts.
    private interface NullableCountedBytes {
        @JsonSetter(nulls = Nulls.SET)
        @Nullable
        Long countedBytes();
    }

    /// What may be null in the check of a row.
    private interface NullableComparisons {
        @JsonSetter(nulls = Nulls.SET)
        @Nullable
        BudgetUse reference();

        @JsonSetter(nulls = Nulls.SET)
        @Nullable
        BudgetUse timed();

        @JsonSetter(nulls = Nulls.SET)
        @Nullable
        String logitsSha256();

        @JsonSetter(nulls = Nulls.SET)
        @Nullable
        String message();
    }

    /// What may be null in the comparison of a metric.
    private interface NullableReasons {
        @JsonSetter(nulls = Nulls.SET)
        @Nullable
        String reason();

        @JsonSetter(nulls = Nulls.SET)
        @Nullable
        String known();
    }

    /// What may be null in a shift.
    private interface NullableReason {
        @JsonSetter(nulls = Nulls.SET)
        @Nullable
        String known();
    }

    /// The smallest change that could have been told is written for readers of the file.
    private interface DerivedDetectable {
        @JsonProperty(access = JsonProperty.Access.READ_ONLY)
        double detectable();
    }

    /// The share used is written for readers of the file; reading computes it anew.
    private interface DerivedUse {
        @JsonProperty(access = JsonProperty.Access.READ_ONLY)
        double used();
    }

    /// The entropy, likewise. Two derived values need an order: the methods of a class have none that lasts.
    @JsonPropertyOrder({"layer", "prompt", "tokens", "entropy_bits", "evenness"})
    private interface DerivedEntropy {
        @JsonProperty(access = JsonProperty.Access.READ_ONLY)
        double entropyBits();

        @JsonProperty(access = JsonProperty.Access.READ_ONLY)
        double evenness();
    }
}
