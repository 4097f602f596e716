package dev.assay.conformance.suite;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// `RULES.md` describes the rules that there are, in their order, and nothing else.
class RulesPageTest {
    private static final Path PAGE = Path.of("RULES.md");

    static List<Rule> rules() {
        return GoldenSuite.rules();
    }

    @Test
    void hasASectionForEveryRuleInTheOrderOfTheSuite() throws IOException {
        assertThat(Pattern.compile("(?m)^## (.*)$")
                        .matcher(Files.readString(PAGE))
                        .results()
                        .map((MatchResult match) -> match.group(1)))
                .containsExactlyElementsOf(GoldenSuite.checkIds());
    }

    @ParameterizedTest
    @MethodSource("rules")
    void eachSectionSaysEverything(Rule rule) throws IOException {
        String page = Files.readString(PAGE) + "\n## ";
        int start = page.indexOf("\n## " + rule.id() + "\n");
        String section = page.substring(start, page.indexOf("\n## ", start + 1));

        assertThat(Pattern.compile("(?m)^\\*\\*([A-Z][a-z ]+)\\.\\*\\* \\S")
                        .matcher(section)
                        .results()
                        .map(match -> match.group(1)))
                .containsExactly("Kind", "Problem", "Formula", "Why it goes wrong", "Example", "Tolerance");
        assertThat(section)
                .containsIgnoringCase("**Kind.** " + rule.kind().name().toLowerCase(Locale.ROOT));
    }
}
