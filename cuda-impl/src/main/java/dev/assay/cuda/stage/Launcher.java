package dev.assay.cuda.stage;

import static dev.assay.cuda.stage.Launches.args;

import dev.assay.config.HiddenActivation;
import dev.assay.cuda.driver.CublasHandle;
import dev.assay.cuda.driver.Device;
import dev.assay.cuda.driver.KernelImage;
import dev.assay.cuda.driver.Launch;
import dev.assay.cuda.driver.Stream;
import dev.assay.cuda.weight.DeviceExperts;
import dev.assay.cuda.weight.DeviceMatrix;
import dev.assay.engine.KvCacheType;
import dev.assay.plan.OutputHead;
import dev.assay.plan.Router;
import java.util.Optional;

/// Launches stages for one session. For the device's thread.
final class Launcher {
    private static final int THREADS = 128;
    private static final int WARPS = THREADS / Launches.WARP;
    /// Threads of a block that treats a whole row.
    private static final int ROW_THREADS = 256;
    /// The same of norms, whose number of threads suits the row: each warp adds up what all have found.
    static final int MOST_NORM_THREADS = 256;
    /// Threads of a block that takes keys of latents into queries: eight numbers of each latent a thread.
    private static final int ABSORB_THREADS = 512;
    /// `TOKENS` of linear.cu.
    private static final int TOKENS_A_WARP = 8;

    private final Device device;
    private final SessionMemory memory;
    private final Launches launches;
    private final TileLauncher tiles;
    private final AttentionLauncher attention;

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
        this.memory = memory;
        this.launches = new Launches(kernels, stream, memory);
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
        this.attention = new AttentionLauncher(
                device,
                launches,
                cacheType,
                activations,
                maxContext,
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
                                RowNorm.gain(norm),
                                RowNorm.eps(norm),
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
            case Stage.PrepareHeads prepare -> attention.prepareHeads(prepare, tokens);
            case Stage.PrepareLatents prepare -> attention.prepareLatents(prepare, tokens);
            case Stage.Absorb(DeviceMatrix w, int heads, int nope, int rope, int valueWidth, View queries, View to) ->
                launches.launch(
                        "linear",
                        "absorb_" + w.type().suffix(),
                        heads,
                        tokens,
                        1,
                        ABSORB_THREADS,
                        ABSORB_THREADS * Launches.EIGHT * Float.BYTES,
                        args(rows(to), rows(queries), matrix(w), nope, rope, valueWidth));
            case Stage.Attend attend -> attention.attend(attend, tokens);
            case Stage.AttendLatents attend -> {
                if (attention.canExpand(attend, tokens)) {
                    attention.attendLatents(attend, start, tokens);
                } else {
                    attend.absorbing().forEach(part -> launch(part, start, tokens));
                }
            }
            case Stage.AttendOne(Stage.PrepareHeads prepare, Stage.Attend attend) ->
                attention.attendOne(prepare, attend);
            case Stage.Expand(DeviceMatrix w, int heads, int nope, int valueWidth, View from, View to) ->
                launches.launch(
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
                launches.launch(
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
                launches.launch(
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
        launches.launch(
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
                launches.launch(
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
                launches.launch(
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
        int eights = Math.ceilDiv(size, Launches.EIGHT);
        int turns = Math.ceilDiv(eights, most);
        return Math.ceilDiv(Math.ceilDiv(eights, turns), Launches.WARP) * Launches.WARP;
    }

    private static int threadsFor(int size) {
        return size <= ROW_THREADS ? Math.ceilDiv(size, Launches.WARP) * Launches.WARP : ROW_THREADS;
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
            launches.launch(
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
                args(to, residual, from, RowNorm.gain(norm), RowNorm.eps(norm), normalised, matrix(w), bias, w.rows()));
    }

    /// A kernel of linear.cu that has one matrix.
    private void launchUnits(String name, Shares shares, long[] arguments) {
        launchUnits(name, shares, 1, args(arguments, shares.team(), shares.inTurns() ? 1 : 0));
    }

    /// A kernel of linear.cu, for products beside each other.
    private void launchUnits(String name, Shares shares, int products, long[] arguments) {
        launches.launch(
                "linear", name, shares.blocks(), products, 1, shares.threads(), shares.sharedBytes(), arguments);
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
        launches.launch(
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

    private static int perToken(View view) {
        return switch (view) {
            case View.OfTokens _ -> 1;
            case View.OfPairs(Buffer _, int perToken, int _) -> perToken;
        };
    }

    private static int count(View view, int tokens) {
        return tokens * perToken(view);
    }

    private long[] rows(View view) {
        return launches.rows(view);
    }

    private static long[] matrix(DeviceMatrix w) {
        return new long[] {w.data(), w.scales(), w.scaleColumns(), w.columns()};
    }

    private static long[] matrices(DeviceExperts experts) {
        return args(matrix(experts.first()), experts.stride(), experts.scaleStride());
    }

    /// A thread for each number of a row, a row of blocks for each row.
    private void elementwise(String file, String name, int width, int rows, long[] arguments) {
        launches.launch(file, name, Math.ceilDiv(width, THREADS), rows, 1, THREADS, 0, arguments);
    }
}
