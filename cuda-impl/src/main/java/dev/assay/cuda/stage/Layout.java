package dev.assay.cuda.stage;

import dev.assay.plan.Rotary;
import dev.assay.plan.Temperature;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/// How much room the stages of a program need, gathered while they are made.
final class Layout {
    /// Rows begin at multiples of so many numbers, so that kernels can read them in groups.
    private static final int ALIGNMENT = 8;

    private final Map<Buffer, Integer> widths = new EnumMap<>(Buffer.class);
    private final List<Rotary> rotaries = new ArrayList<>();
    private final List<Temperature> temperatures = new ArrayList<>();
    private int partialNumbers;
    private int experts;
    private int heads;
    private Expansion.Shape expansion = Expansion.Shape.NONE;

    /// Numbers of a token's row of a buffer; of all stages that use it, the most.
    int width(Buffer buffer) {
        return widths.getOrDefault(buffer, 0);
    }

    void needs(Buffer buffer, int width) {
        widths.merge(buffer, Math.ceilDiv(width, ALIGNMENT) * ALIGNMENT, Math::max);
    }

    /// Room for inputs of products of many tokens.
    ///
    /// @param perToken rows of a token
    void needsPlanes(int perToken, int columns) {
        needs(Buffer.PLANES, Math.multiplyExact(perToken, columns));
        needs(Buffer.FACTORS, perToken);
    }

    /// The most experts of a layer.
    int experts() {
        return experts;
    }

    void needsExperts(int count) {
        experts = Math.max(experts, count);
    }

    /// Numbers that attention of one token needs for each part of its positions: of all heads, their results and
    /// two.
    int partialNumbers() {
        return partialNumbers;
    }

    /// Query heads of the attention that has the most.
    int heads() {
        return heads;
    }

    void needsPartials(int queryHeads, int valueWidth) {
        partialNumbers = Math.max(partialNumbers, Math.multiplyExact(queryHeads, valueWidth + 2));
        heads = Math.max(heads, queryHeads);
    }

    /// Heads that latents are expanded to.
    Expansion.Shape expansion() {
        return expansion;
    }

    void needs(Expansion.Shape shape) {
        expansion = expansion.or(shape);
    }

    /// Distinct rotaries: each has a table.
    List<Rotary> rotaries() {
        return rotaries;
    }

    /// Distinct temperatures: each has a table.
    List<Temperature> temperatures() {
        return temperatures;
    }

    void needs(Rotary rotary) {
        if (!rotaries.contains(rotary)) {
            rotaries.add(rotary);
        }
    }

    void needs(Temperature temperature) {
        if (!temperatures.contains(temperature)) {
            temperatures.add(temperature);
        }
    }

    /// Numbers of all buffers for each token of a batch.
    long numbersAToken() {
        return widths.values().stream().mapToLong(Integer::longValue).sum();
    }
}
