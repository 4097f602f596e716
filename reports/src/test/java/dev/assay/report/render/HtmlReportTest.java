package dev.assay.report.render;

import static dev.assay.report.render.Markup.elements;
import static dev.assay.report.render.Markup.parse;
import static dev.assay.report.render.Markup.text;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.w3c.dom.Document;
import org.w3c.dom.Element;

class HtmlReportTest {
    @ParameterizedTest
    @EnumSource(Reports.class)
    void isWellFormedAndLinksOnlyWithinItself(Reports of) throws Exception {
        List<Element> elements = elements(parse(HtmlReport.render(of.report())));
        List<String> ids = elements.stream()
                .map(element -> element.getAttribute("id"))
                .filter(id -> !id.isEmpty())
                .toList();

        assertThat(ids).doesNotHaveDuplicates().contains("main", "verdict", "environment");
        for (Element element : elements) {
            assertThat(element.hasAttribute("src")).as("src of %s", element).isFalse();
            assertThat(element.hasAttribute("style")).as("style of %s", element).isFalse();
            assertThat(element.getTagName()).isNotIn("link", "img", "iframe", "object", "embed", "base");
            if (element.hasAttribute("href")) {
                assertThat(element.getAttribute("href")).startsWith("#");
                assertThat(ids).contains(element.getAttribute("href").substring(1));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Reports.class)
    void saysTheVerdictFirst(Reports of) throws Exception {
        Document page = parse(HtmlReport.render(of.report()));
        Element main = (Element) page.getElementsByTagName("main").item(0);
        assertThat(main.getElementsByTagName("h1").item(0).getTextContent()).contains(Figures.title(of.report()));
        assertThat(elements(page).stream().filter(e -> e.getTagName().equals("h1")))
                .hasSize(1);
    }

    /// Style and script load nothing either, and the browser is told to refuse all else.
    @Test
    void nothingIsLoaded() throws Exception {
        String html = HtmlReport.render(Reports.PASSED.report());

        assertThat(html).doesNotContain("http:", "https:", "url(", "@import");
        assertThat(Markup.policy(html)).isEqualTo(Markup.closedPolicy(html));
    }

    @Test
    void textsOfEnginesStayTexts() throws Exception {
        String html = HtmlReport.render(Reports.HOSTILE.report());
        Document page = parse(html);

        assertThat(html).doesNotContain("<script>alert", "<img");
        assertThat(Markup.OWN.matcher(html).results()).hasSize(2);
        assertThat(text(page)).contains("<script>alert(1)</script>", "{{verdict}}");
    }

    @Test
    void everyFailureHasItsPlaceAndItsCommand() throws Exception {
        String text = text(parse(HtmlReport.render(Reports.MIXED.report())));
        assertThat(text)
                .contains(
                        "reference on qwen3-base, token-by-token",
                        "First divergence: layer 1, attention_input.1, prompt len37, token 17, channel 3",
                        "./assay verify --engine reference --case qwen3-base",
                        "config.json: digest differs",
                        "CAPABILITY LIE",
                        "1,924 counted, 1,920 by formula");
    }

    @Test
    void drawsTheErrorAlongTheComputation() throws Exception {
        Document page = parse(HtmlReport.render(Reports.MIXED.report()));
        List<Element> plots = elements(page).stream()
                .filter(element -> element.getAttribute("class").equals("plot"))
                .toList();

        assertThat(plots).hasSize(1);
        assertThat(plots.getFirst().getAttribute("aria-label")).contains("reference 37,500,000 %");
        assertThat(plots.getFirst().getElementsByTagName("circle").getLength()).isEqualTo(3);
    }

    @Test
    void showsFiguresOfMeasurementsAndNoneOfAWrongOne() throws Exception {
        String text = text(parse(HtmlReport.render(Reports.BENCH.report())));
        assertThat(text)
                .contains(
                        "320",
                        "310 to 330",
                        "60.0 %",
                        "p99 44.3",
                        "132 MB = formula",
                        "deepseek-v3 fp8, 4 of 61 layers",
                        "Roofline",
                        "Time to first token, ms",
                        "max of 3 1,650",
                        "open loop, 10 requests at 0.25/s",
                        "1.30 GFLOP",
                        "0.00015 %, 195 latencies of 50.0 ns",
                        "2 sessions in turn, 27.0 tokens/s in all",
                        "Extrapolated, not measured",
                        "0.75 (0.50 to 1.00)",
                        "the check run is off the reference");
        assertThat(text(parse(HtmlReport.render(Reports.BENCH_WRONG.report())))).doesNotContain("Roofline", "p99");
    }

    @Test
    void showsComparisonsAndWhereTheHistoryChanged() throws Exception {
        Document page = parse(HtmlReport.render(Reports.COMPARED.report()));
        assertThat(text(page))
                .contains(
                        "Slower than the baseline",
                        "5 metrics: 1 FASTER, 2 SLOWER, 1 EQUIVALENT, 1 INCONCLUSIVE; 1 slowdown in the history",
                        "0.880 to 0.920",
                        "the machine itself changed",
                        "known: checks bounds",
                        "0.900 of the speed before, since commit-5");
        List<Element> histories = elements(page).stream()
                .filter(element -> element.getAttribute("aria-label").startsWith("10 commits, from "))
                .toList();
        assertThat(histories).hasSize(2).allSatisfy(plot -> {
            assertThat(plot.getElementsByTagName("circle").getLength()).isEqualTo(10);
            assertThat(plot.getAttribute("aria-label")).endsWith("1 change of level");
        });
    }
}
