package dev.assay.adapter.stdio;

import com.fasterxml.jackson.annotation.JsonSetter;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.annotation.Nulls;
import dev.assay.engine.EngineInfo;
import dev.assay.engine.Execution;
import dev.assay.engine.Footprint;
import dev.assay.engine.Support;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What an engine answers: one line of JSON, whose form follows from the request, or [Failed]. Only [Predicted] is
/// followed by frames.
sealed interface Answer {
    /// Number of the request.
    long id();

    /// To [Request.Hello].
    record Welcome(long id, String protocol, EngineInfo engine) implements Answer {}

    /// To [Request.Supports].
    record Supporting(long id, Support support) implements Answer {}

    /// To [Request.Load].
    record Loaded(long id, Execution execution, Footprint footprint) implements Answer {}

    /// To [Request.Open].
    ///
    /// @param session number that later requests name it by
    /// @param kvCacheBytes bytes held; null if the engine does not count them
    record Opened(
            long id,
            long session,
            @JsonSetter(nulls = Nulls.SET) @Nullable Long kvCacheBytes) implements Answer {}

    /// To [Request.Prefill] and [Request.Decode]. A frame for each of `taps` follows in their order, then that of
    /// the prediction unless it is greedy.
    ///
    /// @param length positions appended so far
    /// @param kvCacheBytes bytes held; null if the engine does not count them
    record Predicted(
            long id,
            int length,
            @JsonSetter(nulls = Nulls.SET) @Nullable Long kvCacheBytes,
            List<TapFrame> taps,
            List<Routing> routedExperts,
            Outline prediction)
            implements Answer {}

    /// To [Request.Reset].
    record Emptied(
            long id,
            @JsonSetter(nulls = Nulls.SET) @Nullable Long kvCacheBytes) implements Answer {}

    /// To [Request.Close] and [Request.Shutdown].
    record Done(long id) implements Answer {}

    /// To any request, in place of its own answer; also, with the id 0, to a line that is no request.
    record Failed(long id, Failure error) implements Answer {}

    /// An intermediate value of the tokens of a call, `[rows][columns]`.
    ///
    /// @param tap for example `hidden.0`
    record TapFrame(String tap, int rows, int columns) {}

    /// The experts of each token of a call at a layer, `[T][k]`, best first.
    record Routing(int layer, int[][] experts) {}

    /// What is predicted, but for the numbers that the frame has.
    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
    @JsonSubTypes({
        @JsonSubTypes.Type(value = Outline.Logits.class, name = "logits"),
        @JsonSubTypes.Type(value = Outline.TopLogProbabilities.class, name = "top_log_probabilities"),
        @JsonSubTypes.Type(value = Outline.GreedyTokens.class, name = "greedy_tokens")
    })
    sealed interface Outline {
        /// The frame has logits, `[rows][columns]`.
        record Logits(int rows, int columns) implements Outline {}

        /// The frame has a natural-log probability for each of `tokens`, `[rows][n]`.
        record TopLogProbabilities(int[][] tokens) implements Outline {}

        /// No frame.
        record GreedyTokens(int[] tokens) implements Outline {}
    }

    /// Why an engine did not do what was asked.
    record Failure(Kind kind, String message) {
        /// What a Java engine would have thrown.
        enum Kind {
            /// The engine has no kernels for it.
            UNSUPPORTED,
            /// The checkpoint cannot be used.
            CHECKPOINT,
            /// For example a token outside the vocabulary.
            ILLEGAL_ARGUMENT,
            /// For example a session that is closed.
            ILLEGAL_STATE,
            /// Anything else.
            INTERNAL
        }
    }
}
