package dev.assay.conformance.suite;

import dev.assay.config.MoeConfig;
import dev.assay.engine.Capability;
import dev.assay.engine.Session;
import dev.assay.golden.GoldenCase;
import dev.assay.golden.GoldenPrompt;
import dev.assay.report.Count;
import dev.assay.report.ExpertLoad;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// Every token goes, in every layer that has experts, to as many as the architecture says, all different and all
/// existing; with each prompt in one call and token by token. Counts the experts and the parameters that a token
/// touches, and how the longest prompt loads the experts.
///
/// Which experts they must be is what [RoutedExperts] asks, of cases that record it.
final class ExpertsPerToken implements Check {
    @Override
    public String id() {
        return "experts-per-token";
    }

    @Override
    public Rule.Kind kind() {
        return Rule.Kind.OPTIONAL;
    }

    @Override
    public Set<Capability> needs() {
        return Set.of(Capability.ROUTED_EXPERTS);
    }

    @Override
    public boolean appliesTo(GoldenCase golden) {
        return golden.config() instanceof MoeConfig config
                && !config.moeLayers().isEmpty();
    }

    @Override
    public long expectedElements(CaseUnderTest subject) {
        MoeConfig config = (MoeConfig) subject.golden().config(); // It applies to no other.
        return 2 * subject.goldenPositions() * config.moeLayers().size() * config.numExpertsPerTok();
    }

    @Override
    public Finding run(CaseUnderTest subject) {
        MoeConfig config = (MoeConfig) subject.golden().config(); // It applies to no other.
        Tally tally = new Tally(config, ActiveParameters.of(config, subject.tensors()));
        for (GoldenPrompt prompt : subject.golden().prompts()) {
            for (Feeding feeding : Feeding.values()) {
                TapRecorder recorder = feeding.record(subject, prompt.tokens());
                String wrong = tally.add(recorder, prompt.tokens().length);
                if (!wrong.isEmpty()) {
                    return new Finding.Violated(
                            tally.ids, "prompt " + prompt.id() + " " + feeding.told + ", " + wrong, tally.counts());
                }
            }
        }
        GoldenPrompt longest = subject.golden().longestPrompt();
        TapRecorder recorder = Feeding.IN_ONE_CALL.record(subject, longest.tokens());
        List<ExpertLoad> routing = config.moeLayers().stream()
                .map(layer -> ExpertLoad.of(layer, longest.id(), recorder.experts(layer), config.routedExperts()))
                .toList();
        return new Finding.Equal(tally.ids, tally.counts(), routing);
    }

    /// How a prompt is given to a session.
    private enum Feeding {
        IN_ONE_CALL("in one call") {
            @Override
            void feed(Session session, int[] tokens) {
                session.prefill(tokens);
            }
        },
        TOKEN_BY_TOKEN("token by token") {
            @Override
            void feed(Session session, int[] tokens) {
                for (int token : tokens) {
                    session.decode(token);
                }
            }
        };

        final String told;

        Feeding(String told) {
            this.told = told;
        }

        abstract void feed(Session session, int[] tokens);

        TapRecorder record(CaseUnderTest subject, int[] tokens) {
            TapRecorder recorder = new TapRecorder();
            try (Session session = subject.open(tokens.length, recorder)) {
                feed(session, tokens);
            }
            return recorder;
        }
    }

    /// What has been counted so far.
    private static final class Tally {
        private final MoeConfig config;
        private final ActiveParameters parameters;
        private int tokens;
        private long ids;

        /// Of the last token: routed experts of the last layer looked at, and parameters.
        private int experts;

        private long active;

        Tally(MoeConfig config, ActiveParameters parameters) {
            this.config = config;
            this.parameters = parameters;
        }

        /// Counts the tokens of a session, up to the first that is wrong.
        ///
        /// @return what is wrong with it; empty if nothing is
        String add(TapRecorder recorder, int length) {
            if (!recorder.routedLayers().equals(Set.copyOf(config.moeLayers()))) {
                return "experts: expected of layers " + config.moeLayers() + ", found of "
                        + recorder.routedLayers().stream().sorted().toList();
            }
            for (int layer : config.moeLayers()) {
                if (recorder.experts(layer).length != length) {
                    return "layer " + layer + ": expected experts of " + length + " tokens, found of "
                            + recorder.experts(layer).length;
                }
            }
            for (int t = 0; t < length; t++) {
                String wrong = add(recorder, t, touched(recorder, t));
                if (!wrong.isEmpty()) {
                    return wrong;
                }
            }
            return "";
        }

        private String add(TapRecorder recorder, int t, Map<Integer, Set<Integer>> touched) {
            tokens++;
            active = parameters.counted(touched);
            for (Map.Entry<Integer, Set<Integer>> layer : touched.entrySet()) {
                int[] named = recorder.experts(layer.getKey())[t]; // [k]
                experts = layer.getValue().size();
                if (experts != config.numExpertsPerTok() || named.length != experts) {
                    return "layer " + layer.getKey() + ", token " + t + ": expected " + config.numExpertsPerTok()
                            + " different experts of 0 to " + (config.routedExperts() - 1) + ", found "
                            + Arrays.toString(named);
                }
                ids += named.length;
            }
            return active == parameters.formula()
                    ? ""
                    : "token " + t + ": expected " + parameters.formula() + " active parameters, found " + active;
        }

        /// The different, existing experts that a token goes to, by layer.
        private Map<Integer, Set<Integer>> touched(TapRecorder recorder, int t) {
            Map<Integer, Set<Integer>> touched = new TreeMap<>();
            for (int layer : config.moeLayers()) {
                touched.put(
                        layer,
                        IntStream.of(recorder.experts(layer)[t])
                                .filter(id -> id >= 0 && id < config.routedExperts())
                                .boxed()
                                .collect(Collectors.toCollection(TreeSet::new)));
            }
            return touched;
        }

        List<Count> counts() {
            return tokens == 0
                    ? List.of()
                    : List.of(
                            new Count(
                                    Count.Quantity.EXPERTS_PER_TOKEN,
                                    tokens,
                                    (long) config.numExpertsPerTok() + config.sharedExperts(),
                                    (long) experts + config.sharedExperts()),
                            new Count(Count.Quantity.ACTIVE_PARAMETERS, tokens, parameters.formula(), active));
        }
    }
}
