package dev.assay.adapter.openai;

import dev.assay.engine.EngineCrashedException;
import dev.assay.engine.EngineProtocolException;
import dev.assay.engine.EngineTimeoutException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Requests to a server. What goes wrong is thrown as what it is: nothing there in time, gone in the middle, no JSON,
/// or a refusal.
final class Connection {
    private static final Duration BETWEEN_ATTEMPTS = Duration.ofMillis(200);

    private static final int QUOTED_CHARACTERS = 120;

    private static final int SERVICE_UNAVAILABLE = 503;

    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private final URI base;
    private final Optional<ApiKey> key;
    private final Duration start;
    private final Duration call;
    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    Connection(URI base, Optional<ApiKey> key, Duration start, Duration call) {
        String text = base.toString();
        this.base = URI.create(text.endsWith("/") ? text.substring(0, text.length() - 1) : text);
        this.key = key;
        this.start = start;
        this.call = call;
    }

    URI base() {
        return base;
    }

    /// The model that the server has loaded, the first if there are several. Waits for a server that is starting.
    ///
    /// @throws EngineTimeoutException if there is no server in time
    String servedModel() {
        long deadline = System.nanoTime() + start.toNanos();
        HttpRequest request = request("models").build();
        while (true) {
            String found;
            try {
                HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
                // So answer servers that are still loading.
                if (response.statusCode() != SERVICE_UNAVAILABLE) {
                    JsonNode id = json(response, "models").path("data").path(0).path("id");
                    if (!id.isString()) {
                        throw new EngineProtocolException(
                                "models: expected data[0].id, found " + quote(response.body()));
                    }
                    return id.stringValue();
                }
                found = "status " + SERVICE_UNAVAILABLE;
            } catch (ConnectException e) {
                found = "no connection";
            } catch (IOException e) {
                throw lost("models", e);
            } catch (InterruptedException e) {
                throw interrupted("models");
            }
            if (System.nanoTime() > deadline) {
                throw new EngineTimeoutException(
                        "models: no answer from " + base + " within " + start.toMillis() + " ms, found " + found);
            }
            pause();
        }
    }

    /// Asks `/v1/completions`.
    JsonNode complete(JsonNode body) {
        HttpRequest request = request("completions")
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body.toString()))
                .build();
        try {
            return json(client.send(request, HttpResponse.BodyHandlers.ofString()), "completions");
        } catch (IOException e) {
            throw lost("completions", e);
        } catch (InterruptedException e) {
            throw interrupted("completions");
        }
    }

    /// Redirects are not followed, so that the key goes nowhere else.
    private HttpRequest.Builder request(String what) {
        HttpRequest.Builder request = HttpRequest.newBuilder(base.resolve(base.getPath() + "/v1/" + what))
                .timeout(call);
        key.ifPresent(given -> request.header("Authorization", given.header()));
        return request;
    }

    /// The body of an answer.
    ///
    /// @throws IllegalArgumentException if the server takes the request for wrong
    /// @throws IllegalStateException if the server failed
    private JsonNode json(HttpResponse<String> response, String what) {
        int status = response.statusCode();
        if (status != 200) {
            String message = what + ": expected status 200, found " + status + " " + quote(response.body());
            throw status >= 400 && status < 500
                    ? new IllegalArgumentException(message)
                    : new IllegalStateException(message);
        }
        try {
            return JSON.readTree(response.body());
        } catch (JacksonException e) {
            throw new EngineProtocolException(what + ": expected JSON, found " + quote(response.body()) + ": "
                    + hidden(String.valueOf(e.getOriginalMessage())));
        }
    }

    private RuntimeException lost(String what, IOException e) {
        return e instanceof HttpTimeoutException
                ? new EngineTimeoutException(what + ": no answer within " + call.toMillis() + " ms")
                : new EngineCrashedException(what + ": the connection was lost: " + e.getMessage());
    }

    private static EngineTimeoutException interrupted(String what) {
        Thread.currentThread().interrupt();
        return new EngineTimeoutException(what + ": interrupted while it was waited for");
    }

    private static void pause() {
        try {
            Thread.sleep(BETWEEN_ATTEMPTS);
        } catch (InterruptedException e) {
            throw interrupted("models");
        }
    }

    private String hidden(String text) {
        return key.map(given -> given.hiddenIn(text)).orElse(text);
    }

    /// The beginning of an answer, without the key: servers repeat a key that they refuse.
    String quote(String answer) {
        String text = hidden(answer);
        return text.length() <= QUOTED_CHARACTERS
                ? "'" + text + "'"
                : "'" + text.substring(0, QUOTED_CHARACTERS) + "…'";
    }
}
