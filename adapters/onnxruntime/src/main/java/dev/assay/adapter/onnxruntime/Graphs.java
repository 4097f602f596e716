package dev.assay.adapter.onnxruntime;

import dev.assay.config.ModelConfig;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/// The committed graphs, as `index.json` lists them.
///
/// @param exporter what they were exported with, for example `torch 2.13.0, transformers 5.18.0`
/// @param opset version of the operator set that they use
/// @param all in the order of their cases
record Graphs(String exporter, int opset, List<Graph> all) {
    private static final String FOLDER = "graphs/";
    private static final String INDEX = "index.json";

    Graphs {
        all = List.copyOf(all);
    }

    /// The graphs of this module, read when first asked for.
    static Graphs bundled() {
        return Bundled.GRAPHS;
    }

    /// Configurations are equal when they ask for the same computation, however their files are written.
    Optional<Graph> of(ModelConfig config) {
        return all.stream().filter(graph -> graph.config().equals(config)).findFirst();
    }

    /// The bytes of a graph.
    ///
    /// @throws IllegalStateException if they are not those that the index lists
    byte[] read(Graph graph) {
        byte[] bytes = resource(graph.file());
        String found = sha256(bytes);
        if (!found.equals(graph.sha256())) {
            throw new IllegalStateException(FOLDER + graph.file() + ": expected SHA-256 " + graph.sha256() + " as in "
                    + INDEX + ", found " + found);
        }
        return bytes;
    }

    private static final class Bundled {
        static final Graphs GRAPHS = parse(new ObjectMapper().readTree(resource(INDEX)));
    }

    private static Graphs parse(JsonNode index) {
        List<Graph> graphs = new ArrayList<>();
        for (JsonNode entry : index.get("graphs")) {
            String golden = entry.get("case").asString();
            graphs.add(new Graph(
                    golden,
                    ModelConfig.parse(entry.get("config").toString(), FOLDER + INDEX + ": " + golden),
                    entry.get("file").asString(),
                    entry.get("sha256").asString()));
        }
        return new Graphs(index.get("exporter").asString(), index.get("opset").asInt(), graphs);
    }

    private static byte[] resource(String file) {
        try (InputStream in = Graphs.class.getResourceAsStream(FOLDER + file)) {
            if (in == null) {
                throw new IllegalStateException(FOLDER + file + ": missing");
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
