package dev.assay.adapter.stdio;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.assay.engine.KvCacheType;
import dev.assay.engine.LogitsScope;
import tools.jackson.databind.JsonNode;

/// What the harness asks of an engine: one line of JSON, told apart by `op`. The engine answers each in turn.
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "op")
@JsonSubTypes({
    @JsonSubTypes.Type(value = Request.Hello.class, name = "hello"),
    @JsonSubTypes.Type(value = Request.Supports.class, name = "supports"),
    @JsonSubTypes.Type(value = Request.Load.class, name = "load"),
    @JsonSubTypes.Type(value = Request.Open.class, name = "open"),
    @JsonSubTypes.Type(value = Request.Prefill.class, name = "prefill"),
    @JsonSubTypes.Type(value = Request.Decode.class, name = "decode"),
    @JsonSubTypes.Type(value = Request.Reset.class, name = "reset"),
    @JsonSubTypes.Type(value = Request.Close.class, name = "close"),
    @JsonSubTypes.Type(value = Request.Shutdown.class, name = "shutdown")
})
sealed interface Request {
    /// Number of the request, from 1; the answer repeats it.
    long id();

    /// The first request. `protocol` is what the harness speaks.
    record Hello(long id, String protocol) implements Request {}

    /// `config` is an HF `config.json`.
    record Supports(long id, JsonNode config) implements Request {}

    /// `folder` is an HF folder: `config.json` and safetensors. A process loads one model.
    record Load(long id, String folder, int threads, KvCacheType kvCache) implements Request {}

    /// Opens a session. With `taps`, predictions come with the intermediate values the engine declares.
    record Open(long id, int maxContext, LogitsScope logits, boolean taps) implements Request {}

    record Prefill(long id, long session, int[] tokens) implements Request {}

    record Decode(long id, long session, int token) implements Request {}

    record Reset(long id, long session) implements Request {}

    record Close(long id, long session) implements Request {}

    /// The last request: the process ends after its answer.
    record Shutdown(long id) implements Request {}
}
