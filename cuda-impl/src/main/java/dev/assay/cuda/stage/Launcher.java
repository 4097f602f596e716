package dev.assay.cuda.stage;

import dev.assay.config.HiddenActivation;
import dev.assay.cuda.driver.CublasHandle;
import dev.assay.cuda.driver.Device;
import dev.assay.cuda.driver.KernelImage;
import dev.assay.cuda.driver.Launch;
import dev.assay.cuda.driver.Stream;
import dev.assay.cuda.weight.DeviceExperts;
import dev.assay.cuda.weight.DeviceMatrix;
import dev.assay.engine.KvCacheType;
import dev.assay.plan.Mask;
import dev.assay.plan.OutputHead;
import dev.assay.plan.Rotary;
import dev.assay.plan.Router;
import java.util.Optional;

/// Launches stages for one session. For the device's thread.
final class Launcher {
    /// Threads of a block of attention; a head's values are at most eight times as many.
    static final int ATTENTION_THREADS = 128;

    private static final int WARP = 32;
    private static final int THREADS = 128;
    private static final int WARPS = THREADS / WARP;
    /// Threads of a block that treats a whole row.
    private static final int ROW_THREADS = 256;
    /// The same of norms, whose number of threads suits the row: each warp adds up what all have found.
    static final int MOST_NORM_THREADS = 256;
    /// `HEADS_A_BLOCK` of attention.cu is at least so many.
    private static final int HEADS_A_BLOCK = 4;
    /// Threads of a block that takes keys of latents into queries: eight numbers of each latent a thread.
    private static final int ABSORB_THREADS = 512;
    /// Numbers that a lane reads at a time.
    private static final int EIGHT = 8;
    /// Of attention.cu.
    private static final int LATENT_WARPS = 8;

    private static final int HEADS_OF_LATENTS = 16;
    private static final int KEYS_OF_LATENTS = 32;
    private static final int ROW_GAP_BYTES = 16;
    /// `TOKENS` of linear.cu.
    private static final int TOKENS_A_WARP = 8;
    /// Positions that are worth a part of their own.
    private static final int POSITIONS_A_PART = 64;

    private final Device device;
    private final KernelImage kernels;
    private final Stream stream;
    private final SessionMemory memory;
    private final KvCacheType cacheType;
    private final int maxContext;
    private final TileLauncher tiles;
    private final FlashLauncher flash;
    private final LatentLauncher latents;
    private final AttendOneLauncher attendOne;

    Launcher(
            Device device,
            KernelImage kernels,
            Stream stream,
            SessionMemory memory,
            KvCacheType cacheType,
            Activations activations,
            Optional<CublasHandle> cublas,
            int maxContext) {
        this.device = device;
        this.kernels = kernels;
        this.stream = stream;
        this.memory = memory;
        this.cacheType = cacheType;
        this.maxContext = maxContext;
        this.tiles = new TileLauncher(
                device,
                kernels,
                stream,
                activations,
                cublas.map(handle -> new CublasLauncher(handle, kernels, stream, activations, memory.cublas())),
                new TileLauncher.Places(
                        memory.address(Buffer.PLANES),
                        memory.address(Buffer.FACTORS),
                        memory.addressIfAny(Buffer.EXPERT_ORDER),
                        memory.expertTiles()));
        this.flash = new FlashLauncher(device, kernels, stream, cacheType, activations);
        this.attendOne = new AttendOneLauncher(device, kernels, stream, cacheType);
        this.latents = new LatentLauncher(
                device,
                kernels,
                stream,
                cacheType,
                activations,
                memory.expansion(),
                (w, from, fromStride, to, toStride, rows) -> multiply(w, 0, from, fromStride, to, toStride, rows));
    }

    /// Appends a stage for a pass of one token, wherever it is.
    void launchOne(Stage stage) {
        launch(stage, 0, 1);
    }

