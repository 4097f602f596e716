package dev.assay.kernels;

import dev.assay.config.AttentionType;
import dev.assay.config.HiddenActivation;
import dev.assay.config.Qwen3Config;
import dev.assay.config.RopeParameters;
import dev.assay.engine.KvCacheType;
import dev.assay.engine.TapListener;
import dev.assay.plan.DecoderPlan;
import dev.assay.plan.GroupedQueryAttention;
import dev.assay.plan.Mask;
import dev.assay.plan.planner.Planners;
import dev.assay.reference.math.ScalarMath;
import dev.assay.vector.cache.LayerCache;
import dev.assay.vector.cache.SessionCache;
import dev.assay.vector.stage.Buffer;
import dev.assay.vector.stage.GroupedQueryStage;
import dev.assay.vector.stage.Layout;
import dev.assay.vector.stage.Pass;
import dev.assay.vector.thread.Workers;
import java.util.List;
import org.openjdk.jmh.annotations.Param;

/// Softmax attention of all query heads over the cache, for the last tokens of a context.
///
/// One token takes a row of the cache at a time for several heads; its bound is reading the cache from memory. Several
/// tokens take a block of keys at a time for a panel of queries; their bound is multiply-adds. Exponentials are not
/// counted as operations.
public abstract class Attention extends KernelBenchmark {
    @Param({"FLOAT32", "BFLOAT16"})
    public KvCacheType cache = KvCacheType.FLOAT32;

    @Param("16")
    public int queryHeads;

    @Param("8")
    public int kvHeads;

    @Param("128")
    public int headDim;

    final Pair pair(int tokens, int context) {
        DecoderPlan plan = Planners.plan(config(context));
        var attention = (GroupedQueryAttention) plan.layers().getFirst().mixer();
        SessionCache session = new SessionCache(plan, cache, context, tokens);
        LayerCache layer = session.layer(0);
        fill(layer, context);
        Pass pass = pass(session, tokens, context);
        float[] queries = pass.buffer(Buffer.QUERY);
        System.arraycopy(Numbers.normal(queries.length, 3), 0, queries, 0, queries.length);
        GroupedQueryStage stage = new GroupedQueryStage(0, attention);

        float[][] queryRows = Numbers.rows(queries, headDim);
        float[][][] keys = new float[kvHeads][][]; // [kvHeads][context][headDim], as the cache rounds them
        float[][][] values = new float[kvHeads][][];
        for (int h = 0; h < kvHeads; h++) {
            float[] room = new float[context * headDim];
            float[] stored = layer.keys(h, 0, context, room);
            keys[h] = Numbers.rows(ScalarMath.slice(stored, layer.keysOffset(h, 0), context * headDim), headDim);
            stored = layer.values(h, 0, context, room);
            values[h] = Numbers.rows(ScalarMath.slice(stored, layer.valuesOffset(h, 0), context * headDim), headDim);
        }
        long seen = attention.mask().visibleInTotal(context) - attention.mask().visibleInTotal(context - (long) tokens);
        return new Pair(
                () -> {
                    stage.run(pass);
                    return pass.buffer(Buffer.CONTEXT);
                },
                () -> attend(queryRows, keys, values, context - tokens, attention.mask(), attention.scale()),
                Work.inMemory(
                        2L * cache.bytes() * kvHeads * context * headDim + 2L * Float.BYTES * queries.length,
                        4L * queryHeads * headDim * seen),
                // A score is off by as much, and so is a weight, relatively; results are averages of normal numbers.
                4 * attention.scale() * Numbers.toleranceOfSum(headDim));
    }

    /// One layer with this attention; its other sizes are as small as they may be.
    private Qwen3Config config(int context) {
        return new Qwen3Config(
                1,
                1,
                1,
                1,
                queryHeads,
                kvHeads,
                headDim,
                HiddenActivation.SILU,
                context,
                1e-6,
                true,
                false,
                List.of(AttentionType.FULL),
                null,
                new RopeParameters.Default(10_000));
    }

    private void fill(LayerCache layer, int context) {
        float[] keys = Numbers.normal(kvHeads * context * headDim, 1);
        float[] values = Numbers.normal(kvHeads * context * headDim, 2);
        for (int position = 0; position < context; position++) {
            for (int h = 0; h < kvHeads; h++) {
                int at = (position * kvHeads + h) * headDim;
                layer.store(h, position, keys, at, values, at);
            }
            layer.hold(position);
        }
    }

    /// A pass of one thread over the last tokens of the context.
    @SuppressWarnings("MustBeClosedChecker") // One thread: there is nothing to close.
    private Pass pass(SessionCache session, int tokens, int context) {
        Layout layout = new Layout();
        layout.needs(Buffer.QUERY, queryHeads * headDim);
        layout.needs(Buffer.CONTEXT, queryHeads * headDim);
        layout.needsAttention(headDim, headDim, queryHeads / kvHeads);
        Pass pass = new Pass(layout, new Workers(1), session, TapListener.NONE, tokens, context);
        pass.begin(new int[tokens], 0, tokens, context - tokens);
        return pass;
    }

    /// The twin: `queries` is `[tokens · queryHeads][headDim]`, as is the result, flat.
    private float[] attend(
            float[][] queries, float[][][] keys, float[][][] values, int start, Mask mask, double scale) {
        float[][] results = new float[queries.length][headDim];
        for (int i = 0; i < queries.length; i++) {
            int position = start + i / queryHeads;
            int kvHead = i % queryHeads / (queryHeads / kvHeads);
            int visible = Math.toIntExact(mask.visible(position));
            int first = position + 1 - visible;
            double[] scores = new double[visible];
            for (int s = 0; s < visible; s++) {
                scores[s] = scale * ScalarMath.dot(queries[i], keys[kvHead][first + s]);
            }
            double[] weights = ScalarMath.softmax(scores);
            double[] sum = new double[headDim];
            for (int s = 0; s < visible; s++) {
                for (int d = 0; d < headDim; d++) {
                    sum[d] += weights[s] * values[kvHead][first + s][d];
                }
            }
            for (int d = 0; d < headDim; d++) {
                results[i][d] = (float) sum[d];
            }
        }
        return Numbers.flat(results);
    }
}
