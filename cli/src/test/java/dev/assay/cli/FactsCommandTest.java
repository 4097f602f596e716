package dev.assay.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class FactsCommandTest {
    private static final Path FACTS = Path.of("../golden-outputs/facts");

    @TempDir
    private Path folder;

    @Test
    void equalsTheIndependentCountOfEveryPublishedModel() throws IOException {
        JsonNode oracle = JsonMapper.shared().readTree(Files.readString(FACTS.resolve("facts.json")));
        JsonNode found = JsonMapper.shared().readTree(facts("--json").out());

        assertThat(found.propertyNames()).containsExactlyInAnyOrderElementsOf(oracle.propertyNames());
        int compared = 0;
        for (String model : oracle.propertyNames()) {
            JsonNode expected = oracle.path(model);
            JsonNode actual = found.path(model);
            assertThat(actual.at("/parameters/total")).as(model).isEqualTo(expected.at("/params/total"));
            assertThat(actual.at("/parameters/active/excluding_input_embedding").asLong())
                    .as(model)
                    .isEqualTo(expected.at("/active/B_excl_input_embedding").asLong());
            if (expected.has("facts_only")) {
                assertThat(actual.path("facts_only").asString()).isNotBlank();
                assertThat(actual.has("kv_cache")).isFalse();
                continue;
            }
            compared++;
            assertThat(actual.at("/parameters/active/all").asLong())
                    .as(model)
                    .isEqualTo(expected.at("/active/A_all_incl_both_embeddings").asLong());
            assertThat(actual.at("/parameters/active/excluding_embeddings").asLong())
                    .as(model)
                    .isEqualTo(expected.at("/active/C_excl_both_embeddings").asLong());
            assertThat(actual.at("/kv_cache/bytes_at/131072"))
                    .as(model)
                    .isEqualTo(expected.at("/kv_cache/bytes_at_131072"));
        }
        assertThat(compared).isEqualTo(33);
    }

    @Test
    void forgivesCaseAndPunctuation() {
        CommandRun run = facts("DeepSeek_V3", "--json");

        assertThat(run.exitCode()).isZero();
        JsonNode facts = JsonMapper.shared().readTree(run.out());
        assertThat(facts.at("/parameters/total").asLong()).isEqualTo(671_026_404_352L);
        assertThat(facts.at("/moe/top_k").asInt()).isEqualTo(8);
        assertThat(facts.at("/vendor/matching/0").asString()).isEqualTo("excluding_input_embedding");
    }

    @Test
    void countsAnyConfigAtTheContextsAndTypeAskedFor() throws IOException {
        Path config = Files.copy(FACTS.resolve("configs").resolve("qwen3-0.6b.json"), folder.resolve("config.json"));
        JsonNode f32 = JsonMapper.shared()
                .readTree(facts(config.toString(), "--context", "100,7", "--kv-dtype", "f32", "--json")
                        .out());

        assertThat(f32.at("/kv_cache/bytes_at/7").asLong()).isEqualTo(7L * 28 * 2 * 8 * 128 * 4);
        assertThat(f32.at("/kv_cache/bytes_at/100").asLong()).isEqualTo(100L * 28 * 2 * 8 * 128 * 4);
        assertThat(facts(folder.toString()).out()).contains("parameters.total", "596,049,920");
    }

    @Test
    void aTableShowsEveryModel() {
        String table = facts().out();

        assertThat(table.lines().filter(line -> line.matches("[a-z0-9.-]+ +[0-9,]+ .*")))
                .hasSize(58);
        assertThat(table)
                .containsPattern("deepseek-v3 +671,026,404,352 +36,625,603,584 +5\\.5% +287,834,112 .* 37B .*of 671B");
    }

    @Test
    void aContextThatAModelCannotHaveHasNoBytesAndAReason() {
        String table = facts("--context", "4096,1024").out();
        String card = facts("gpt2-124m", "--context", "1024,1025").out();

        assertThat(table)
                .containsPattern("MODEL +PARAMETERS +ACTIVE \\(B\\) +RATIO +KV @ 4096 +KV @ 1024 ")
                .containsPattern("gpt2-124m +124,439,808 +123,653,376 +99\\.4% +- +37,748,736  124M")
                .endsWith("\nExcept gpt2-124m: 1024 positions are learned, and there is none beyond.\n");
        assertThat(facts("--context", "1024").out()).doesNotContain("Except");
        assertThat(card)
                .containsPattern("kv_cache.bytes_at.1024 +37,748,736\n")
                .containsPattern("kv_cache.bytes_at.1025 +37,785,600\n")
                .containsPattern("kv_cache.unreachable +1024 positions are learned, and there is none beyond\n");
    }

    /// A folder of the same letters is not the model.
    @Test
    void aPathIsNoName() throws IOException {
        Path like = Files.createDirectories(folder.resolve("DeepSeek-V3"));
        Files.copy(FACTS.resolve("configs").resolve("qwen3-0.6b.json"), like.resolve("config.json"));

        assertThat(facts(like.toString()).out()).contains("596,049,920");
    }

    @Test
    void anUnknownModelIsAUsageError() {
        CommandRun run = facts("qwen3-0.7b");

        assertThat(run.exitCode()).isEqualTo(64);
        assertThat(run.err()).contains("neither a published model nor a config.json; did you mean qwen3-0.6b?");
    }

    @Test
    void aContextOfNothingIsAUsageError() {
        assertThat(facts("qwen3-0.6b", "--context", "0").exitCode()).isEqualTo(64);
        assertThat(facts("qwen3-0.6b", "--kv-dtype", "f4").exitCode()).isEqualTo(64);
    }

    /// The page and the table hold the numbers of `--json`, which the first test compares with an independent
    /// count.
    @Test
    void theReportHoldsTheFactsOfEveryModel() throws IOException {
        CommandRun run = facts("--report", folder.resolve("out").toString(), "--context", "1024,131072");
        String html = Files.readString(folder.resolve("out/facts.html"));
        String markdown = Files.readString(folder.resolve("out/facts.md"));
        JsonNode all = JsonMapper.shared()
                .readTree(facts("--json", "--context", "1024,131072").out());

        assertThat(run.exitCode()).isZero();
        assertThat(run.out()).isEqualTo("report: " + folder.resolve("out/facts.html") + "\n");
        assertThat(html)
                .contains("default-src &#x27;none&#x27;", "./assay facts --report " + folder.resolve("out"))
                .doesNotContain("http:", "https:");
        for (String model : all.propertyNames()) {
            JsonNode facts = all.path(model);
            String total = counted(facts.at("/parameters/total"));
            String active = counted(facts.at("/parameters/active/excluding_input_embedding"));
            JsonNode caches = facts.at("/kv_cache/bytes_at");
            // A model with learned positions has no cache beyond them, and one that is facts only has none.
            boolean unreachable = facts.at("/kv_cache").has("unreachable");
            String small = caches.isMissingNode() ? "–" : counted(caches.path("1024"));
            String large = caches.isMissingNode() || unreachable ? "–" : counted(caches.path("131072"));

            assertThat(markdown.lines())
                    .as(model)
                    .filteredOn(line -> line.startsWith("| " + model + " |") || line.startsWith("| " + model + " * |"))
                    .singleElement()
                    .asString()
                    .contains("| " + total + " | " + active + " |")
                    .endsWith("| " + small + " | " + large + " |");
            assertThat(html.split("<tr>"))
                    .as(model)
                    .filteredOn(row -> row.contains("<th scope=\"row\">" + model + " <"))
                    .singleElement()
                    .asString()
                    .contains("<small>" + total + "</small>", "<small>" + active + "</small>")
                    .contains(small, large);
        }
        assertThat(markdown.lines().filter(line -> line.startsWith("| ")))
                .hasSize(1 + all.propertyNames().size());
    }

    private static String counted(JsonNode number) {
        return String.format(Locale.ROOT, "%,d", number.asLong());
    }

    @Test
    void theReportIsOfAllModels() {
        String out = folder.resolve("out").toString();

        assertThat(facts("--report", out, "--json").err())
                .contains("--report: expected alone", "found --json beside it");
        assertThat(facts("qwen3-0.6b", "--report", out).err()).contains("found qwen3-0.6b beside it");
        assertThat(facts("qwen3-0.6b", "--report", out).exitCode()).isEqualTo(64);
        assertThat(folder.resolve("out")).doesNotExist();
    }

    private static CommandRun facts(String... args) {
        String[] all = new String[args.length + 1];
        all[0] = "facts";
        System.arraycopy(args, 0, all, 1, args.length);
        return CommandRun.of(List.of(), GoldenSource.ofInstallation(), all);
    }
}
