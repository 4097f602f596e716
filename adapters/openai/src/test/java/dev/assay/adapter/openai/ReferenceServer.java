package dev.assay.adapter.openai;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.assay.checkpoint.Checkpoint;
import dev.assay.engine.LoadOptions;
import dev.assay.engine.Model;
import dev.assay.engine.Prediction;
import dev.assay.engine.Session;
import dev.assay.engine.SessionOptions;
import dev.assay.golden.GoldenCase;
import dev.assay.reference.ReferenceEngine;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.stream.IntStream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// The reference behind `/v1/models` and `/v1/completions`, and what may go wrong with such a server.
final class ReferenceServer implements AutoCloseable {
    static final String KEY = "sk-known";

    private static final JsonMapper JSON = new JsonMapper();

    private final HttpServer server;
    private final Checkpoint checkpoint;
    private final Model model;
    private final Behaviour behaviour;
    private int refusals;

    /// How the server answers.
    enum Behaviour {
        /// Names tokens as vLLM does.
        TOKEN_ID_TEXTS,
        /// Names tokens as llama.cpp does.
        ID_FIELDS,
        /// Names tokens by texts that say nothing of the id.
        TEXTS,
        /// Forgets the first token of every prompt that has several.
        WRONG,
        /// Answers only to those who know [#KEY].
        ASKS_FOR_KEY,
        /// Is still loading for the first three requests.
        SLOW_START,
        /// Fails with status 500 on completions.
        FAILING,
        /// Stops in the middle of the JSON.
        TRUNCATED,
        /// Answers without log-probabilities.
        NO_LOG_PROBABILITIES,
        /// Drops the connection.
        DROPPING,
        /// Never answers completions.
        HANGING
    }

    ReferenceServer(GoldenCase golden, Behaviour behaviour) {
        this.behaviour = behaviour;
        this.refusals = behaviour == Behaviour.SLOW_START ? 3 : 0;
        this.checkpoint = golden.weights().open();
        this.model = new ReferenceEngine().load(checkpoint, LoadOptions.defaults());
        try {
            server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        server.createContext("/v1/models", this::models);
        server.createContext("/v1/completions", this::completions);
        server.start();
    }

    URI base() {
        return URI.create("http://localhost:" + server.getAddress().getPort());
    }

    private synchronized void models(HttpExchange exchange) throws IOException {
        if (isRefused(exchange)) {
            return;
        }
        if (refusals > 0) {
            refusals--;
            answer(exchange, 503, "{\"error\":\"loading\"}");
        } else {
            answer(exchange, 200, "{\"object\":\"list\",\"data\":[{\"id\":\"golden\"}]}");
        }
    }

    private void completions(HttpExchange exchange) throws IOException {
        JsonNode request = JSON.readTree(exchange.getRequestBody().readAllBytes());
        if (isRefused(exchange)) {
            return;
        }
        switch (behaviour) {
            case FAILING -> answer(exchange, 500, "{\"error\":\"CUDA out of memory\"}");
            case TRUNCATED ->
                answer(exchange, 200, "{\"choices\":[{\"logprobs\":{\"top_logprobs\":[{\"token_id:3\":-0.");
            case NO_LOG_PROBABILITIES -> answer(exchange, 200, "{\"choices\":[{\"text\":\"x\",\"logprobs\":null}]}");
            case DROPPING -> exchange.close();
            case HANGING -> {}
            case TOKEN_ID_TEXTS, ID_FIELDS, TEXTS, WRONG, ASKS_FOR_KEY, SLOW_START ->
                answer(exchange, 200, completion(request).toString());
        }
    }

    private boolean isRefused(HttpExchange exchange) throws IOException {
        String given = exchange.getRequestHeaders().getFirst("Authorization");
        if (behaviour != Behaviour.ASKS_FOR_KEY || ("Bearer " + KEY).equals(given)) {
            return false;
        }
        answer(exchange, 401, "{\"error\":\"wrong key: " + given + "\"}");
        return true;
    }

    private synchronized ObjectNode completion(JsonNode request) {
        int[] prompt =
                request.get("prompt").valueStream().mapToInt(JsonNode::intValue).toArray();
        if (behaviour == Behaviour.WRONG && prompt.length > 1) {
            prompt[0] = prompt[1];
        }
        double[] logProbabilities;
        try (Session session = model.newSession(SessionOptions.ofContext(prompt.length))) {
            Prediction.Logits logits = (Prediction.Logits) session.prefill(prompt);
            logProbabilities = logSoftmax(logits.last());
        }
        int[] top = IntStream.range(0, logProbabilities.length)
                .boxed()
                .sorted(Comparator.comparingDouble(token -> -logProbabilities[token]))
                .limit(request.get("logprobs").intValue())
                .mapToInt(Integer::intValue)
                .toArray();
        ObjectNode answer = JSON.createObjectNode();
        ObjectNode found = answer.putArray("choices").addObject().putObject("logprobs");
        if (behaviour == Behaviour.ID_FIELDS) {
            var entries = found.putArray("content").addObject().putArray("top_logprobs");
            for (int token : top) {
                entries.addObject().put("id", token).put("token", "?").put("logprob", logProbabilities[token]);
            }
        } else {
            ObjectNode entries = found.putArray("top_logprobs").addObject();
            for (int token : top) {
                entries.put((behaviour == Behaviour.TEXTS ? "word" : "token_id:") + token, logProbabilities[token]);
            }
        }
        return answer;
    }

    static double[] logSoftmax(float[] logits) {
        double most = IntStream.range(0, logits.length)
                .mapToDouble(v -> logits[v])
                .max()
                .orElseThrow();
        double sum = IntStream.range(0, logits.length)
                .mapToDouble(v -> Math.exp(logits[v] - most))
                .sum();
        return IntStream.range(0, logits.length)
                .mapToDouble(v -> logits[v] - most - Math.log(sum))
                .toArray();
    }

    private static void answer(HttpExchange exchange, int status, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }

    @Override
    public void close() {
        server.stop(0);
        model.close();
        checkpoint.close();
    }
}
