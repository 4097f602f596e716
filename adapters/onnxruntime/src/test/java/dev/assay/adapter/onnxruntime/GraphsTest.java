package dev.assay.adapter.onnxruntime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.assay.golden.Goldens;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The committed graphs and the index that lists them.
class GraphsTest {
    private static final Path FOLDER = Path.of("src/main/resources/dev/assay/adapter/onnxruntime/graphs");

    static List<Graph> graphs() {
        return Graphs.bundled().all();
    }

    @ParameterizedTest
    @MethodSource("graphs")
    void aGraphIsTheOneThatTheIndexLists(Graph graph) {
        assertThat(Graphs.bundled().read(graph)).hasSizeBetween(1_000, 200_000);
    }

    @ParameterizedTest
    @MethodSource("graphs")
    void aGraphIsForTheConfigurationOfItsCase(Graph graph) {
        assertThat(graph.config()).isEqualTo(Goldens.configOf(graph.golden()));
    }

    @Test
    void everyArchitectureHasAGraph() {
        assertThat(graphs().stream().map(graph -> graph.config().architecture()).collect(Collectors.toSet()))
                .isEqualTo(Goldens.ids().stream()
                        .map(id -> Goldens.configOf(id).architecture())
                        .collect(Collectors.toSet()));
    }

    @Test
    void otherBytesAreRefused() {
        Graph graph = graphs().getFirst();
        Graph other = new Graph(graph.golden(), graph.config(), graph.file(), "0".repeat(64));

        assertThatThrownBy(() -> Graphs.bundled().read(other))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("graphs/%s: expected SHA-256 %s as in index.json, found %s"
                        .formatted(graph.file(), other.sha256(), graph.sha256()));
    }

    @Test
    void noOtherFileLiesInTheFolder() throws IOException {
        try (Stream<Path> files = Files.list(FOLDER)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrderElementsOf(Stream.concat(
                                    Stream.of("index.json"), graphs().stream().map(Graph::file))
                            .toList());
        }
    }
}
