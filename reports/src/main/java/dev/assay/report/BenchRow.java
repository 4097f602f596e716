package dev.assay.report;

import org.jspecify.annotations.Nullable;

/// What one engine made of one model: figures, if and only if the results of the timed run were checked and right.
///
/// @param engine id of the engine
/// @param model name of the published shape, or of the model's folder
/// @param dtype type of the weights, as users type it
/// @param threads that the engine might use
/// @param execution what really ran; null if the engine did not get so far
/// @param checked the verdict on the logits of the timed run
/// @param prefill null unless checked and right, as all that follows but the command
/// @param reproduce command that measures this row again
public record BenchRow(
        String engine,
        String model,
        String dtype,
        int threads,
        Shape shape,
        @Nullable Execution execution,
        Checked checked,
        @Nullable Prefill prefill,
        @Nullable Decode decode,
        @Nullable KvCache kvCache,
        @Nullable ActiveParameters activeParameters,
        @Nullable Memory memory,
        @Nullable Ceilings ceilings,
        @Nullable WarmUp warmUp,
        String reproduce) {
    public BenchRow {
        boolean right = checked.outcome() == Outcome.PASS;
        for (Object figure :
                new @Nullable Object[] {prefill, decode, kvCache, activeParameters, memory, ceilings, warmUp}) {
            if ((figure != null) != right) {
                throw new IllegalArgumentException(engine + " on " + model
                        + ": all figures with a passed check, or none with any other; it ended " + checked.outcome());
            }
        }
    }

    /// A row without figures.
    public static BenchRow unmeasured(
            String engine,
            String model,
            String dtype,
            int threads,
            Shape shape,
            @Nullable Execution execution,
            Checked checked,
            String reproduce) {
        return new BenchRow(
                engine, model, dtype, threads, shape, execution, checked, null, null, null, null, null, null, null,
                reproduce);
    }

    /// The model that ran.
    ///
    /// @param architecture id of the architecture
    /// @param layers decoder layers that ran
    /// @param publishedLayers those of the whole model: more where only a slice ran
    public record Shape(String architecture, int layers, int publishedLayers) {
        public Shape {
            if (layers < 1 || layers > publishedLayers) {
                throw new IllegalArgumentException(layers + " of " + publishedLayers + " layers");
            }
        }

        /// Whether figures are those of a part of the model.
        public boolean partial() {
            return layers < publishedLayers;
        }
    }

    /// What really ran, as the engine proves it.
    ///
    /// @param vectorBits width of the vector registers in use, 0 for none
    /// @param threads that work
    public record Execution(String backend, int vectorBits, int threads) {}

    /// How the logits of the timed run were checked.
    ///
    /// @param outcome PASS; FAIL if a number is wrong; ERROR if the engine threw; UNSUPPORTED if it cannot run the
    ///     model or returns no logits to check
    /// @param elements numbers compared, in both comparisons
    /// @param positions positions whose logits were compared with the reference's
    /// @param reference how far the engine's check run is from the reference there; null if it was not compared
    /// @param timed how far the timed run is from the check run, at the last position of the prompt and at every
    ///     decoded one; null if it was not compared
    /// @param logitsSha256 digest of the timed run's logits, row by row as little-endian float32; null if there are
    ///     none
    /// @param message what went wrong; null if nothing did
    public record Checked(
            Outcome outcome,
            long elements,
            int positions,
            @Nullable BudgetUse reference,
            @Nullable BudgetUse timed,
            @Nullable String logitsSha256,
            @Nullable String message) {
        public Checked {
            if (outcome == Outcome.PASS
                    && (elements < 1 || positions < 1 || reference == null || timed == null || logitsSha256 == null)) {
                throw new IllegalArgumentException("a check that compared nothing cannot pass");
            }
            if (outcome != Outcome.PASS && message == null) {
                throw new IllegalArgumentException("a check that ends " + outcome + " says why");
            }
        }

        /// A check that ended before anything was compared.
        public static Checked ended(Outcome outcome, String message) {
            return new Checked(outcome, 0, 0, null, null, null, message);
        }
    }

    /// The prompt at once, with the logits of its last position.
    ///
    /// @param tokens in the prompt
    /// @param tokensPerSecond median over the repetitions
    /// @param spread of the same
    /// @param flops operations of the whole prompt, by formula
    /// @param fmaPeakShare of what the machine can compute at most: flops / tokens · tokens per second / peak
    /// measured
    ///     right before and after, the median over the repetitions
    public record Prefill(int tokens, double tokensPerSecond, Spread spread, long flops, double fmaPeakShare) {}

    /// Tokens one by one after the prompt, with the logits of each.
    ///
    /// @param tokens decoded in each repetition
    /// @param tokensPerSecond median over the repetitions
    /// @param spread of the same
    /// @param bytesPerToken weights and cache that a token must move, by formula: the mean over the tokens
    /// @param flopsPerToken by formula: the mean over the tokens
    /// @param readCeilingShare of what the machine can read at most: bytes per token · tokens per second / ceiling
    ///     measured right before and after, the median over the repetitions
    /// @param latency of a token, over all repetitions
    /// @param allocatedBytesPerToken on the Java heap, by all threads: the median over the repetitions
    /// @param returnedBytesPerToken of these, the logits, which belong to the caller
    public record Decode(
            int tokens,
            double tokensPerSecond,
            Spread spread,
            double bytesPerToken,
            double flopsPerToken,
            double readCeilingShare,
            Latency latency,
            double allocatedBytesPerToken,
            long returnedBytesPerToken) {}

    /// Percentiles of a latency, in milliseconds.
    ///
    /// @param count latencies recorded
    public record Latency(long count, double p50, double p90, double p99, double max) {}

    /// Bytes of keys, values or latents after the last token.
    ///
    /// @param countedBytes that the engine holds
    /// @param formulaBytes that the architecture means, at the engine's bytes per number
    public record KvCache(long countedBytes, long formulaBytes) {}

    /// Parameters that a token uses, without the input embedding.
    ///
    /// @param counted with the routed experts that the engine reports, the mean over the tokens; the formula's
    /// where
    ///     it has no experts, or does not report them
    /// @param formula from the configuration
    public record ActiveParameters(long counted, long formula) {}

    /// What was held.
    ///
    /// @param peakRssBytes most physical memory that the process held while it loaded and warmed up, the checkpoint
    ///     included; 0 where the system does not tell
    /// @param checkpointBytes weights as they are stored
    /// @param engineBytes weights that the engine holds besides
    public record Memory(long peakRssBytes, long checkpointBytes, long engineBytes) {}

    /// What the machine can do at most on these threads, measured around each repetition.
    ///
    /// @param readBytesPerSecond median
    /// @param fmaFlopsPerSecond median, in float32
    public record Ceilings(double readBytesPerSecond, Spread read, double fmaFlopsPerSecond, Spread fma) {}

    /// Repetitions before the timed ones.
    ///
    /// @param stable whether they ended because the speed no longer rose, and not because time was up
    public record WarmUp(int repetitions, double milliseconds, boolean stable) {}
}
