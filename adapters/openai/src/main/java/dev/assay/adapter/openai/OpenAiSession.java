package dev.assay.adapter.openai;

import dev.assay.engine.EngineProtocolException;
import dev.assay.engine.LogitsScope;
import dev.assay.engine.Prediction;
import dev.assay.engine.Session;
import dev.assay.engine.SessionOptions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// A sequence of tokens, all of which go with every request: the server keeps nothing, or so it should seem.
final class OpenAiSession implements Session {
    /// As many as servers give without being told to give more.
    private static final int TOP = 20;

    private static final String TOKEN_ID = "token_id:";

    private final Connection connection;
    private final String model;
    private final int vocabSize;
    private final SessionOptions options;
    private final List<Integer> tokens = new ArrayList<>();
    private boolean closed;

    OpenAiSession(Connection connection, String model, int vocabSize, SessionOptions options) {
        this.connection = connection;
        this.model = model;
        this.vocabSize = vocabSize;
        this.options = options;
    }

    /// A token and its natural-log probability.
    private record Candidate(int token, double logProbability) {
        private static final Comparator<Candidate> MOST_PROBABLE_FIRST =
                Comparator.comparingDouble(Candidate::logProbability).reversed().thenComparingInt(Candidate::token);
    }

    @Override
    public Prediction prefill(int[] appended) {
        if (closed) {
            throw new IllegalStateException("the session is closed");
        }
        if (appended.length == 0 || tokens.size() + appended.length > options.maxContext()) {
            throw new IllegalArgumentException(
                    "expected 1 to " + (options.maxContext() - tokens.size()) + " tokens, found " + appended.length);
        }
        List<List<Candidate>> rows = new ArrayList<>();
        for (int i = 0; i < appended.length; i++) {
            tokens.add(appended[i]);
            if (options.logits() == LogitsScope.ALL_POSITIONS || i == appended.length - 1) {
                rows.add(next());
            }
        }
        int top = rows.stream().mapToInt(List::size).min().orElseThrow();
        int[][] ids = new int[rows.size()][top]; // [rows][n]
        float[][] logProbabilities = new float[rows.size()][top]; // [rows][n]
        for (int row = 0; row < ids.length; row++) {
            for (int i = 0; i < top; i++) {
                ids[row][i] = rows.get(row).get(i).token();
                logProbabilities[row][i] = (float) rows.get(row).get(i).logProbability();
            }
        }
        return new Prediction.TopLogProbabilities(ids, logProbabilities);
    }

    /// What the server says of the token after all so far, at most [#TOP] candidates.
    private List<Candidate> next() {
        ObjectNode body = JsonNodeFactory.instance.objectNode();
        body.put("model", model);
        ArrayNode prompt = body.putArray("prompt");
        tokens.forEach(prompt::add);
        body.put("max_tokens", 1).put("temperature", 0).put("logprobs", Math.min(TOP, vocabSize));
        // vLLM's way to ask for ids in place of texts.
        body.put("return_tokens_as_token_ids", true);
        JsonNode logProbabilities =
                connection.complete(body).path("choices").path(0).path("logprobs");
        List<Candidate> candidates = candidates(logProbabilities).stream()
                .sorted(Candidate.MOST_PROBABLE_FIRST)
                .limit(TOP)
                .toList();
        if (candidates.isEmpty()) {
            throw new EngineProtocolException("completions: expected log-probabilities, found none");
        }
        return candidates;
    }

    private List<Candidate> candidates(JsonNode logProbabilities) {
        List<Candidate> candidates = new ArrayList<>();
        JsonNode byText = logProbabilities.path("top_logprobs").path(0);
        JsonNode byId = logProbabilities.path("content").path(0).path("top_logprobs");
        if (byText.isObject()) {
            for (Map.Entry<String, JsonNode> entry : byText.properties()) {
                candidates.add(candidate(id(entry.getKey()), entry.getValue()));
            }
        } else if (byId.isArray()) {
            for (JsonNode entry : byId) {
                JsonNode id = entry.path("id");
                candidates.add(candidate(
                        id.isInt() ? id.intValue() : id(entry.path("token").asString("")), entry.path("logprob")));
            }
        } else {
            throw new EngineProtocolException("completions: expected choices[0].logprobs with top_logprobs, found "
                    + connection.quote(logProbabilities.toString()));
        }
        return candidates;
    }

    private int id(String token) {
        if (!token.matches(TOKEN_ID + "[0-9]{1,9}")) {
            throw new UnsupportedOperationException("the server names tokens by their text, such as "
                    + connection.quote(token) + ", and not by their ids");
        }
        return Integer.parseInt(token.substring(TOKEN_ID.length()));
    }

    private Candidate candidate(int token, JsonNode logProbability) {
        if (token >= vocabSize || !logProbability.isNumber()) {
            throw new EngineProtocolException("completions: expected the log-probability of a token below " + vocabSize
                    + ", found " + logProbability + " of token " + token);
        }
        return new Candidate(token, logProbability.doubleValue());
    }

    @Override
    public Prediction decode(int token) {
        return prefill(new int[] {token});
    }

    @Override
    public int length() {
        return tokens.size();
    }

    @Override
    public long kvCacheBytes() {
        throw new UnsupportedOperationException("a server does not say what it caches");
    }

    @Override
    public void reset() {
        tokens.clear();
    }

    @Override
    public void close() {
        closed = true;
    }
}