    /// Appends a stage for a pass of `tokens` tokens.
    ///
    /// @param start position of the first; of one token no stage asks for it
    void launch(Stage stage, int start, int tokens) {
        switch (stage) {
            case Stage.Embed(DeviceMatrix table, double scale, View to) ->
                elementwise(
                        "tokens",
                        "embed_" + table.type().suffix(),
                        table.columns(),
                        tokens,
                        args(rows(to), matrix(table), Launch.of((float) scale), memory.pass()));
            case Stage.AddPosition(DeviceMatrix table, View to) ->
                elementwise(
                        "tokens",
                        "add_position_" + table.type().suffix(),
                        table.columns(),
                        tokens,
                        args(rows(to), matrix(table), memory.pass()));
            case Stage.AddPerLayer(DeviceMatrix table, double tableScale, double sumScale, View x) ->
                elementwise(
                        "tokens",
                        "add_per_layer_" + table.type().suffix(),
                        table.columns(),
                        tokens,
                        args(
                                rows(x),
                                matrix(table),
                                Launch.of((float) tableScale),
                                Launch.of((float) sumScale),
                                memory.pass()));
            case Stage.Normalise normalise -> normalise(normalise, tokens);
            case Stage.Multiply(DeviceMatrix weight, long bias, View from, View to) ->
                multiply(
                        weight,
                        bias,
                        memory.address(from),
                        memory.stride(from),
                        memory.address(to),
                        memory.stride(to),
                        tokens);
            case Stage.MultiplyMade made -> multiplyMade(made, start, tokens);
            case Stage.MultiplyFused(
                    Stage.Multiply product,
                    Optional<RowNorm.Rms> norm,
                    Optional<View> normalised,
                    Optional<View> residual) ->
                multiplyOne(
                        product.weight(),
                        product.bias(),
                        memory.address(product.from()),
                        norm,
                        normalised.map(memory::address).orElse(0L),
                        memory.address(product.to()),
                        residual.map(memory::address).orElse(0L));
            case Stage.MultiplyGated(
                    Stage.Multiply product,
                    Optional<RowNorm.Rms> norm,
                    HiddenActivation activation,
                    int width) ->
                launchUnits(
                        "multiply_gated_one_" + product.weight().type().suffix(),
                        Shares.of(product.weight(), width, 2, 1, device),
                        args(
                                memory.address(product.to()),
                                memory.address(product.from()),
                                gain(norm),
                                eps(norm),
                                matrix(product.weight()),
                                product.bias(),
                                width,
                                number(activation)));
            case Stage.Add(View from, View to, int width, double scale) ->
                elementwise(
                        "tokens", "add", width, tokens, args(rows(to), rows(from), width, Launch.of((float) scale)));
            case Stage.Copy(View from, View to, int width, double scale) ->
                elementwise(
                        "tokens", "copy", width, tokens, args(rows(to), rows(from), width, Launch.of((float) scale)));
            case Stage.Bound(View x, int width, double bound) ->
                elementwise("tokens", "bound_by_tanh", width, tokens, args(rows(x), width, Launch.of((float) bound)));
            case Stage.PrepareHeads prepare -> prepareHeads(prepare, tokens);
            case Stage.PrepareLatents prepare -> prepareLatents(prepare, tokens);
            case Stage.Absorb(DeviceMatrix w, int heads, int nope, int rope, int valueWidth, View queries, View to) ->
                launch(
                        "linear",
                        "absorb_" + w.type().suffix(),
                        heads,
                        tokens,
                        1,
                        ABSORB_THREADS,
                        ABSORB_THREADS * EIGHT * Float.BYTES,
                        args(rows(to), rows(queries), matrix(w), nope, rope, valueWidth));
            case Stage.Attend attend -> attend(attend, tokens);
            case Stage.AttendLatents attend -> attendLatents(attend, start, tokens);
            case Stage.AttendOne(Stage.PrepareHeads prepare, Stage.Attend attend) -> attendOne(prepare, attend);
            case Stage.Expand(DeviceMatrix w, int heads, int nope, int valueWidth, View from, View to) ->
                launch(
                        "linear",
                        "expand_" + w.type().suffix(),
                        Math.ceilDiv(heads * valueWidth, WARPS),
                        tokens,
                        1,
                        THREADS,
                        0,
                        args(rows(to), rows(from), matrix(w), nope, valueWidth, heads));
            case Stage.Gate(HiddenActivation activation, int width, View from, View to) ->
                elementwise(
                        "tokens",
                        "gate",
                        width,
                        count(to, tokens),
                        args(rows(to), rows(from), width, number(activation)));
            case Stage.FeedForward feedForward -> feedForward(feedForward, start, tokens);
            case Stage.GateSparse(HiddenActivation activation, double deviations, int width, View from, View to) ->
                launch(
                        "tokens",
                        "gate_sparse",
                        1,
                        tokens,
                        1,
                        ROW_THREADS,
                        0,
                        args(rows(to), rows(from), width, number(activation), Launch.of((float) deviations)));
            case Stage.Activate(HiddenActivation activation, int width, View x) ->
                elementwise("tokens", "activate_all", width, tokens, args(rows(x), width, number(activation)));
            case Stage.GateBy(HiddenActivation activation, int width, View x, View by) ->
                elementwise("tokens", "gate_by", width, tokens, args(rows(x), rows(by), width, number(activation)));
            case Stage.Route route -> route(route, tokens);
            case Stage.ScaleInputs(View from, View.OfPairs to) ->
                elementwise(
                        "experts",
                        "scale_inputs",
                        to.width(),
                        count(to, tokens),
                        args(rows(to), rows(from), memory.address(Buffer.CHOSEN_WEIGHTS), to.perToken(), to.width()));
            case Stage.MultiplyChosen multiply -> multiplyChosen(multiply, tokens);
            case Stage.MultiplyMadeChosen made -> multiplyMadeChosen(made, start, tokens);
            case Stage.FeedForwardChosen feedForward -> feedForward(feedForward, start, tokens);
            case Stage.MultiplyGatedChosen(
                    DeviceExperts experts,
                    View from,
                    View.OfPairs to,
                    HiddenActivation activation,
                    Optional<Stage.Route> route) -> {
                Shares shares = Shares.ofChosen(experts.first(), to.width(), to.perToken(), device);
                launchUnits(
                        "multiply_gated_chosen_" + experts.first().type().suffix(),
                        shares,
                        to.perToken(),
                        args(
                                rows(to),
                                memory.address(from),
                                switch (from) {
                                    case View.OfTokens _ -> 0;
                                    case View.OfPairs pairs -> pairs.width();
                                },
                                matrices(experts),
                                choice(Optional.empty(), route, to.perToken()),
                                to.width(),
                                number(activation),
                                shares.team()));
            }
            case Stage.SumChosen(
                    DeviceExperts experts,
                    View.OfPairs from,
                    Stage.SumExperts sum,
                    Optional<Stage.Route> route) -> {
                Shares shares = Shares.ofSum(experts.first(), from.perToken(), device);
                launchUnits(
                        "sum_chosen_one_" + experts.first().type().suffix(),
                        shares,
                        1,
                        args(
                                memory.address(sum.to()),
                                sum.residual().map(memory::address).orElse(0L),
                                rows(from),
                                matrices(experts),
                                choice(sum.weights(), route, from.perToken()),
                                sum.shared().map(memory::address).orElse(0L),
                                experts.first().rows(),
                                shares.team()));
            }
            case Stage.SumExperts(
                    View.OfPairs from,
                    Optional<View> weights,
                    Optional<View> shared,
                    Optional<View> residual,
                    View to) ->
                elementwise(
                        "experts",
                        "sum_experts",
                        from.width(),
                        tokens,
                        args(
                                rows(to),
                                rows(from),
                                weights.map(memory::address).orElse(0L),
                                shared.map(this::rows).orElse(new long[] {0, 0}),
                                residual.map(memory::address).orElse(0L),
                                from.perToken(),
                                from.width()));
            case Stage.MatchMagnitude(View x, View like, int width, double smallestMeanSquare) ->
                launch(
                        "tokens",
                        "match_magnitude",
                        1,
                        tokens,
                        1,
                        ROW_THREADS,
                        0,
                        args(rows(x), rows(like), width, Launch.of(smallestMeanSquare)));
            case Stage.Predict(int streams, int width) ->
                elementwise(
                        "tokens",
                        "predict",
                        width,
                        tokens,
                        args(
                                memory.address(Buffer.PREDICTIONS),
                                rows(View.of(Buffer.STREAMS)),
                                rows(View.of(Buffer.COEFFICIENTS)),
                                streams,
                                width));
            case Stage.Correct(int streams, int active, int width, long gain) ->
                elementwise(
                        "tokens",
                        "correct",
                        width,
                        tokens,
                        args(
                                memory.address(Buffer.STREAMS),
                                rows(View.of(Buffer.PREDICTIONS)),
                                rows(View.of(Buffer.HIDDEN)),
                                rows(View.of(Buffer.COEFFICIENTS)),
                                streams,
                                active,
                                width,
                                rows(View.of(Buffer.RESULT)),
                                gain));
            case Stage.AddToOthers(int streams, int width) ->
                elementwise(
                        "tokens",
                        "add_to_others",
                        width,
                        tokens,
                        args(rows(View.of(Buffer.STREAMS)), rows(View.of(Buffer.RESULT)), streams, width));
            case Stage.Head(DeviceMatrix weight, OutputHead.Softcap softcap, View from, Optional<RowNorm.Rms> norm) -> {
                multiplyOne(weight, 0, memory.address(from), norm, 0, memory.logits(), 0);
                bound(softcap, weight.rows(), 1);
            }
            case Stage.Tapped _, Stage.TappedExperts _ -> {
                // Whoever listens reads between launches.
            }
        }
    }

