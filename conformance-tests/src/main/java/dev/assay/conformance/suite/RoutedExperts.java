package dev.assay.conformance.suite;

import dev.assay.engine.Capability;
import dev.assay.engine.Session;
import dev.assay.golden.GoldenCase;
import dev.assay.golden.GoldenPrompt;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;

/// Each token goes to the experts the oracle sends it to. The generator refuses a case whose routing is closer to a
/// tie than rounding could decide, so the sets must be equal.
final class RoutedExperts implements Check {
    @Override
    public String id() {
        return "routed-experts";
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
        return golden.prompts().stream()
                .anyMatch(prompt -> !prompt.routedExperts().isEmpty());
    }

    @Override
    public long expectedElements(CaseUnderTest subject) {
        return subject.golden().prompts().stream()
                .flatMap(prompt -> prompt.routedExperts().values().stream())
                .mapToLong(
                        rows -> Arrays.stream(rows).mapToLong(row -> row.length).sum())
                .sum();
    }

    @Override
    public Finding run(CaseUnderTest subject) {
        long elements = 0;
        for (GoldenPrompt prompt : subject.golden().prompts()) {
            if (prompt.routedExperts().isEmpty()) {
                continue;
            }
            TapRecorder recorder = new TapRecorder();
            try (Session session = subject.open(prompt.tokens().length, recorder)) {
                session.prefill(prompt.tokens());
            }
            for (Map.Entry<Integer, int[][]> layer : prompt.routedExperts().entrySet()) {
                int[][] expected = layer.getValue(); // [T][k]
                int[][] actual = recorder.experts(layer.getKey()); // [T][k]
                for (int t = 0; t < expected.length; t++) {
                    if (t >= actual.length || !Arrays.equals(sorted(expected[t]), sorted(actual[t]))) {
                        return new Finding.Violated(
                                elements,
                                "layer " + layer.getKey() + ", prompt " + prompt.id() + ", token " + t
                                        + ": expected experts " + Arrays.toString(expected[t]) + ", found "
                                        + (t >= actual.length ? "none" : Arrays.toString(actual[t])));
                    }
                    elements += expected[t].length;
                }
            }
        }
        return new Finding.Equal(elements);
    }

    private static int[] sorted(int[] ids) {
        int[] sorted = ids.clone();
        Arrays.sort(sorted);
        return sorted;
    }
}
