package dev.assay.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvFileSource;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class HfConfigReaderTest {
    /// Each row changes one value of a published file: `model | key | JSON or absent | complaint`.
    @ParameterizedTest(name = "{0}: {1} = {2}")
    @CsvFileSource(resources = "refused.psv", delimiter = '|', quoteCharacter = '`')
    void contradictionIsRefusedWithKeyValueAndRule(String model, String key, String value, String complaint) {
        assertRefused(Configs.with(Configs.published(model), key, value), "test.json: " + complaint);
    }

    /// Each row changes one value of a published file into another that means the same.
    @ParameterizedTest(name = "{0}: {1} = {2}")
    @CsvFileSource(resources = "same.psv", delimiter = '|', quoteCharacter = '`')
    void otherSpellingMeansTheSame(String model, String key, String value) {
        String file = Configs.published(model);
        assertThat(Configs.parse(Configs.with(file, key, value))).isEqualTo(Configs.parse(file));
    }

    @ParameterizedTest
    @MethodSource("dev.assay.config.PublishedConfigTest#modelTypes")
    void keyThatNobodyKnowsIsRefused(String modelType) {
        assertRefused(
                Configs.with(Configs.minimal(modelType), "new_idea", "0.5"),
                "test.json: key \"new_idea\": found 0.5, expected no such key:"
                        + " what it means for this model_type is not known");
    }

    /// Gives every key of every published file a value that no key can mean. Keys that do not mind are the ignored
    /// ones, and these must be known by name.
    @Test
    void onlyTheseKeysOfPublishedFilesAreIgnored() {
        Set<String> ignored = new TreeSet<>();
        for (String model : PublishedConfigTest.models()) {
            String file = Configs.published(model);
            String modelType = Configs.JSON.readTree(file).get("model_type").stringValue();
            for (String key : Configs.JSON.readTree(file).propertyNames()) {
                try {
                    Configs.parse(Configs.with(file, key, "[[{}]]"));
                    ignored.add(modelType + " " + key);
                } catch (ConfigException read) {
                    assertThat(read).hasMessageContaining("key \"" + key + "\": found [[{}]], expected ");
                }
            }
        }
        assertThat(ignored)
                .containsExactlyElementsOf(
                        Configs.resource("ignored.txt").lines().toList());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
        ``                                  | found nothing, expected a JSON object
        {"model_type": "llama"              | not JSON: line 1, column
        {"model_type": "llama"} {}          | not JSON: line 1, column
        {"a": 1, "a": 2}                    | Duplicate
        {"model_type": "llama", 'a': 1}     | not JSON: line 1, column
        {"model_type": "llama", "a": Nan}   | not JSON: line 1, column
        []                                  | found a JSON ARRAY, expected a JSON object
        null                                | found a JSON NULL, expected a JSON object
        "llama"                             | found a JSON STRING, expected a JSON object
        {}                                  | key "model_type": found nothing, expected one of [
        {"model_type": 3}                   | key "model_type": found 3, expected a string
        {"model_type": "mamba"}             | key "model_type": found "mamba", expected one of [
        """)
    void whatIsNotAConfigIsRefused(String text, String complaint) {
        assertThatExceptionOfType(ConfigException.class)
                .isThrownBy(() -> Configs.parse(text))
                .withMessageStartingWith("test.json: ")
                .withMessageContaining(complaint);
    }

    @Test
    void modelTypesAreListedWhereOneIsUnknown() {
        assertThatExceptionOfType(ConfigException.class)
                .isThrownBy(() -> Configs.parse("{\"model_type\": \"mamba\"}"))
                .satisfies(e -> PublishedConfigTest.modelTypes()
                        .forEach(modelType -> assertThat(e).hasMessageContaining(modelType)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"[", "{\"a\":", "{\"model_type\":\"llama\",\"rope_scaling\":{\"a\":"})
    void deepNestingIsRefused(String opening) {
        assertThatExceptionOfType(ConfigException.class)
                .isThrownBy(() -> Configs.parse(opening.repeat(20_000)))
                .withMessageContaining("nesting depth");
    }

    @Test
    void numbersOfAnyLengthAreRefusedOrRead() {
        for (String number : new String[] {"9".repeat(900), "9".repeat(5000), "1e999999999", "-1e-999999999"}) {
            assertThatExceptionOfType(ConfigException.class)
                    .as(number)
                    .isThrownBy(
                            () -> Configs.parse("{\"model_type\": \"llama\", \"num_hidden_layers\": " + number + "}"));
        }
    }

    @Test
    void longFileIsRefused(@TempDir Path folder) throws IOException {
        String json = "{\"model_type\": \"llama\"" + " ".repeat(1 << 20) + "}";
        assertRefused(json, "test.json: longer than 1048576 bytes, expected a config.json");
        Path file = Files.writeString(folder.resolve("config.json"), json);
        assertThatExceptionOfType(ConfigException.class)
                .isThrownBy(() -> ModelConfig.read(file))
                .withMessage(file + ": longer than 1048576 bytes, expected a config.json");
    }

    @Test
    void fileIsReadAsItsTextIs(@TempDir Path folder) throws IOException {
        String json = Configs.published("qwen3-0.6b");
        Path file = Files.writeString(folder.resolve("config.json"), json);
        assertThat(ModelConfig.read(file)).isEqualTo(Configs.parse(json));
    }

    @Test
    void unreadableFileIsRefused(@TempDir Path folder) throws IOException {
        Path missing = folder.resolve("config.json");
        assertThatExceptionOfType(ConfigException.class)
                .isThrownBy(() -> ModelConfig.read(missing))
                .withMessage(missing + ": no such file");
        assertThatExceptionOfType(ConfigException.class)
                .isThrownBy(() -> ModelConfig.read(folder))
                .withMessageStartingWith(folder + ": cannot be read: ");
        Path latin1 = Files.write(
                folder.resolve("latin1.json"), "{\"model_type\": \"é\"}".getBytes(StandardCharsets.ISO_8859_1));
        assertThatExceptionOfType(ConfigException.class)
                .isThrownBy(() -> ModelConfig.read(latin1))
                .withMessage(latin1 + ": not JSON: not UTF-8");
    }

    private static void assertRefused(String json, String message) {
        assertThatExceptionOfType(ConfigException.class)
                .isThrownBy(() -> Configs.parse(json))
                .withMessage(message);
    }
}
