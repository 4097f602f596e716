package dev.assay.vector.stage;

import dev.assay.vector.kernel.Lanes;
import dev.assay.vector.kernel.Panels;
import dev.assay.vector.kernel.Rows;
import dev.assay.vector.kernel.Tiles;
import dev.assay.vector.thread.Split;
import dev.assay.vector.thread.Workers;
import dev.assay.vector.weight.Product;
import dev.assay.vector.weight.WeightMatrix;
import java.util.List;

/// Linear projections of one input: matrix times vector for one token, matrix times matrix for several. Threads share
/// out the rows of every matrix.
final class LinearStage implements Stage {
    /// A linear map and where its result goes, row by row.
    ///
    /// @param bias of `rows` numbers; empty for none
    record Projection(WeightMatrix weight, float[] bias, Buffer to) {}

    private final Buffer from;
    private final int inputs;
    private final Projection[] projections;
    private final Workers.Task<Pass> multiplyOne = this::multiplyOne;
    private final Workers.Task<Pass> packPanels = this::packPanels;
    private final Workers.Task<Pass> multiplyMany = this::multiplyMany;

    LinearStage(Buffer from, List<Projection> projections) {
        this.from = from;
        this.inputs = projections.getFirst().weight().columns();
        this.projections = projections.toArray(Projection[]::new);
    }

    @Override
    public void run(Pass pass) {
        // Not where an expert gets one token of several: the order of sums must not depend on what others choose.
        if (pass.tokens() == 1) {
            pass.operand.set(pass.buffer(from));
            for (Projection projection : projections) {
                pass.operand.prepare(projection.weight().operandPhases(), inputs);
            }
            pass.workers.run(multiplyOne, pass);
        } else {
            pass.workers.run(packPanels, pass);
            pass.workers.run(multiplyMany, pass);
        }
    }

    private void multiplyOne(Pass pass, int thread, int threads) {
        for (Projection projection : projections) {
            int fixed = Split.fixed(projection.weight().rows());
            int start = Split.start(fixed, thread, threads);
            multiplyOne(pass, thread, projection, start, Split.start(fixed, thread + 1, threads));
        }
        int pieces = Split.pieces(threads);
        for (int claim = pass.workers.claim(); claim < projections.length * pieces; claim = pass.workers.claim()) {
            Projection projection = projections[claim / pieces];
            int rows = projection.weight().rows();
            int piece = claim % pieces;
            int start = Split.pieceStart(rows, piece, threads);
            multiplyOne(pass, thread, projection, start, Split.pieceStart(rows, piece + 1, threads));
        }
    }

    private static void multiplyOne(Pass pass, int thread, Projection projection, int start, int end) {
        float[] y = pass.buffer(projection.to());
        projection.weight().multiply(start, end, pass.operand, y, 0, pass.scratch[thread]);
        if (projection.bias().length > 0) {
            Rows.add(projection.bias(), start, y, start, end - start);
        }
    }

    /// Each thread packs a part of the numbers of every panel.
    private void packPanels(Pass pass, int thread, int threads) {
        int start = Split.start(inputs, Lanes.LENGTH, thread, threads);
        int end = Split.start(inputs, Lanes.LENGTH, thread + 1, threads);
        int tokens = pass.rows();
        for (int p = 0; p < Panels.count(tokens); p++) {
            int first = Panels.start(p, tokens);
            Panels.pack(
                    pass.buffer(from),
                    0,
                    inputs,
                    pass.inOrder,
                    first,
                    Panels.tokens(p, tokens),
                    start,
                    end,
                    pass.panels,
                    first * inputs,
                    Panels.vectors(p, tokens) * Lanes.LENGTH);
        }
    }

    private void multiplyMany(Pass pass, int thread, int threads) {
        for (Projection projection : projections) {
            int rows = projection.weight().rows();
            int start = Split.start(rows, Tiles.ROWS, thread, threads);
            int end = Split.start(rows, Tiles.ROWS, thread + 1, threads);
            float[] y = pass.buffer(projection.to());
            Product.multiply(
                    projection.weight(), start, end, pass.panels, pass.rows(), y, 0, rows, pass.scratch[thread]);
            if (projection.bias().length > 0) {
                for (int t = 0; t < pass.rows(); t++) {
                    Rows.add(projection.bias(), start, y, t * rows + start, end - start);
                }
            }
        }
    }
}
