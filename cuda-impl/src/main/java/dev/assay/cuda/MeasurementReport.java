package dev.assay.cuda;

import dev.assay.cuda.driver.Device;
import dev.assay.cuda.stage.Runner;
import dev.assay.engine.EngineInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// What [Measurement] has found so far, as JSON for programs and Markdown for people.
///
/// @param engine that was measured
/// @param images of the kernels, as [dev.assay.cuda.driver.KernelImage#inUse] says
/// @param readRate bytes a second at which one product reads weights
/// @param failures names of shapes with what went wrong
record MeasurementReport(
        EngineInfo engine,
        Device device,
        String images,
        Measurement.Settings settings,
        double readRate,
        List<Row> rows,
        List<String> failures) {
    private static final JsonMapper JSON =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    MeasurementReport {
        rows = List.copyOf(rows);
        failures = List.copyOf(failures);
    }

    /// A shape that was measured.
    ///
    /// @param name of the configuration's file
    /// @param bytes that a step must read at least
    /// @param decode milliseconds a token, one for each repetition; and so `streamed`
    /// @param prefill of the whole prompt; empty if it was left out
    /// @param agreeing greedy tokens of the steps that a prefill predicts too
    /// @param sameBits steps whose logits are the same, bit by bit, with kernels one after another
    /// @param profile of a step
    record Row(
            String name,
            long bytes,
            Agreement agreement,
            double[] decode,
            double[] streamed,
            Optional<Prefill> prefill,
            int agreeing,
            int sameBits,
            List<Runner.StageTime> profile) {}

    /// A prompt.
    ///
    /// @param times milliseconds, one for each repetition
    /// @param profile of its first pass
    record Prefill(double[] times, List<Runner.StageTime> profile) {}

    /// Writes `cuda.json` and `cuda.md`.
    ///
    /// @throws IOException if a file cannot be written
    void write(Path folder) throws IOException {
        Files.writeString(folder.resolve("cuda.json"), json());
        Files.writeString(folder.resolve("cuda.md"), markdown());
    }

    // --------------------------------------------------------------------------------------------------------- JSON

    private String json() {
        ObjectNode json = JSON.createObjectNode()
                .put("engine", engine.title())
                .put("device", device.name())
                .put("driver_cuda", device.driverVersion())
                .put("images", images)
                .put("clock_mhz", device.clockMegahertz())
                .put("overlapping_kernels", device.overlaps())
                .put("activations", activations())
                .put("read_bytes_per_second", readRate)
                .put("repeats", settings.repeats())
                .put("decode_from_position", settings.start())
                .put("prefill_tokens", settings.prompt());
        ArrayNode array = json.putArray("rows");
        rows.forEach(row -> put(row, array.addObject()));
        put(json.putArray("failures"), failures);
        return JSON.writeValueAsString(json) + "\n";
    }

    private void put(Row row, ObjectNode json) {
        json.put("shape", row.name()).put("bytes_per_token", row.bytes());
        put(row.agreement(), json.putObject("check"));
        put(json.putArray("decode_ms"), row.decode());
        put(json.putArray("streamed_ms"), row.streamed());
        row.prefill()
                .ifPresentOrElse(
                        prefill -> {
                            put(json.putArray("prefill_ms"), prefill.times());
                            putProfile(json.putArray("prefill_profile"), prefill.profile());
                        },
                        () -> json.putNull("prefill_ms"));
        json.put("agreeing", row.agreeing())
                .put("same_bits_one_by_one", row.sameBits())
                .put("steps", settings.steps());
        putProfile(json.putArray("profile"), row.profile());
    }

    private static void putProfile(ArrayNode json, List<Runner.StageTime> profile) {
        for (Runner.StageTime time : profile) {
            json.addObject()
                    .put("launch", time.kind())
                    .put("count", time.count())
                    .put("each_us", time.microseconds());
        }
    }

    private static void put(Agreement agreement, ObjectNode json) {
        switch (agreement) {
            case Agreement.Compared compared -> {
                json.put("engine", compared.engine())
                        .put("kv_cache", compared.kvCache().name().toLowerCase(Locale.ROOT))
                        .put("tokens", compared.tokens());
                put(compared.prefill(), json.putObject("prefill"));
                put(compared.decode(), json.putObject("decode"));
            }
            case Agreement.NotChecked(String reason) -> json.put("not_checked", reason);
        }
    }

    private static void put(Agreement.Distance distance, ObjectNode json) {
        json.put("rms_per_deviation", distance.rms())
                .put("max_per_deviation", distance.max())
                .put("same_argmax", distance.sameArgmax());
    }

    private static void put(ArrayNode json, double[] values) {
        Arrays.stream(values).forEach(json::add);
    }

    private static void put(ArrayNode json, List<String> values) {
        values.forEach(json::add);
    }

    /// Those of many tokens.
    private String activations() {
        return engine.compute().name().toLowerCase(Locale.ROOT);
    }

    // ----------------------------------------------------------------------------------------------------- Markdown

    private String markdown() {
        StringBuilder text = new StringBuilder(String.format(
                Locale.ROOT,
                "%s; %s, driver for CUDA %s, up to %d MHz; kernels are %s; one product reads %.0f GB/s; medians of"
                        + " %d.%n%n"
                        + "| shape | decode, device | spread | of read rate | decode, streamed"
                        + " | prefill %d, %s activations | greedy | same bits one by one |%n"
                        + "|---|---:|---:|---:|---:|---:|---:|---:|%n",
                engine.title(),
                device.name(),
                device.driverVersion(),
                device.clockMegahertz(),
                images,
                readRate / 1e9,
                settings.repeats(),
                settings.prompt(),
                activations()));
        for (Row row : rows) {
            double decode = median(row.decode());
            text.append(String.format(
                    Locale.ROOT,
                    "| %s | %.1f tok/s | %.2f %% | %.1f %% | %.1f tok/s | %s | %d of %d | %d of %d |%n",
                    row.name(),
                    1000 / decode,
                    spread(row.decode()),
                    100 * row.bytes() / (decode / 1000) / readRate,
                    1000 / median(row.streamed()),
                    row.prefill()
                            .map(prefill -> String.format(
                                    Locale.ROOT, "%.0f tok/s", 1000 * settings.prompt() / median(prefill.times())))
                            .orElse("–"),
                    row.agreeing(),
                    settings.steps(),
                    row.sameBits(),
                    settings.steps()));
        }
        text.append("""

                Logits beside another engine's, in standard deviations of them:

                | shape | engine, cache | prefill: rms, max, same argmax | decode: rms, max, same argmax |
                |---|---|---:|---:|
                """);
        rows.forEach(row -> text.append("| " + row.name() + " | " + cells(row.agreement()) + " |\n"));
        for (Row row : rows) {
            appendProfile(text, row.name(), "a step", row.profile());
            row.prefill().ifPresent(prefill -> appendProfile(text, row.name(), "a prefill", prefill.profile()));
        }
        failures.forEach(failure -> text.append("\nnot measured: " + failure + "\n"));
        return text.toString();
    }

    private static void appendProfile(StringBuilder text, String name, String of, List<Runner.StageTime> profile) {
        text.append("\n" + name + ", where " + of).append("""
                's time goes, kinds of launches by themselves:

                | launch | number | each | together |
                |---|---:|---:|---:|
                """);
        for (Runner.StageTime time : profile) {
            text.append(String.format(
                    Locale.ROOT,
                    "| %s | %d | %.2f us | %.1f us |%n",
                    time.kind(),
                    time.count(),
                    time.microseconds(),
                    time.count() * time.microseconds()));
        }
    }

    private static String cells(Agreement agreement) {
        return switch (agreement) {
            case Agreement.Compared compared ->
                compared.engine() + ", " + compared.kvCache() + " | " + cell(compared.prefill(), compared.tokens())
                        + " | " + cell(compared.decode(), compared.tokens());
            case Agreement.NotChecked(String reason) -> "not checked: " + reason + " | – | –";
        };
    }

    private static String cell(Agreement.Distance distance, int tokens) {
        return String.format(
                Locale.ROOT, "%.1e, %.1e, %d of %d", distance.rms(), distance.max(), distance.sameArgmax(), tokens);
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }

    /// Half the distance between the extremes, in percent of the median.
    private static double spread(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return 50 * (sorted[sorted.length - 1] - sorted[0]) / median(values);
    }
}
