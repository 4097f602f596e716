package dev.assay.vector.stage;

import dev.assay.plan.Rotary;
import dev.assay.vector.kernel.Panels;
import dev.assay.vector.weight.Scratch;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/// How much room the stages of a program need, gathered while they are made.
public final class Layout {
    private final Map<Buffer, Integer> widths = new EnumMap<>(Buffer.class);
    private final List<Rotary> rotaries = new ArrayList<>();
    private int widest = 1;
    private int experts;
    private int topK;
    private int keyWidth;
    private int valueWidth;
    private int group = 1;
    private int latentWidth;
    private int latentKeyWidth;
    private int latentValueWidth;

    /// Numbers of a row of a buffer; of all stages that use it, the most.
    int width(Buffer buffer) {
        return widths.getOrDefault(buffer, 0);
    }

    public void needs(Buffer buffer, int width) {
        widths.merge(buffer, width, Math::max);
        needsOperand(width);
    }

    /// Numbers of the longest vector that is multiplied.
    int widest() {
        return widest;
    }

    void needsOperand(int length) {
        widest = Math.max(widest, length);
    }

    int experts() {
        return experts;
    }

    int topK() {
        return topK;
    }

    void needsRouting(int ofExperts, int chosen) {
        experts = Math.max(experts, ofExperts);
        topK = Math.max(topK, chosen);
    }

    /// Widest key of any head.
    int keyWidth() {
        return keyWidth;
    }

    /// Widest value of any head.
    int valueWidth() {
        return valueWidth;
    }

    /// Most query heads that share a KV head.
    int group() {
        return group;
    }

    public void needsAttention(int key, int value, int heads) {
        keyWidth = Math.max(keyWidth, key);
        valueWidth = Math.max(valueWidth, value);
        group = Math.max(group, heads);
    }

    /// Numbers of a latent; 0 without multi-head latent attention.
    int latentWidth() {
        return latentWidth;
    }

    /// Numbers of a key and of a value of a head that are made from a latent.
    int latentKeyWidth() {
        return latentKeyWidth;
    }

    int latentValueWidth() {
        return latentValueWidth;
    }

    void needsLatents(int latent, int key, int value) {
        latentWidth = Math.max(latentWidth, latent);
        latentKeyWidth = Math.max(latentKeyWidth, key);
        latentValueWidth = Math.max(latentValueWidth, value);
    }

    /// The table of a rotary: equal ones share it.
    int rotary(Rotary rotary) {
        int index = rotaries.indexOf(rotary);
        if (index < 0) {
            rotaries.add(rotary);
            index = rotaries.size() - 1;
        }
        return index;
    }

    List<Rotary> rotaries() {
        return rotaries;
    }

    List<Integer> rotaryPairs() {
        return rotaries.stream()
                .map(rotary -> rotary.inverseFrequencies().length)
                .toList();
    }

    /// Bytes that the arrays of a [Pass] take, but for small ones.
    long bytes(int threads, int batch, int maxContext) {
        long numbers = 0;
        for (int width : widths.values()) {
            numbers += (long) batch * width;
        }
        if (batch > 1) {
            numbers += (long) Panels.lanes(batch) * widest + (long) Panels.lanes(maxContext) * latentWidth;
        }
        return Float.BYTES * numbers
                + threads * (AttentionScratch.bytes(this, batch, maxContext) + Scratch.bytes(widest));
    }
}
