package dev.assay.report.render;

import static dev.assay.report.render.Markup.elements;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;

class LineUpTest {
    private static final List<Integer> CONTEXTS = List.of(1024, 4096);
    private static final ModelFacts DENSE = model("dense", 600, 450, "0.6k", true, 1_000, 4_000);
    private static final ModelFacts EXPERTS =
            model("experts", 671_000_000_000L, 37_000_000_000L, "37B", true, 250, 250);
    private static final ModelFacts SHORT =
            new ModelFacts("short", "gpt2", 8, 8, List.of(OptionalLong.of(500), OptionalLong.empty()), "", true);
    private static final ModelFacts OTHERS =
            new ModelFacts("others", "", 9, 3, List.of(OptionalLong.empty(), OptionalLong.empty()), "9", false);
    private static final List<ModelFacts> MODELS = List.of(DENSE, EXPERTS, SHORT, OTHERS);
    private static final LineUp LINE_UP = new LineUp(MODELS, CONTEXTS, "bf16", "./assay facts --report out");

    private static ModelFacts model(
            String name, long parameters, long active, String vendor, boolean counted, long... bytes) {
        return new ModelFacts(
                name,
                "qwen3",
                parameters,
                active,
                Arrays.stream(bytes).mapToObj(OptionalLong::of).toList(),
                vendor,
                counted);
    }

    /// Widths of the bars in a cell or row, in percent.
    private static List<Double> bars(Element in) {
        return elements(in, "rect").stream()
                .filter(rect -> rect.getAttribute("class").startsWith("fill"))
                .map(rect -> Double.valueOf(rect.getAttribute("width").replace("%", "")))
                .toList();
    }

    /// Every number stands in the row of its model, and every bar has the length that its number says.
    @Test
    void aRowIsWhatIsKnownOfItsModel() throws Exception {
        List<Element> rows = rows(Markup.parse(LINE_UP.html()));
        assertThat(rows).hasSameSizeAs(MODELS);
        for (int m = 0; m < MODELS.size(); m++) {
            ModelFacts model = MODELS.get(m);
            List<Element> cells = elements(rows.get(m), "td");
            assertThat(elements(rows.get(m), "th").getFirst().getTextContent())
                    .isEqualTo(model.name() + " " + model.architecture());
            assertThat(cells).hasSize(3 + CONTEXTS.size() + 1);
            assertThat(cells.get(0).getTextContent()).endsWith(exactly(model.parameters()));
            assertThat(cells.get(1).getTextContent()).endsWith(exactly(model.active()));
            double share = (double) model.active() / model.parameters();
            assertThat(cells.get(2).getTextContent().strip()).isEqualTo(Figures.percent(share));
            assertThat(bars(cells.get(2)).getFirst()).isCloseTo(100 * share, offset(0.005));
            for (int c = 0; c < CONTEXTS.size(); c++) {
                Element cache = cells.get(3 + c);
                OptionalLong bytes = model.cacheBytes().get(c);
                if (bytes.isEmpty()) {
                    assertThat(cache.getTextContent()).isEqualTo("–");
                    assertThat(bars(cache)).isEmpty();
                } else {
                    assertThat(cache.getTextContent()).endsWith(exactly(bytes.getAsLong()));
                    long most = c == 0 ? 1_000 : 4_000;
                    assertThat(bars(cache).getFirst()).isCloseTo(100.0 * bytes.getAsLong() / most, offset(0.005));
                }
            }
            assertThat(cells.getLast().getTextContent()).startsWith(model.vendor());
            assertThat(cells.getLast().getTextContent().contains("not counted by Assay"))
                    .isNotEqualTo(model.counted());
        }
    }

    private static List<Element> rows(Document page) {
        return elements((Element) page.getElementsByTagName("tbody").item(0), "tr");
    }

    private static String exactly(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }

    @Test
    void saysHowItWasMadeAndWhatTheColumnsAre() throws Exception {
        Document page = Markup.parse(LINE_UP.html());
        assertThat(Markup.text(page)).contains("./assay facts --report out", "one sequence holds in bf16");
        assertThat(elements((Element) page.getElementsByTagName("thead").item(0), "th").stream()
                        .map(Element::getTextContent))
                .contains("KV at 1,024", "KV at 4,096");
    }

    @Test
    void nothingIsLoaded() throws Exception {
        String html = LINE_UP.html();
        assertThat(html).doesNotContain("http:", "https:", "url(", "@import", "src=", "href=\"h");
        assertThat(Markup.policy(html)).isEqualTo(Markup.closedPolicy(html));
    }

    @Test
    void textsOfConfigurationsStayTexts() throws Exception {
        ModelFacts evil =
                new ModelFacts(Reports.EVIL, Reports.EVIL, 9, 3, List.of(OptionalLong.of(1)), Reports.EVIL, true);
        String html = new LineUp(List.of(evil), List.of(1), "bf16", Reports.EVIL).html();
        assertThat(html).doesNotContain("<script>alert", "<img");
        assertThat(Markup.text(Markup.parse(html))).contains("<script>alert(1)</script>", "{{verdict}}");
    }

    /// A bar has twenty characters, as many full as the share says.
    @Test
    void markdownHasTheSameFigures() {
        assertThat(LINE_UP.markdown())
                .contains(
                        "| model | parameters | active | share |  | KV at 1,024 | KV at 4,096 |\n",
                        "| dense | 600 | 450 | 75.0 % | " + "█".repeat(15) + "░".repeat(5) + " | 1,000 | 4,000 |\n",
                        "| experts | 671,000,000,000 | 37,000,000,000 | 5.5 % | █" + "░".repeat(19)
                                + " | 250 | 250 |\n",
                        "| short | 8 | 8 | 100.0 % | " + "█".repeat(20) + " | 500 | – |\n",
                        "| others * | 9 | 3 | 33.3 % | ",
                        "the figures are others' counts");
        assertThat(new LineUp(List.of(DENSE), CONTEXTS, "bf16", "c").markdown()).doesNotContain("others'");
    }

    @Test
    void refusesWhatCannotBe() {
        assertThatThrownBy(() -> new LineUp(MODELS, List.of(1), "bf16", "c"))
                .hasMessage("dense: 2 sizes for 1 contexts");
        assertThatThrownBy(() -> model("more", 5, 6, "", true)).hasMessage("more: 6 of 5 parameters active");
        assertThatThrownBy(() -> model("none", 5, 0, "", true)).isInstanceOf(IllegalArgumentException.class);
    }
}