    /// Logits of `count` rows of INPUT from `first` on.
    void launchHead(Program program, int first, int count) {
        DeviceMatrix head = program.head();
        int stride = memory.stride(View.of(Buffer.INPUT));
        long from = memory.address(Buffer.INPUT) + (long) first * stride * Float.BYTES;
        multiply(head, 0, from, stride, memory.logits(), head.rows(), count);
        bound(program.softcap(), head.rows(), count);
    }

    /// Bounds logits.
    private void bound(OutputHead.Softcap softcap, int vocabulary, int count) {
        switch (softcap) {
            case OutputHead.Softcap.None _ -> {}
            case OutputHead.Softcap.Tanh(double bound) ->
                elementwise(
                        "tokens",
                        "bound_by_tanh",
                        vocabulary,
                        count,
                        args(memory.logits(), vocabulary, vocabulary, Launch.of((float) bound)));
        }
    }

    /// Makes the most probable token the one of the next pass, and embeds it as the first stage does.
    void launchNextToken(int vocabulary, Stage.Embed embed) {
        launch(
                "tokens",
                "next_token_" + embed.table().type().suffix(),
                SessionMemory.CANDIDATES,
                1,
                1,
                ROW_THREADS,
                0,
                args(
                        memory.address(embed.to()),
                        matrix(embed.table()),
                        Launch.of((float) embed.scale()),
                        memory.logits(),
                        vocabulary,
                        memory.pass(),
                        memory.tokens(),
                        memory.forced(),
                        memory.candidates(),
                        memory.arrived()));
    }

