package dev.assay.perf.run;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.engine.Capability;
import dev.assay.engine.Engine;
import dev.assay.engine.Footprint;
import dev.assay.engine.LoadOptions;
import dev.assay.engine.Model;
import dev.assay.engine.Support;
import dev.assay.perf.PerfException;
import dev.assay.perf.model.BenchModel;
import dev.assay.plan.MixtureOfExperts;
import dev.assay.plan.cost.ActiveConvention;
import dev.assay.plan.cost.ParameterCount;
import dev.assay.report.BenchRow;
import dev.assay.report.BenchRow.ActiveParameters;
import dev.assay.report.BenchRow.Checked;
import dev.assay.report.BenchRow.Decode;
import dev.assay.report.BenchRow.Execution;
import dev.assay.report.BenchRow.KvCache;
import dev.assay.report.BenchRow.Memory;
import dev.assay.report.BenchRow.Prefill;
import dev.assay.report.BenchRow.Shape;
import dev.assay.report.BudgetUse;
import dev.assay.report.Outcome;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Measures engines on a model. A speed is reported only with a result that was checked:
///
/// 1. the timed run, whose logits are kept;
/// 2. the check run of the same engine on the same tokens, all positions at once and without a clock;
/// 3. the reference on the first positions.
///
/// The check run must agree with the reference, and the timed run with the check run and with itself in every
/// repetition. An engine that is wrong only beyond the first positions, and wrong alike in both its runs, is not
/// found here: the conformance suite is there for that.
///
/// @param reference engine whose results are right
/// @param progress is told what is being done
public record Benchmark(Settings settings, Engine reference, LogitsRule rule, Consumer<String> progress) {
    /// A measurement of one engine on one model.
    ///
    /// @param checkpoint of the model; stays open
    /// @param reproduce command that measures this again
    /// @throws PerfException if the measurement itself failed
    /// @throws InterruptedException if this thread was interrupted
    public Measured run(Engine engine, BenchModel model, Checkpoint checkpoint, Workload workload, String reproduce)
            throws InterruptedException {
        Measurement measurement = new Measurement(this, engine, model, checkpoint, workload, reproduce);
        return switch (engine.supports(model.config())) {
            case Support.Unsupported(String reason) -> measurement.withoutFigures(Outcome.UNSUPPORTED, reason);
            case Support.Supported supported -> {
                Set<Capability> missing = EnumSet.of(Capability.FULL_LOGITS, Capability.ALL_POSITIONS);
                missing.removeAll(supported.capabilities());
                if (!missing.isEmpty()) {
                    yield measurement.withoutFigures(
                            Outcome.UNSUPPORTED, "no speed without a checked result, which needs " + missing);
                }
                if (settings.openSessions() > 1 && !supported.capabilities().contains(Capability.CONCURRENT_SESSIONS)) {
                    yield measurement.withoutFigures(
                            Outcome.UNSUPPORTED,
                            "the engine does not declare that it runs several sessions of a model");
                }
                if (reference.supports(model.config()) instanceof Support.Unsupported(String reason)) {
                    yield measurement.withoutFigures(
                            Outcome.UNSUPPORTED, "the reference, which checks the result, does not run it: " + reason);
                }
                try {
                    yield measurement.run(supported);
                } catch (PerfException e) {
                    throw e;
                } catch (RuntimeException | StackOverflowError | LinkageError e) {
                    yield measurement.withoutFigures(Outcome.ERROR, "threw " + e);
                }
            }
        };
    }

    /// One run of [Benchmark#run], with what it found so far.
    private static final class Measurement {
        private final Benchmark benchmark;
        private final Settings settings;
        private final Engine engine;
        private final BenchModel model;
        private final CountedCheckpoint checkpoint;
        private final Workload workload;
        private final String reproduce;
        private final LatencyLog log;
        private @Nullable Execution execution;

        Measurement(
                Benchmark benchmark,
                Engine engine,
                BenchModel model,
                Checkpoint checkpoint,
                Workload workload,
                String reproduce) {
            this.benchmark = benchmark;
            this.settings = benchmark.settings();
            this.engine = engine;
            this.model = model;
            this.checkpoint = new CountedCheckpoint(checkpoint);
            this.workload = workload;
            this.reproduce = reproduce;
            this.log = new LatencyLog(String.join(
                    "/",
                    engine.info().id(),
                    model.name(),
                    model.dtype(),
                    model.config().numHiddenLayers() + "-layers"));
        }

        Measured run(Support.Supported supported) throws InterruptedException {
            TimedRun timed;
            CheckRun check;
            Footprint footprint;
            long elementsRead;
            ProcessMemory.resetPeak();
            now("loading");
            try (Model loaded = engine.load(checkpoint, LoadOptions.ofThreads(settings.threads()))) {
                dev.assay.engine.Execution ran = loaded.execution();
                execution = new Execution(ran.backend(), ran.vectorBits(), ran.threads());
                now("measuring");
                timed = TimedRun.run(loaded, supported, model.config().vocabSize(), workload, settings, log);
                footprint = loaded.footprint();
                now("checking");
                check = CheckRun.run(loaded, supported, workload, settings.checkedPositions());
                // Some engines read a tensor when they first need it.
                elementsRead = checkpoint.elements();
            }
            now("asking the reference");
            Checked checked = check(timed, check, reference());
            return checked.outcome() == Outcome.PASS
                    ? new Measured(withFigures(checked, timed, check, footprint, elementsRead), log)
                    : withoutFigures(checked);
        }

