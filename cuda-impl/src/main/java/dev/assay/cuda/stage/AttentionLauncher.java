package dev.assay.cuda.stage;

import static dev.assay.cuda.stage.Launches.args;

import dev.assay.cuda.driver.Device;
import dev.assay.cuda.driver.Launch;
import dev.assay.engine.KvCacheType;
import dev.assay.plan.Mask;
import dev.assay.plan.Rotary;

/// Launches what happens between the products that make queries, keys and values and the one that takes what attention
/// made of them. For the device's thread.
final class AttentionLauncher {
    /// Threads of a block of attention; a head's values are at most eight times as many.
    static final int ATTENTION_THREADS = 128;

    /// `HEADS_A_BLOCK` of attention.cu is at least so many.
    private static final int HEADS_A_BLOCK = 4;
    /// Of attention.cu.
    private static final int LATENT_WARPS = 8;

    private static final int HEADS_OF_LATENTS = 16;
    private static final int KEYS_OF_LATENTS = 32;
    private static final int ROW_GAP_BYTES = 16;
    /// Positions that are worth a part of their own.
    private static final int POSITIONS_A_PART = 64;

    private final Device device;
    private final Launches launches;
    private final SessionMemory memory;
    private final KvCacheType cacheType;
    private final int maxContext;
    private final FlashLauncher flash;
    private final LatentLauncher latents;
    private final AttendOneLauncher attendOne;

    /// @param products that expand latents
    AttentionLauncher(
            Device device,
            Launches launches,
            KvCacheType cacheType,
            Activations activations,
            int maxContext,
            LatentLauncher.Products products) {
        this.device = device;
        this.launches = launches;
        this.memory = launches.memory();
        this.cacheType = cacheType;
        this.maxContext = maxContext;
        this.flash = new FlashLauncher(device, launches.kernels(), launches.stream(), cacheType, activations);
        this.attendOne = new AttendOneLauncher(device, launches.kernels(), launches.stream(), cacheType);
        this.latents = new LatentLauncher(
                device, launches.kernels(), launches.stream(), cacheType, activations, memory.expansion(), products);
    }

    void prepareHeads(Stage.PrepareHeads prepare, int tokens) {
        boolean caches = prepare.kvHeads() > 0;
        LayerCache cache = caches ? memory.cache(prepare.layer()) : null;
        launches.launch(
                "attention",
                "prepare_heads_" + cacheSuffix(),
                Math.ceilDiv(prepare.queryHeads() + 2 * prepare.kvHeads(), HEADS_A_BLOCK),
                tokens,
                1,
                HEADS_A_BLOCK * Launches.WARP,
                0,
                args(
                        launches.rows(prepare.x()),
                        prepare.queryHeads(),
                        prepare.kvHeads(),
                        prepare.headDim(),
                        norms(prepare),
                        turn(prepare.rotary()),
                        memory.heat(prepare.temperature()),
                        cache == null ? 0 : cache.keys(),
                        cache == null ? 0 : cache.values(),
                        cache == null ? 1 : cache.capacity(),
                        memory.pass()));
    }

    private static long[] norms(Stage.PrepareHeads prepare) {
        return args(
                RowNorm.gain(prepare.queryNorm()),
                RowNorm.gain(prepare.keyNorm()),
                RowNorm.gain(prepare.valueNorm()),
                RowNorm.eps(prepare.queryNorm()),
                RowNorm.eps(prepare.keyNorm()),
                RowNorm.eps(prepare.valueNorm()),
                Launch.of(prepare.normAfter().map(Double::floatValue).orElse(-1f)));
    }

    void prepareLatents(Stage.PrepareLatents prepare, int tokens) {
        LayerCache cache = memory.cache(prepare.layer());
        launches.launch(
                "attention",
                "prepare_latents_" + cacheSuffix(),
                Math.ceilDiv(prepare.heads() + 1, HEADS_A_BLOCK),
                tokens,
                1,
                HEADS_A_BLOCK * Launches.WARP,
                0,
                args(
                        launches.rows(prepare.queries()),
                        prepare.heads(),
                        prepare.nope(),
                        prepare.rope(),
                        launches.rows(prepare.compressed()),
                        prepare.latent(),
                        turn(prepare.rotary()),
                        cache.keys(),
                        cache.capacity(),
                        memory.pass()));
    }

    /// prepare_heads, attend and join_parts at once.
    void attendOne(Stage.PrepareHeads prepare, Stage.Attend attend) {
        if (!attendOne.canAttend(attend)) {
            prepareHeads(prepare, 1);
            attend(attend, 1);
            return;
        }
        LayerCache cache = memory.cache(attend.layer());
        attendOne.attend(
                attend,
                new AttendOneLauncher.Operands(
                        memory.address(attend.queries()),
                        memory.address(attend.to()),
                        norms(prepare),
                        turn(prepare.rotary()),
                        memory.heat(prepare.temperature()),
                        cache.keys(),
                        cache.values(),
                        prepare.kvHeads() > 0,
                        cache.capacity(),
                        memory.partials(),
                        memory.arrived(),
                        memory.pass()),
                parts(attend, AttendOneLauncher.blocks(attend), device.multiprocessors(), POSITIONS_A_PART));
    }