    private void normalise(Stage.Normalise normalise, int tokens) {
        View to = normalise.to();
        View from = normalise.from();
        int size = normalise.norm().size();
        switch (normalise.norm()) {
            case RowNorm.Rms(long gain, int _, double eps) ->
                launch(
                        "tokens",
                        "normalise_rms",
                        normalise.groups(),
                        tokens,
                        1,
                        threadsByEights(size, MOST_NORM_THREADS),
                        0,
                        args(rows(to), rows(from), gain, Launch.of((float) eps), size, Launch.of((float)
                                normalise.before())));
            case RowNorm.Layer(long gain, long bias, int _, double eps) ->
                launch(
                        "tokens",
                        "normalise_layer",
                        1,
                        tokens,
                        1,
                        threadsFor(size),
                        0,
                        args(rows(to), rows(from), gain, bias, Launch.of((float) eps), size));
        }
    }

    /// Threads of a block for a row, of which a thread has eight numbers at a time. Sums depend on it.
    static int threadsByEights(int size, int most) {
        int eights = Math.ceilDiv(size, EIGHT);
        int turns = Math.ceilDiv(eights, most);
        return Math.ceilDiv(Math.ceilDiv(eights, turns), WARP) * WARP;
    }

    private static int threadsFor(int size) {
        return size <= ROW_THREADS ? Math.ceilDiv(size, WARP) * WARP : ROW_THREADS;
    }