        private void now(String what) {
            benchmark.progress().accept(engine.info().id() + ": " + what);
        }

        private float[][] reference() {
            try (Model loaded = benchmark.reference().load(checkpoint, LoadOptions.defaults())) {
                return CheckRun.reference(
                        loaded, workload, settings.checkedPositions(), settings.referenceLimit()); // [positions][V]
            } catch (RuntimeException e) {
                throw new PerfException("the reference failed on " + model.name() + ": " + e, e);
            }
        }

        /// @param reference rows of the first positions, `[positions][V]`
        private Checked check(TimedRun timed, CheckRun check, float[][] reference) {
            float[][] first = Arrays.copyOf(check.first(), reference.length); // [positions][V]
            BudgetUse toReference = benchmark.rule().judge("check run against the reference", reference, first);
            BudgetUse toCheck =
                    benchmark.rule().judge("timed run against the check run", check.timed(), timed.logits());
            String wrong = null;
            if (!passes(toReference)) {
                wrong = "the check run is off the reference";
            } else if (!passes(toCheck)) {
                wrong = "the timed run is off the check run of the same engine";
            } else if (!timed.repeats()) {
                wrong = "repetitions of the same tokens gave different logits: "
                        + timed.digests().stream().distinct().count() + " results in "
                        + timed.digests().size() + " repetitions";
            } else if (!timed.loadsEqual()) {
                wrong = "the same tokens gave other logits under load than in the timed run";
            }
            return new Checked(
                    wrong == null ? Outcome.PASS : Outcome.FAIL,
                    elements(reference) + elements(timed.logits()),
                    reference.length,
                    toReference,
                    toCheck,
                    timed.digests().getLast(),
                    wrong);
        }

        private static boolean passes(BudgetUse use) {
            return use.used() <= 1;
        }

        private static long elements(float[][] rows) {
            long sum = 0;
            for (float[] row : rows) {
                sum += row.length;
            }
            return sum;
        }

        private BenchRow withFigures(
                Checked checked, TimedRun timed, CheckRun check, Footprint footprint, long elementsRead) {
            int cached = footprint.kvCacheElementBytes();
            int prompt = workload.prompt().length;
            int decoded = workload.decoded().length;
            WorkloadCost cost = WorkloadCost.of(model, workload, cached);
            double flopsPerPromptToken = (double) cost.prefillFlops() / prompt;
            return new BenchRow(
                    engine.info().id(),
                    model.name(),
                    model.dtype(),
                    settings.threads(),
                    shape(),
                    execution,
                    checked,
                    new Prefill(
                            prompt,
                            timed.prefill().median(),
                            timed.prefill(),
                            cost.prefillFlops(),
                            flopsPerPromptToken * timed.prefillPerFlop().median()),
                    new Decode(
                            decoded,
                            timed.decode().median(),
                            timed.decode(),
                            cost.decodeBytesPerToken(),
                            cost.decodeFlopsPerToken(),
                            cost.decodeBytesPerToken() * timed.decodePerByte().median(),
                            timed.itl(),
                            timed.allocatedBytesPerToken().median(),
                            (long) model.config().vocabSize() * Float.BYTES),
                    timed.requests(),
                    new KvCache(timed.cacheBytes(), cost.kvCacheBytes()),
                    activeParameters(check.experts(), elementsRead),
                    new Memory(
                            timed.peakRssBytes(),
                            timed.offHeapBytes(),
                            model.weightBytes().total(),
                            footprint.weightBytes()),
                    timed.ceilings(),
                    timed.warmUp(),
                    null,
                    reproduce);
        }

        /// Counted from what the engine read of the checkpoint: without the tables that a token is looked up
        /// in, and with the experts that it chose instead of all.
        private ActiveParameters activeParameters(ExpertCounter experts, long elementsRead) {
            ParameterCount parameters = ParameterCount.of(model.plan());
            long formula = parameters.active(ActiveConvention.EXCLUDING_INPUT_EMBEDDING);
            long unread = parameters.total() + parameters.buffers() - elementsRead;
            if (!experts.hasCounted()) {
                // An engine that has its weights from elsewhere has read none that could be counted.
                return new ActiveParameters(Math.max(0, formula - unread), formula);
            }
            // No family has experts of several sizes.
            long perExpert = model.plan().layers().stream()
                    .filter(layer -> layer.feedForward() instanceof MixtureOfExperts)
                    .mapToLong(layer -> elementsOfAnExpert((MixtureOfExperts) layer.feedForward()))
                    .findFirst()
                    .orElseThrow();
            long touched = Math.round(perExpert * experts.perToken());
            return new ActiveParameters(Math.max(0, formula - unread - parameters.activeRouted() + touched), formula);
        }

        private static long elementsOfAnExpert(MixtureOfExperts moe) {
            return moe.experts().elements() / moe.experts().count();
        }

        Measured withoutFigures(Outcome outcome, String message) {
            return withoutFigures(Checked.ended(outcome, message));
        }

        private Measured withoutFigures(Checked checked) {
            BenchRow row = BenchRow.unmeasured(
                    engine.info().id(),
                    model.name(),
                    model.dtype(),
                    settings.threads(),
                    shape(),
                    execution,
                    checked,
                    reproduce);
            return new Measured(row, null);
        }

        private Shape shape() {
            return new Shape(
                    model.config().architecture().id(), model.config().numHiddenLayers(), model.publishedLayers());
        }
    }
}
