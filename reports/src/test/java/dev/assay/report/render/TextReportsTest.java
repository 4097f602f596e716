package dev.assay.report.render;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assay.report.CheckResult;
import dev.assay.report.Outcome;
import dev.assay.report.Report;
import dev.assay.report.ReportJson;
import dev.assay.report.Samples;
import dev.assay.report.SpeedComparison;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Markdown, CSV and the folder of all.
class TextReportsTest {
    @TempDir
    private Path folder;

    @ParameterizedTest
    @EnumSource(Reports.class)
    void theFolderHoldsTheReportInEveryForm(Reports of) throws IOException {
        ReportFolder.write(of.report(), folder.resolve("out"));
        try (Stream<Path> files = Files.list(folder.resolve("out"))) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder(
                            "report.json", "report.html", "report.md", "junit.xml", "report.sarif", "report.csv");
        }
        assertThat(ReportJson.read(folder.resolve("out/report.json"))).isEqualTo(of.report());
        assertThat(folder.resolve("out/report.html")).hasContent(HtmlReport.render(of.report()));
    }

    @Test
    void markdownOfAVerification() {
        assertThat(MarkdownReport.render(Samples.report(
                        Samples.passed("reference", "one-shot"), Samples.failed("vector", "token-by-token"))))
                .isEqualTo("""
                        ## ✗ Assay: Not conformant

                        2 checks: 1 PASS, 1 FAIL

                        ` ./assay verify `

                        evidence on ` reference `: full logits with taps

                        evidence on ` vector `: full logits with taps

                        | architecture | ` reference ` | ` vector ` |
                        | --- | --- | --- |
                        | ` qwen3 ` | ✓ 1 passed, budget 50.0 % | ✗ 1 failed, budget 37,500,000 % |

                        Budget is the largest share of the allowed difference used.

                        **FAIL** ` vector qwen3-base token-by-token `

                        ```text
                        first divergence: layer 1, attention_input.1, prompt len37, token 17, channel 3: expected 0.1, actual -2.5, 123,450 % of the budget there
                        ./assay verify --engine vector --case qwen3-base
                        ```

                        <sub>Assay 0.1.0, Some CPU &#64; 2.50GHz, 2 processors, Java 25.0.3&#43;9-LTS, Linux 6.1, 2026-11-23T10:15:30Z, 1.23 s</sub>
                        """);
    }

    @Test
    void markdownOfMeasurements() {
        assertThat(MarkdownReport.render(Reports.BENCH.report()))
                .contains(
                        "| ` vector ` | ` qwen3-0.6b bf16 ` | 2 | ✓ PASS | 320 (310 to 330) | 60.0 % | 25.0 (24.5 to 25.5)"
                                + " | 90.0 % | 1,600 | 40.0 | 39.5 / 44.3 / 51.0 | = 132,120,576 |\n",
                        "| ✗ FAIL |  |  |  |  |  |  |  |  |\n",
                        "| ` vector ` | ` qwen3-0.6b bf16 ` | 1.25 GB | 1.30 GFLOP | 608 kB | = 596,049,920 | 2.00 GB"
                                + " | 1.50 GB | 0.00015 % |\n",
                        "\nExtrapolated, not measured: ` vector ` on all 61 layers of ` deepseek-v3 `: decode 0.75"
                                + " (0.50 to 1.00), prefill 3.50 (3.25 to 3.75) tokens/s. Seconds of a token");
    }

    /// Beside the lines of a fence that is longer than any within, the text of an engine is never markup.
    @Test
    void markdownKeepsTextsOfEnginesInCode() {
        String text = MarkdownReport.render(Reports.HOSTILE.report());
        assertThat(text.lines().filter(line -> line.startsWith("| ")))
                .allSatisfy(line -> assertThat(
                                Pattern.compile("(?<!\\\\)\\|").matcher(line).results())
                        .as(line)
                        .hasSize(4));
        String outsideOfBlocks = text.replaceAll("(?s)```text\n.*?\n```\n", "");
        assertThat(outsideOfBlocks.replaceAll("(`+) .*? \\1(?!`)", "")).doesNotContain("<script", "@team", "[link]");
    }

    @Test
    void markdownStaysShort() {
        CheckResult[] failures = IntStream.range(0, 100)
                .mapToObj(i -> Samples.failed("vector", "check-" + i))
                .toArray(CheckResult[]::new);
        assertThat(MarkdownReport.render(Samples.report(failures)))
                .contains("` vector qwen3-base check-19 `", "80 more failures in report.html")
                .doesNotContain("check-20 ");
    }

    @Test
    void csvHasAsManyCellsInEveryLine() {
        for (Reports of : Reports.values()) {
            List<List<String>> lines = parse(CsvReport.render(of.report()));
            assertThat(lines)
                    .as(of.name())
                    .hasSize(1 + rows(of.report()))
                    .allSatisfy(line -> assertThat(line).hasSameSizeAs(lines.getFirst()));
        }
    }

    private static int rows(Report report) {
        SpeedComparison comparison = report.comparison();
        return comparison == null
                ? report.results().size() + report.bench().size()
                : comparison.metrics().size();
    }

    @Test
    void markdownOfAComparison() {
        assertThat(MarkdownReport.render(Reports.COMPARED.report()))
                .startsWith("## ✗ Assay: Slower than the baseline\n")
                .contains(
                        "| ` vector decode ` | ✗ SLOWER | 0.900 | 0.880 to 0.920 | 2.2 % | 0.995 to 1.010 |  |\n",
                        "| ` third decode ` | ! SLOWER |",
                        "` known: checks bounds ` |\n",
                        "- **slower**: ` vector decode ` at 0.900 of its speed since ` commit-5 `\n",
                        "- ` other decode ` at 0.900 of its speed since ` commit-5 `, known: ` checks bounds `\n");
    }

    @Test
    void csvKeepsTextsAndNumbers() {
        List<List<String>> lines = parse(CsvReport.render(Samples.report(
                Samples.passed("reference", "one-shot"),
                Samples.ended("vector", Outcome.ERROR, "=1+1, \"so\"\nit said"))));
        assertThat(lines.get(1)).startsWith("reference", "qwen3", "qwen3-base", "one-shot", "PASS", "12345", "0.5");
        assertThat(lines.get(2)).contains("ERROR", "'=1+1, \"so\"\nit said");
    }

    /// RFC 4180, read with as little as it needs.
    private static List<List<String>> parse(String csv) {
        List<List<String>> lines = new ArrayList<>();
        List<String> line = new ArrayList<>();
        StringBuilder cell = new StringBuilder();
        boolean quoted = false;
        for (int i = 0; i < csv.length(); i++) {
            char c = csv.charAt(i);
            if (c == '"') {
                if (quoted && i + 1 < csv.length() && csv.charAt(i + 1) == '"') {
                    cell.append(csv.charAt(++i));
                } else {
                    quoted = !quoted;
                }
            } else if (!quoted && (c == ',' || c == '\r')) {
                line.add(cell.toString());
                cell.setLength(0);
                if (c == '\r') {
                    lines.add(line);
                    line = new ArrayList<>();
                    i++; // the line feed
                }
            } else {
                cell.append(c);
            }
        }
        return lines;
    }
}