    private void multiply(DeviceMatrix w, long bias, long from, int fromStride, long to, int toStride, int rows) {
        if (rows == 1) {
            multiplyOne(w, bias, from, Optional.empty(), 0, to, 0);
        } else if (tiles.canMultiply(w, rows)) {
            tiles.multiply(
                    w,
                    bias,
                    new TileLauncher.Input.Rows(new Making.Nothing(), from, fromStride),
                    0,
                    to,
                    toStride,
                    rows);
        } else {
            launch(
                    "linear",
                    "multiply_" + w.type().suffix(),
                    Math.ceilDiv(w.rows(), WARPS),
                    Math.ceilDiv(rows, TOKENS_A_WARP),
                    1,
                    THREADS,
                    0,
                    args(to, toStride, from, fromStride, matrix(w), bias, w.rows(), rows));
        }
    }

    private void multiplyMade(Stage.MultiplyMade made, int start, int tokens) {
        DeviceMatrix weight = made.product().weight();
        if (tiles.canMultiply(weight, tokens) && (made.sum().isEmpty() || tiles.areOwn(weight))) {
            multiplyByTiles(made, input(made.making(), made.from()), tokens);
        } else {
            made.parts().forEach(part -> launch(part, start, tokens));
        }
    }

    private void multiplyByTiles(Stage.MultiplyMade made, TileLauncher.Input input, int tokens) {
        Stage.Multiply product = made.product();
        View to = made.sum().map(Stage.Add::to).orElse(product.to());
        tiles.multiply(
                product.weight(),
                product.bias(),
                input,
                made.sum().isPresent() ? memory.address(to) : 0,
                memory.address(to),
                memory.stride(to),
                tokens);
    }

    private void feedForward(Stage.FeedForward feedForward, int start, int tokens) {
        Stage.MultiplyMade gateUp = feedForward.gateUp();
        Stage.MultiplyMade down = feedForward.down();
        DeviceMatrix weight = gateUp.product().weight();
        if (tiles.areOwn(weight) && tiles.canGate(weight, down.product().weight(), tokens)) {
            long gated = memory.address(down.product().from());
            tiles.multiplyGated(
                    weight,
                    gateUp.product().bias(),
                    input(gateUp.making(), gateUp.from()),
                    feedForward.activation(),
                    gated,
                    tokens);
            multiplyByTiles(down, new TileLauncher.Input.Made(gated), tokens);
        } else {
            launch(gateUp, start, tokens);
            launch(down, start, tokens);
        }
    }

    private void multiplyMadeChosen(Stage.MultiplyMadeChosen made, int start, int tokens) {
        Stage.MultiplyChosen product = made.product();
        if (tiles.canMultiply(product.weights(), tokens)) {
            multiplyByTiles(product, input(made.making(), made.from()), tokens);
        } else {
            made.parts().forEach(part -> launch(part, start, tokens));
        }
    }

