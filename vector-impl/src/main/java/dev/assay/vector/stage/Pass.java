package dev.assay.vector.stage;

import dev.assay.engine.TapListener;
import dev.assay.vector.cache.SessionCache;
import dev.assay.vector.kernel.Panels;
import dev.assay.vector.thread.Workers;
import dev.assay.vector.weight.Operand;
import dev.assay.vector.weight.Scratch;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;

/// What stages work on: the tokens of a pass, the session's cache, and room for intermediate values. Allocated once a
/// session, so that a pass allocates nothing.
public final class Pass {
    final Workers workers;
    final SessionCache cache;
    final TapListener taps;
    /// Most tokens of a pass.
    final int batch;
    final Operand operand;
    /// A batch in [panels][Panels].
    final float[] panels;
    /// Latents of all positions in panels.
    final float[] latentPanels;
    final Scratch[] scratch; // [threads]
    final AttentionScratch[] attention; // [threads]
    final Routing routing;
    /// Rows 0, 1, 2 and so on.
    final int[] inOrder;
    /// Token ids of this pass.
    final int[] ids;
    /// cos and sin of the angles of this pass, for each distinct rotary: `[tokens][pairs]`.
    final float[][] cos;
    final float[][] sin;
    private final Map<Buffer, float[]> buffers = new EnumMap<>(Buffer.class);
    private int tokens;
    private int rows;
    private int start;

    public Pass(Layout layout, Workers workers, SessionCache cache, TapListener taps, int batch, int maxContext) {
        this.workers = workers;
        this.cache = cache;
        this.taps = taps;
        this.batch = batch;
        this.operand = new Operand(layout.widest());
        this.panels = new float[batch == 1 ? 0 : Math.multiplyExact(Panels.lanes(batch), layout.widest())];
        int latentLanes = batch == 1 ? 0 : Panels.lanes(maxContext);
        this.latentPanels = new float[Math.multiplyExact(latentLanes, layout.latentWidth())];
        this.scratch = new Scratch[workers.threads()];
        this.attention = new AttentionScratch[workers.threads()];
        for (int i = 0; i < scratch.length; i++) {
            scratch[i] = new Scratch(layout.widest());
            attention[i] = new AttentionScratch(layout, batch, maxContext);
        }
        this.routing = new Routing(batch, layout.experts(), layout.topK());
        this.inOrder = new int[Math.max(batch, maxContext)];
        for (int i = 0; i < inOrder.length; i++) {
            inOrder[i] = i;
        }
        this.ids = new int[batch];
        this.cos = new float[layout.rotaryPairs().size()][];
        this.sin = new float[cos.length][];
        for (int i = 0; i < cos.length; i++) {
            cos[i] = new float[batch * layout.rotaryPairs().get(i)];
            sin[i] = new float[batch * layout.rotaryPairs().get(i)];
        }
        for (Buffer buffer : Buffer.values()) {
            buffers.put(buffer, new float[Math.multiplyExact(batch, layout.width(buffer))]);
        }
    }

    /// Begins a pass over `tokens` tokens, the first at position `start`.
    public void begin(int[] from, int fromOffset, int tokens, int start) {
        System.arraycopy(from, fromOffset, ids, 0, tokens);
        this.tokens = tokens;
        this.rows = tokens;
        this.start = start;
    }

    /// Tokens of this pass.
    int tokens() {
        return tokens;
    }

    /// Position of the first of them.
    int start() {
        return start;
    }

    /// Rows that stages work on: all tokens, or those of the expert whose turn it is.
    int rows() {
        return rows;
    }

    void selectRows(int count) {
        rows = count;
    }

    /// Whether anyone wants intermediate values.
    boolean isTapped() {
        return !taps.equals(TapListener.NONE);
    }

    public float[] buffer(Buffer buffer) {
        return Objects.requireNonNull(buffers.get(buffer));
    }
}
