package dev.assay.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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