    private void feedForward(Stage.FeedForwardChosen feedForward, int start, int tokens) {
        Stage.MultiplyChosen gateUp = feedForward.gateUp();
        Stage.MultiplyMadeChosen down = feedForward.down();
        DeviceMatrix weight = gateUp.weights().first();
        if (tiles.canGate(weight, down.product().weights().first(), tokens)) {
            long gated = memory.address(down.product().from());
            tiles.multiplyGatedChosen(
                    gateUp.weights(),
                    input(new Making.Nothing(), gateUp.from()),
                    share(gateUp),
                    feedForward.activation(),
                    gated,
                    count(gateUp.to(), tokens));
            multiplyByTiles(down.product(), new TileLauncher.Input.Made(gated), tokens);
        } else {
            launch(gateUp, start, tokens);
            launch(down, start, tokens);
        }
    }

    private TileLauncher.Input.Rows input(Making making, View from) {
        return new TileLauncher.Input.Rows(making, memory.address(from), memory.stride(from));
    }

    private void multiplyChosen(Stage.MultiplyChosen multiply, int tokens) {
        DeviceExperts experts = multiply.weights();
        View from = multiply.from();
        View.OfPairs to = multiply.to();
        if (tiles.canMultiply(experts, tokens)) {
            multiplyByTiles(multiply, input(new Making.Nothing(), from), tokens);
        } else {
            int pairs = count(to, tokens);
            Shares shares = Shares.of(experts.first(), experts.first().rows(), 1, pairs, device);
            launchUnits(
                    "multiply_chosen_" + experts.first().type().suffix(),
                    shares,
                    pairs,
                    args(
                            rows(to),
                            rows(from),
                            share(multiply),
                            matrices(experts),
                            memory.address(Buffer.CHOSEN),
                            experts.first().rows(),
                            shares.team()));
        }
    }

    private void multiplyByTiles(Stage.MultiplyChosen multiply, TileLauncher.Input input, int tokens) {
        View.OfPairs to = multiply.to();
        tiles.multiplyChosen(
                multiply.weights(), input, share(multiply), memory.address(to), memory.stride(to), count(to, tokens));
    }

    /// Pairs that share a row of the input.
    private static int share(Stage.MultiplyChosen multiply) {
        return multiply.to().perToken() / perToken(multiply.from());
    }

    private void multiplyOne(
            DeviceMatrix w, long bias, long from, Optional<RowNorm.Rms> norm, long normalised, long to, long residual) {
        launchUnits(
                "multiply_one_" + w.type().suffix(),
                Shares.of(w, w.rows(), 1, 1, device),
                args(to, residual, from, gain(norm), eps(norm), normalised, matrix(w), bias, w.rows()));
    }

    /// A kernel of linear.cu that has one matrix.
    private void launchUnits(String name, Shares shares, long[] arguments) {
        launchUnits(name, shares, 1, args(arguments, shares.team(), shares.inTurns() ? 1 : 0));
    }

    /// A kernel of linear.cu, for products beside each other.
    private void launchUnits(String name, Shares shares, int products, long[] arguments) {
        launch("linear", name, shares.blocks(), products, 1, shares.threads(), shares.sharedBytes(), arguments);
    }

