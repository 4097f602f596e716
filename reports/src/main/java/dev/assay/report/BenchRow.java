package dev.assay.report;

import java.util.List;
import java.util.function.DoubleUnaryOperator;
import org.jspecify.annotations.Nullable;

/// What one engine made of one model: figures, if and only if the results of the timed run were checked and right.
///
/// @param engine id of the engine
/// @param model name of the published shape, or of the model's folder
/// @param dtype type of the weights, as users type it
/// @param threads that the engine might use
/// @param execution what really ran; null if the engine did not get so far
/// @param checked the verdict on the logits of the timed run
/// @param prefill null unless checked and right, as all that follows but the extrapolation and the command
/// @param extrapolation to the whole model; null unless figures are those of a slice
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
        @Nullable Requests requests,
        @Nullable KvCache kvCache,
        @Nullable ActiveParameters activeParameters,
        @Nullable Memory memory,
        @Nullable Ceilings ceilings,
        @Nullable WarmUp warmUp,
        @Nullable Extrapolation extrapolation,
        String reproduce) {
    public BenchRow {
        boolean right = checked.outcome() == Outcome.PASS;
        for (Object figure :
                new @Nullable Object[] {prefill, decode, requests, kvCache, activeParameters, memory, ceilings, warmUp
                }) {
            if ((figure != null) != right) {
                throw new IllegalArgumentException(engine + " on " + model
                        + ": all figures with a passed check, or none with any other; it ended " + checked.outcome());
            }
        }
        if (extrapolation != null && !(right && shape.partial())) {
            throw new IllegalArgumentException(
                    engine + " on " + model + ": only the figures of a slice are extrapolated");
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
                null, null, reproduce);
    }

    /// This row, a slice, with what follows for the whole model.
    public BenchRow with(Extrapolation whole) {
        return new BenchRow(
                engine,
                model,
                dtype,
                threads,
                shape,
                execution,
                checked,
                prefill,
                decode,
                requests,
                kvCache,
                activeParameters,
                memory,
                ceilings,
                warmUp,
                whole,
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
    /// @param latency of a token, over all repetitions: the inter-token latency (ITL) of one session alone
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

    /// Percentiles of a latency, in milliseconds. One that so few latencies cannot tell from the maximum is null:
    /// the 99th percentile of fewer than 100 is the largest of them and says nothing of the next.
    ///
    /// @param count latencies recorded
    public record Latency(
            long count,
            double p50,
            @Nullable Double p90,
            @Nullable Double p99,
            @Nullable Double p999,
            double max) {
        public Latency {
            if (count < 1
                    || (p90 != null) != isKnown(90, count)
                    || (p99 != null) != isKnown(99, count)
                    || (p999 != null) != isKnown(99.9, count)) {
                throw new IllegalArgumentException(
                        "of " + count + " latencies: p90 " + p90 + ", p99 " + p99 + ", p99.9 " + p999);
            }
        }

        /// The percentiles that are known.
        ///
        /// @param atPercentile milliseconds that this percentage of the latencies do not exceed; 100 is the
        /// maximum
        public static Latency of(long count, DoubleUnaryOperator atPercentile) {
            return new Latency(
                    count,
                    atPercentile.applyAsDouble(50),
                    ifKnown(90, count, atPercentile),
                    ifKnown(99, count, atPercentile),
                    ifKnown(99.9, count, atPercentile),
                    atPercentile.applyAsDouble(100));
        }

        private static @Nullable Double ifKnown(double percentile, long count, DoubleUnaryOperator atPercentile) {
            return isKnown(percentile, count) ? (Double) atPercentile.applyAsDouble(percentile) : null;
        }

        /// Whether at least one latency lies beyond the percentile, as one in ten does beyond the 90th.
        private static boolean isKnown(double percentile, long count) {
            return count >= Math.round(100 / (100 - percentile));
        }
    }

    /// The run as those see it who wait for answers: each repetition is a request of one prompt and the tokens
    /// after it. Closed loop: a request starts when the one before has ended.
    ///
    /// @param tag under which `latency.hlog` holds every latency of this row: `<tag>/ttft`, `<tag>/itl` and so on
    /// @param ttft time to first token: from the request to the logits after its prompt
    /// @param tpot time per output token: the mean over the tokens of a request after the first
    /// @param sessions that took turns; null unless asked for
    /// @param openLoop requests that came by a clock; null unless asked for
    public record Requests(
            String tag,
            Latency ttft,
            Latency tpot,
            Recording recording,
            @Nullable Sessions sessions,
            @Nullable OpenLoop openLoop) {}

    /// What it takes to know the latencies.
    ///
    /// @param count latencies taken while the timed repetitions ran
    /// @param nanosecondsEach two readings of the clock and a store, measured right after the run
    /// @param share of the timed repetitions: count · nanoseconds each / nanoseconds of the repetitions
    public record Recording(long count, double nanosecondsEach, double share) {}

    /// Sessions of one model whose tokens are decoded in turn, each session's one after another's.
    ///
    /// @param tokensPerSecond of all sessions together
    /// @param itl of each session: from a token to its next, the turns of the others included
    public record Sessions(int count, Spread tokensPerSecond, List<Latency> itl) {
        public Sessions {
            itl = List.copyOf(itl);
            if (itl.size() != count) {
                throw new IllegalArgumentException(itl.size() + " latencies of " + count + " sessions");
            }
        }
    }

    /// Requests that come by a schedule fixed before, whether the engine is ready or not, and wait for one another.
    /// Every latency counts from the scheduled start, so that an engine that falls behind is seen to.
    ///
    /// @param requestsPerSecond mean rate of the schedule
    /// @param requests served
    /// @param ttft from the scheduled start to the logits after the prompt
    /// @param tpot time per output token: the mean over the tokens of a request after the first
    /// @param total from the scheduled start to the last token
    /// @param waiting of that, before the prompt was begun
    public record OpenLoop(
            double requestsPerSecond, int requests, Latency ttft, Latency tpot, Latency total, Latency waiting) {}

    /// What slices say of the whole model, which did not run.
    ///
    /// @param layers of the slices measured, in ascending order
    /// @param formula how, in one sentence
    /// @param prefillTokensPerSecond of the whole model
    /// @param decodeTokensPerSecond of the whole model
    /// @param weightBytes of the whole model
    /// @param decodeBytesPerToken of the whole model, by formula
    /// @param activeParameters of the whole model, by formula
    /// @param kvCacheBytes of the whole model after the last token, by formula
    public record Extrapolation(
            List<Integer> layers,
            String formula,
            Estimate prefillTokensPerSecond,
            Estimate decodeTokensPerSecond,
            long weightBytes,
            double decodeBytesPerToken,
            long activeParameters,
            long kvCacheBytes) {
        public Extrapolation {
            layers = List.copyOf(layers);
        }
    }

    /// A figure that was not measured.
    ///
    /// @param low lower end of the 95 % confidence interval, as far as the repetitions scatter; the formula may be
    ///     wrong besides
    /// @param high upper end
    public record Estimate(double value, double low, double high) {
        public Estimate {
            if (!(0 <= low && low <= value && value <= high)) {
                throw new IllegalArgumentException("estimate " + value + " is not between " + low + " and " + high);
            }
        }
    }

    /// Bytes of keys, values or latents after the last token.
    ///
    /// @param countedBytes that the engine holds; null if it cannot count them
    /// @param formulaBytes that the architecture means, at the engine's bytes per number
    public record KvCache(@Nullable Long countedBytes, long formulaBytes) {}

    /// Parameters that a token uses, without the input embedding.
    ///
    /// @param counted of what the engine read of the checkpoint, with the routed experts that it reports, the mean
    ///     over the tokens; 0 if it reads none of it
    /// @param formula from the configuration
    public record ActiveParameters(long counted, long formula) {}

    /// What was held.
    ///
    /// @param peakRssBytes most physical memory that the process held while it loaded and warmed up, the checkpoint
    ///     included, and the engine's own processes, if it has any; 0 where the system does not tell
    /// @param offHeapBytes of the physical memory at the end of the warm-up, what is not Java heap: weights,
    /// caches,
    ///     code and the JVM itself; 0 where the system does not tell
    /// @param checkpointBytes weights as they are stored
    /// @param engineBytes weights that the engine holds besides
    public record Memory(long peakRssBytes, long offHeapBytes, long checkpointBytes, long engineBytes) {}

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
