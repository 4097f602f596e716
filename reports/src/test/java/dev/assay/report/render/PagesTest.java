package dev.assay.report.render;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assay.report.BenchRow;
import dev.assay.report.BenchSamples;
import dev.assay.report.Report;
import dev.assay.report.ReportJson;
import dev.assay.report.Sweep;
import dev.assay.report.Sweep.Point;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Writes a page of every kind below `target/pages`, where the test in a browser finds them.
class PagesTest {
    private static final Path PAGES = Path.of("target/pages");

    /// Points of two settings, of which one failed and one was wrong.
    private static final Sweep SWEEP = new Sweep(
            "./assay bench --shape qwen3-0.6b --dtype {dtype} --threads {threads} --out {out}",
            List.of("threads", "dtype"),
            List.of(
                    new Point.Measured(List.of("1", "bf16"), List.of(BenchSamples.measured())),
                    new Point.Measured(List.of("2", "bf16"), List.of(BenchSamples.measured(), BenchSamples.slice())),
                    new Point.Measured(List.of("1", "f32"), List.of(BenchSamples.wrong())),
                    new Point.Failed(
                            List.of("2", "f32"), "exit code 137: " + "no report.json was written. ".repeat(6))));

    private static Path folder(String name) throws IOException {
        return Files.createDirectories(PAGES.resolve(name));
    }

    @ParameterizedTest
    @EnumSource(Reports.class)
    void ofReports(Reports of) throws IOException {
        Path folder = folder(of.name().toLowerCase(Locale.ROOT));
        Report report = of.report();
        ReportFolder.write(report, folder);

        assertThat(ReportJson.read(folder.resolve("report.json"))).isEqualTo(report);
        assertThat(folder.resolve("report.html")).hasContent(HtmlReport.render(report));
        assertThat(folder.resolve("report.md")).hasContent(MarkdownReport.render(report));
        assertThat(folder.resolve("junit.xml")).hasContent(JunitReport.render(report));
        assertThat(folder.resolve("report.sarif")).hasContent(SarifReport.render(report));
        assertThat(folder.resolve("report.csv")).hasContent(CsvReport.render(report));
    }

    @Test
    void ofASweep() throws Exception {
        Path folder = folder("sweep");
        SweepReport.write(SWEEP, folder);
        String html = Files.readString(folder.resolve("sweep.html"));

        int rows = 0;
        for (Point point : SWEEP.points()) {
            rows += switch (point) {
                case Point.Measured(List<String> _, List<BenchRow> measured) -> measured.size();
                case Point.Failed _ -> 1;
            };
        }
        assertThat(Markup.elements(Markup.parse(html).getDocumentElement(), "tr"))
                .hasSize(1 + rows);
        assertThat(html).contains("exit code 137").doesNotContain("http:", "https:", "url(", "@import");
        assertThat(Markup.policy(html)).isEqualTo(Markup.closedPolicy(html));
        assertThat(folder.resolve("sweep.csv")).hasContent(CsvReport.render(SWEEP));
    }

    /// As many models as are published, of sizes that differ as theirs do.
    @Test
    void ofALineUp() throws Exception {
        List<ModelFacts> models = new ArrayList<>();
        for (long i = 1; i <= 58; i++) {
            long parameters = 124_439_808L * i * i * i;
            boolean counted = i % 7 != 0;
            models.add(new ModelFacts(
                    "mixture-of-experts-" + i,
                    counted ? "qwen3moe" : "",
                    parameters,
                    parameters / (1 + i % 5),
                    List.of(
                            counted ? OptionalLong.of(37_748_736 * i) : OptionalLong.empty(),
                            counted && i != 1 ? OptionalLong.of(1_207_959_552 * i) : OptionalLong.empty()),
                    i + "B",
                    counted));
        }
        Path folder = folder("line-up");
        LineUp lineUp = new LineUp(models, List.of(4096, 131_072), "bf16", "./assay facts --report facts");
        lineUp.write(folder);

        assertThat(folder.resolve("facts.html")).hasContent(lineUp.html());
        assertThat(folder.resolve("facts.md")).hasContent(lineUp.markdown());
    }
}