    private void prepareHeads(Stage.PrepareHeads prepare, int tokens) {
        boolean caches = prepare.kvHeads() > 0;
        LayerCache cache = caches ? memory.cache(prepare.layer()) : null;
        launch(
                "attention",
                "prepare_heads_" + cacheSuffix(),
                Math.ceilDiv(prepare.queryHeads() + 2 * prepare.kvHeads(), HEADS_A_BLOCK),
                tokens,
                1,
                HEADS_A_BLOCK * WARP,
                0,
                args(
                        rows(prepare.x()),
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
                gain(prepare.queryNorm()),
                gain(prepare.keyNorm()),
                gain(prepare.valueNorm()),
                eps(prepare.queryNorm()),
                eps(prepare.keyNorm()),
                eps(prepare.valueNorm()),
                Launch.of(prepare.normAfter().map(Double::floatValue).orElse(-1f)));
    }

    private static long gain(Optional<RowNorm.Rms> norm) {
        return norm.map(RowNorm.Rms::gain).orElse(0L);
    }

    private static long eps(Optional<RowNorm.Rms> norm) {
        return Launch.of(norm.map(rms -> (float) rms.eps()).orElse(0f));
    }

    private void prepareLatents(Stage.PrepareLatents prepare, int tokens) {
        LayerCache cache = memory.cache(prepare.layer());
        launch(
                "attention",
                "prepare_latents_" + cacheSuffix(),
                Math.ceilDiv(prepare.heads() + 1, HEADS_A_BLOCK),
                tokens,
                1,
                HEADS_A_BLOCK * WARP,
                0,
                args(
                        rows(prepare.queries()),
                        prepare.heads(),
                        prepare.nope(),
                        prepare.rope(),
                        rows(prepare.compressed()),
                        prepare.latent(),
                        turn(prepare.rotary()),
                        cache.keys(),
                        cache.capacity(),
                        memory.pass()));
    }

    /// prepare_heads, attend and join_parts at once.
    private void attendOne(Stage.PrepareHeads prepare, Stage.Attend attend) {
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

    private void attend(Stage.Attend attend, int tokens) {
        LayerCache cache = memory.cache(attend.layer());
        boolean ofLatents = cache.values() == cache.keys();
        int sharedBytes = HEADS_OF_LATENTS * attend.keyWidth() * Float.BYTES
                + KEYS_OF_LATENTS * (attend.keyWidth() * cacheType.bytes() + ROW_GAP_BYTES);
        if (tokens == 1
                && ofLatents
                && attend.keyWidth() % EIGHT == 0
                && attend.valueWidth() % EIGHT == 0
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

    private void attendLatents(Stage.AttendLatents attend, int start, int tokens) {
        if (latents.canAttend(attend, tokens)) {
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
        } else {
            attend.absorbing().forEach(stage -> launch(stage, start, tokens));
        }
    }

    private void attendLatentsOne(Stage.Attend attend, LayerCache cache, int sharedBytes) {
        int groups = Math.ceilDiv(attend.heads(), HEADS_OF_LATENTS);
        int parts = parts(attend, groups, device.multiprocessors(), KEYS_OF_LATENTS);
        launch(
                "attention",
                "attend_latents_one_" + cacheSuffix(),
                groups,
                parts,
                1,
                LATENT_WARPS * WARP,
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
        launch(
                "attention",
                "attend_" + cacheSuffix(),
                attend.heads(),
                tokens,
                parts,
                ATTENTION_THREADS,
                sharedNumbers * Float.BYTES,
                args(
                        rows(attend.to()),
                        rows(attend.queries()),
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
        launch(
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
    /// blocks in
    /// all, none with fewer positions than are worth it.
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

    /// `SILU`, `GELU_TANH` and `GELU_ERF` of tokens.cu.
    static long number(HiddenActivation activation) {
        return switch (activation) {
            case SILU -> 0;
            case GELU_TANH -> 1;
            case GELU_ERF -> 2;
        };
    }

    private void route(Stage.Route route, int tokens) {
        launch(
                "experts",
                "route",
                1,
                tokens,
                1,
                ROW_THREADS,
                0,
                args(
                        memory.address(Buffer.CHOSEN),
                        memory.address(Buffer.CHOSEN_WEIGHTS),
                        rows(View.of(Buffer.ROUTER_LOGITS)),
                        router(route)));
        Router router = route.router();
        if (tiles.canGroup(tokens)) {
            tiles.group(memory.address(Buffer.CHOSEN), router.experts(), tokens * router.topK());
        }
    }

    /// `Chosen` and `Router` of routers.h.
    private long[] choice(Optional<View> weights, Optional<Stage.Route> route, int topK) {
        return route.map(by -> args(0, 0, memory.address(Buffer.ROUTER_LOGITS), router(by)))
                .orElseGet(() -> args(
                        memory.address(Buffer.CHOSEN),
                        weights.map(memory::address).orElse(0L),
                        0,
                        new long[] {0, 0, 0, topK, 0, 0, 0, 0, 0}));
    }

    /// `Router` of routers.h, of which the first is `SOFTMAX`, `SIGMOID` or `ON_INPUT`.
    private static long[] router(Stage.Route route) {
        long bias = route.correctionBias();
        int experts = route.router().experts();
        int topK = route.router().topK();
        return switch (route.router()) {
            case Router.SoftmaxTopK(var _, int _, Router.Weighting weighting) ->
                args(0, bias, experts, topK, 1, 1, weighting(weighting));
            case Router.SoftmaxGroupedTopK(var _, int _, int groups, int chosen, Router.Weighting weighting) ->
                args(0, bias, experts, topK, groups, chosen, weighting(weighting));
            case Router.SigmoidGroupedTopK(var _, var _, int _, int groups, int chosen, Router.Weighting weighting) ->
                args(1, bias, experts, topK, groups, chosen, weighting(weighting));
            case Router.SigmoidOnInput _ ->
                args(2, bias, experts, topK, 1, 1, weighting(new Router.Weighting.Score(1)));
        };
    }

    /// Whether the score is divided by the sum of the chosen, ε of that sum, and the scale.
    private static long[] weighting(Router.Weighting weighting) {
        return switch (weighting) {
            case Router.Weighting.Score(double scale) -> new long[] {0, Launch.of(0.0), Launch.of(scale)};
            case Router.Weighting.ShareOfChosen(double eps, double scale) ->
                new long[] {1, Launch.of(eps), Launch.of(scale)};
        };
    }

    // ------------------------------------------------------------------------------------------------------ arguments

    private String cacheSuffix() {
        return switch (cacheType) {
            case FLOAT32 -> "f32";
            case BFLOAT16 -> "bf16";
        };
    }

    private static int perToken(View view) {
        return switch (view) {
            case View.OfTokens _ -> 1;
            case View.OfPairs(Buffer _, int perToken, int _) -> perToken;
        };
    }

    private static int count(View view, int tokens) {
        return tokens * perToken(view);
    }

    /// Address and stride.
    private long[] rows(View view) {
        return new long[] {memory.address(view), memory.stride(view)};
    }

    private static long[] matrix(DeviceMatrix w) {
        return new long[] {w.data(), w.scales(), w.scaleColumns(), w.columns()};
    }

    private static long[] matrices(DeviceExperts experts) {
        return args(matrix(experts.first()), experts.stride(), experts.scaleStride());
    }

    /// Joins arguments: single ones, which are numbers, and several at once, which are arrays of `long`.
    static long[] args(Object... parts) {
        int count = 0;
        for (Object part : parts) {
            count += part instanceof long[] several ? several.length : 1;
        }
        long[] all = new long[count];
        int at = 0;
        for (Object part : parts) {
            if (part instanceof long[] several) {
                System.arraycopy(several, 0, all, at, several.length);
                at += several.length;
            } else {
                all[at++] = ((Number) part).longValue();
            }
        }
        return all;
    }

    /// A thread for each number of a row, a row of blocks for each row.
    private void elementwise(String file, String name, int width, int rows, long[] arguments) {
        launch(file, name, Math.ceilDiv(width, THREADS), rows, 1, THREADS, 0, arguments);
    }

    private void launch(String file, String name, int x, int y, int z, int threads, int sharedBytes, long[] arguments) {
        stream.launch(kernels.launch(file, name, x, y, z, threads, sharedBytes, arguments));
    }
}
