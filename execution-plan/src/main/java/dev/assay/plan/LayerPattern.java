package dev.assay.plan;

import java.util.ArrayList;
import java.util.List;

/// The layers of a plan, alike ones under one letter.
///
/// @param kinds the first layer of each kind
/// @param sequence the kind of each layer
record LayerPattern(List<Integer> kinds, List<Integer> sequence) {
    static LayerPattern of(List<Layer> layers) {
        List<Integer> kinds = new ArrayList<>();
        List<Integer> sequence = new ArrayList<>();
        for (int i = 0; i < layers.size(); i++) {
            int kind = 0;
            while (kind < kinds.size() && !layers.get(kinds.get(kind)).alike(layers.get(i))) {
                kind++;
            }
            if (kind == kinds.size()) {
                kinds.add(i);
            }
            sequence.add(kind);
        }
        return new LayerPattern(List.copyOf(kinds), List.copyOf(sequence));
    }

    static String letter(int kind) {
        return kind < 26 ? String.valueOf((char) ('A' + kind)) : "A" + (kind - 25);
    }

    /// Layers of a kind, as `0-4, 6`.
    String layersOf(int kind) {
        List<String> runs = new ArrayList<>();
        for (int start = 0; start < sequence.size(); ) {
            int end = runEnd(sequence, start);
            if (sequence.get(start) == kind) {
                runs.add(end - start == 1 ? "" + start : start + "-" + (end - 1));
            }
            start = end;
        }
        return String.join(", ", runs);
    }

    /// The whole sequence, runs and repetitions folded: `(A×5 B)×10 A×2`.
    @Override
    public String toString() {
        int layers = sequence.size();
        for (int period = 1; period <= layers / 2; period++) {
            if (repeats(period)) {
                int rest = layers % period;
                String once = runs(sequence.subList(0, period));
                String folded = (period == 1 ? once : "(" + once + ")") + "×" + layers / period;
                return rest == 0 ? folded : folded + " " + runs(sequence.subList(0, rest));
            }
        }
        return runs(sequence);
    }

    private boolean repeats(int period) {
        for (int i = period; i < sequence.size(); i++) {
            if (!sequence.get(i).equals(sequence.get(i - period))) {
                return false;
            }
        }
        return true;
    }

    private static String runs(List<Integer> kinds) {
        List<String> runs = new ArrayList<>();
        for (int start = 0; start < kinds.size(); ) {
            int end = runEnd(kinds, start);
            runs.add(letter(kinds.get(start)) + (end - start == 1 ? "" : "×" + (end - start)));
            start = end;
        }
        return String.join(" ", runs);
    }

    private static int runEnd(List<Integer> kinds, int start) {
        int end = start + 1;
        while (end < kinds.size() && kinds.get(end).equals(kinds.get(start))) {
            end++;
        }
        return end;
    }
}