    void attend(Stage.Attend attend, int tokens) {
        LayerCache cache = memory.cache(attend.layer());
        boolean ofLatents = cache.values() == cache.keys();
        int sharedBytes = HEADS_OF_LATENTS * attend.keyWidth() * Float.BYTES
                + KEYS_OF_LATENTS * (attend.keyWidth() * cacheType.bytes() + ROW_GAP_BYTES);
        if (tokens == 1
                && ofLatents
                && attend.keyWidth() % Launches.EIGHT == 0
                && attend.valueWidth() % Launches.EIGHT == 0
                && sharedBytes <= device.sharedBytes()) {
            attendLatentsOne(attend, cache, sharedBytes);
        } else if (flash.canAttend(attend, tokens)) {
            flash.attend(
                    attend,
                    new FlashLauncher.Operands(
                            memory.address(attend.queries()),
                            memory.stride(attend.queries()),
                            memory.address(attend.to()),
                            memory.stride(attend.to()),
                            cache.keys(),
                            cache.values(),
                            cache.capacity(),
                            memory.pass()),
                    tokens);
        } else {
            attendAll(attend, cache, ofLatents ? attend.keyWidth() : attend.valueWidth(), tokens);
        }
    }

    /// Whether latents are expanded for such a pass; otherwise queries absorb what would expand them.
    boolean canExpand(Stage.AttendLatents attend, int tokens) {
        return latents.canAttend(attend, tokens);
    }

    void attendLatents(Stage.AttendLatents attend, int start, int tokens) {
        LayerCache cache = memory.cache(attend.attend().layer());
        View queries = attend.absorb().queries();
        View to = attend.expand().to();
        latents.attend(
                attend,
                new LatentLauncher.Operands(
                        memory.address(queries),
                        memory.stride(queries),
                        memory.address(to),
                        memory.stride(to),
                        cache.keys(),
                        cache.capacity(),
                        memory.pass()),
                start,
                tokens);
    }

    private void attendLatentsOne(Stage.Attend attend, LayerCache cache, int sharedBytes) {
        int groups = Math.ceilDiv(attend.heads(), HEADS_OF_LATENTS);
        int parts = parts(attend, groups, device.multiprocessors(), KEYS_OF_LATENTS);
        launches.launch(
                "attention",
                "attend_latents_one_" + cacheSuffix(),
                groups,
                parts,
                1,
                LATENT_WARPS * Launches.WARP,
                sharedBytes,
                args(
                        memory.address(attend.queries()),
                        attend.heads(),
                        cache.keys(),
                        attend.keyWidth(),
                        attend.valueWidth(),
                        Launch.of((float) attend.scale()),
                        mask(attend.mask()),
                        cache.capacity(),
                        memory.partials(),
                        memory.pass()));
        joinParts(attend, parts);
    }

    private void attendAll(Stage.Attend attend, LayerCache cache, int valueStride, int tokens) {
        int parts = tokens == 1 ? parts(attend, attend.heads(), 2 * device.multiprocessors(), POSITIONS_A_PART) : 1;
        int sharedNumbers = Math.ceilDiv(attend.keyWidth(), 4) * 4 + ATTENTION_THREADS;
        launches.launch(
                "attention",
                "attend_" + cacheSuffix(),
                attend.heads(),
                tokens,
                parts,
                ATTENTION_THREADS,
                sharedNumbers * Float.BYTES,
                args(
                        launches.rows(attend.to()),
                        launches.rows(attend.queries()),
                        cache.keys(),
                        cache.values(),
                        attend.keyWidth(),
                        attend.valueWidth(),
                        valueStride,
                        attend.heads() / attend.kvHeads(),
                        attend.kvHeads(),
                        Launch.of((float) attend.scale()),
                        mask(attend.mask()),
                        cache.capacity(),
                        memory.partials(),
                        memory.pass()));
        if (parts > 1) {
            joinParts(attend, parts);
        }
    }

    private void joinParts(Stage.Attend attend, int parts) {
        launches.launch(
                "attention",
                "join_parts",
                attend.heads(),
                1,
                1,
                ATTENTION_THREADS,
                0,
                args(memory.address(attend.to()), memory.partials(), parts, attend.valueWidth()));
    }

    /// How many blocks share the positions of each of `groups` blocks of heads: enough that there are `wanted`
    /// blocks in all, none with fewer positions than are worth it.
    private int parts(Stage.Attend attend, int groups, int wanted, int worth) {
        long visible = attend.mask().visible(maxContext - 1L);
        return Math.clamp(Math.min(Math.ceilDiv(visible, worth), wanted / groups), 1, SessionMemory.MAX_PARTS);
    }

    /// `CAUSAL`, `SLIDING` and `CHUNKED` of device.h, and how many positions.
    static long[] mask(Mask mask) {
        return switch (mask) {
            case Mask.Causal _ -> new long[] {0, 0};
            case Mask.SlidingWindow(int size) -> new long[] {1, size};
            case Mask.Chunked(int size) -> new long[] {2, size};
        };
    }

    /// `NOT_TURNED`, `HALF_SPLIT` and `INTERLEAVED` of attention.cu, number of pairs, cosines and sines.
    private long[] turn(Rotary rotary) {
        SessionMemory.Table table = memory.table(rotary);
        int kind = switch (rotary) {
            case Rotary.None _ -> 0;
            case Rotary.HalfSplit _ -> 1;
            case Rotary.Interleaved _ -> 2;
        };
        return new long[] {kind, table.pairs(), table.cosines(), table.sines()};
    }

    private String cacheSuffix() {
        return switch (cacheType) {
            case FLOAT32 -> "f32";
            case BFLOAT16 -> "bf16";
        };
    }
}
