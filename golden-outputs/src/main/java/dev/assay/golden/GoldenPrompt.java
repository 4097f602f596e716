package dev.assay.golden;

import dev.assay.engine.TapPoint;
import java.util.Map;
import java.util.NavigableMap;

/// A prompt of a case and what the oracle computed for it.
///
/// @param tokens the prompt, `[T]`
/// @param greedy tokens the oracle continues with, greedily
/// @param greedyGap distance of the two largest logits at each of them
/// @param logits `[T][V]`
/// @param taps further values by place, `[T][width]` each, in the order of the computation
/// @param routedExperts expert ids by layer, `[T][k]` each, in descending order of the score they were chosen by
public record GoldenPrompt(
        String id,
        int[] tokens,
        int[] greedy,
        double[] greedyGap,
        double[][] logits,
        NavigableMap<TapPoint, double[][]> taps,
        Map<Integer, int[][]> routedExperts) {}
