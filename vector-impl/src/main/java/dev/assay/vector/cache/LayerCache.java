package dev.assay.vector.cache;

import dev.assay.engine.KvCacheType;
import dev.assay.plan.Mask;

/// The rows that one layer keeps of the positions that it can still see: keys and values of every KV head, or, with
/// one head, latents and rotated keys.
///
/// Rows of a head lie one after another in a ring, position p in slot p mod capacity. A head's two rows of a position
/// may differ in width.
public final class LayerCache {
    private final KvCacheType type;
    private final Mask mask;
    private final int heads;
    private final int keyWidth;
    private final int valueWidth;
    private final int capacity;
    private final Rounded keys; // [heads][capacity][keyWidth]
    private final Rounded values; // [heads][capacity][valueWidth]
    private int first; // the earliest position that can still be seen
    private int end; // behind the last position stored

    /// @param capacity positions held at a time, at least those that one call adds and those that they see
    LayerCache(KvCacheType type, Mask mask, int heads, int keyWidth, int valueWidth, int capacity) {
        this.type = type;
        this.mask = mask;
        this.heads = heads;
        this.keyWidth = keyWidth;
        this.valueWidth = valueWidth;
        this.capacity = capacity;
        this.keys = Rounded.of(type, Math.multiplyExact(heads, capacity), keyWidth);
        this.values = Rounded.of(type, Math.multiplyExact(heads, capacity), valueWidth);
    }

    /// Positions a layer must hold at a time in a session.
    ///
    /// @param batch the most positions that are added before earlier ones may be given up
    static int capacity(Mask mask, int maxContext, int batch) {
        return switch (mask) {
            case Mask.Causal _ -> maxContext;
            case Mask.SlidingWindow(int size) -> (int) Math.min(maxContext, (long) size + batch);
            case Mask.Chunked(int size) -> (int) Math.min(maxContext, (long) size + batch);
        };
    }

    /// Bytes that a cache of this capacity takes, whether positions are held or not.
    static long reservedBytes(KvCacheType type, int heads, int keyWidth, int valueWidth, int capacity) {
        return (long) type.bytes() * heads * capacity * (keyWidth + valueWidth);
    }

    /// Stores a head's rows of a position that is being added. Positions come in ascending order for the first
    /// head.
    public void store(int head, int position, float[] key, int keyOffset, float[] value, int valueOffset) {
        int row = head * capacity + position % capacity;
        keys.store(key, keyOffset, keyWidth, row * keyWidth);
        values.store(value, valueOffset, valueWidth, row * valueWidth);
    }

    /// Counts the positions up to this one, which all heads have stored or are about to, as held. For one thread.
    public void hold(int position) {
        end = position + 1;
    }

    /// Positions from `position` on that lie one after another.
    public int contiguous(int position) {
        return capacity - position % capacity;
    }

    /// Keys of `count` positions from `position` on, which must be [#contiguous]: the array that holds them.
    public float[] keys(int head, int position, int count, float[] scratch) {
        return keys.read(row(head, position) * keyWidth, count * keyWidth, scratch);
    }

    /// Where the first of them stands in it.
    public int keysOffset(int head, int position) {
        return keys.offset(row(head, position) * keyWidth);
    }

    /// As [#keys].
    public float[] values(int head, int position, int count, float[] scratch) {
        return values.read(row(head, position) * valueWidth, count * valueWidth, scratch);
    }

    public int valuesOffset(int head, int position) {
        return values.offset(row(head, position) * valueWidth);
    }

    private int row(int head, int position) {
        return head * capacity + position % capacity;
    }

    /// Gives up positions that no later query sees.
    void forget() {
        if (end > 0) {
            first = (int) (end - mask.visible(end - 1L));
        }
    }

    void clear() {
        first = 0;
        end = 0;
    }

    /// Bytes of the positions held.
    long bytes() {
        return (long) (end - first) * heads * (keyWidth + valueWidth) * type.bytes();
    }
}
