package dev.assay.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NamesTest {
    private static final List<String> NAMES = List.of("deepseek-v3", "kimi-k2", "llama3", "qwen3");

    @ParameterizedTest
    @CsvSource({
        "qwen, qwen3",
        "Qwen3, qwen3",
        "lama3, llama3",
        "deepseekv3, deepseek-v3",
        "kimi, kimi-k2",
        "seek, deepseek-v3"
    })
    void suggestsTheNameThatWasProbablyMeant(String given, String meant) {
        assertThat(Names.closest(given, NAMES)).contains(meant);
    }

    @ParameterizedTest
    @CsvSource({"gpt2", "x", "''", "mistral"})
    void suggestsNothingForAnotherName(String given) {
        assertThat(Names.closest(given, NAMES)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"DeepSeek V3, deepseek-v3", "DEEPSEEK_V3, deepseek-v3", "Kimi.K2, kimi-k2", "Qwen-3, qwen3"})
    void forgivesCaseAndPunctuation(String given, String meant) {
        assertThat(Names.find(given, NAMES)).contains(meant);
        assertThat(Names.require("engine", given, NAMES)).isEqualTo(meant);
    }

    @ParameterizedTest
    @ValueSource(strings = {"./qwen3", "some/qwen3", "C:\\qwen3", "qwen3/", "qwen", "qwen33", ""})
    void takesNothingElseForAName(String given) {
        assertThat(Names.find(given, NAMES)).isEmpty();
    }

    @Test
    void theNameItselfGoesBeforeOneLikeIt() {
        assertThat(Names.find("qwen-3", List.of("qwen3", "qwen-3"))).contains("qwen-3");
    }

    @Test
    void acceptsAValidName() {
        assertThat(Names.require("engine", "qwen3", NAMES)).isEqualTo("qwen3");
    }

    @Test
    void listsWhatIsValid() {
        assertThatThrownBy(() -> Names.require("engine", "qwen", NAMES))
                .isInstanceOf(UsageException.class)
                .hasMessage(
                        "no engine is named 'qwen'; did you mean qwen3?\nengines: deepseek-v3, kimi-k2, llama3, qwen3");
        assertThatThrownBy(() -> Names.require("engine", "qwen", List.of()))
                .hasMessage("no engine is named 'qwen'\nengines: none");
    }

    @Test
    void breaksLongLists() {
        List<String> many = IntStream.range(100, 150).mapToObj(i -> "case-" + i).toList();
        assertThat(Names.listing("cases", many).lines())
                .allMatch(line -> line.length() <= 100)
                .hasSizeGreaterThan(5);
    }
}
