package dev.assay.vector.stage;

import dev.assay.plan.OutputHead;
import dev.assay.vector.kernel.Exponentials;
import dev.assay.vector.kernel.Lanes;
import dev.assay.vector.kernel.Panels;
import dev.assay.vector.kernel.Tiles;
import dev.assay.vector.thread.Split;
import dev.assay.vector.thread.Workers;
import dev.assay.vector.weight.Product;
import dev.assay.vector.weight.WeightMatrix;

/// The output head: logits of the rows that are asked for, from the final norm's output in INPUT.
final class Head {
    /// Rows whose logits are computed at a time: a wide panel.
    static final int ROWS = Panels.WIDE * Lanes.LENGTH;

    private final WeightMatrix weight; // [V][D]
    private final OutputHead.Softcap softcap;
    private final Workers.Task<HeadPass> one = this::one;
    private final Workers.Task<HeadPass> many = this::many;

    Head(WeightMatrix weight, OutputHead.Softcap softcap) {
        this.weight = weight;
        this.softcap = softcap;
    }

    /// What one product works on.
    static final class HeadPass {
        final Pass pass;
        /// Logits of up to [#ROWS] rows, `[rows][V]`; empty where only one row is ever asked for.
        final float[] block;
        final float[] row; // [D]
        int first;
        int count;
        float[] logits = new float[0];

        HeadPass(Pass pass, int hiddenSize, int blockNumbers) {
            this.pass = pass;
            this.block = new float[blockNumbers];
            this.row = new float[hiddenSize];
        }
    }

    int vocabSize() {
        return weight.rows();
    }

    /// Logits of one row.
    ///
    /// @param into receives them, `[V]`
    void logits(HeadPass head, int row, float[] into) {
        int width = weight.columns();
        System.arraycopy(head.pass.buffer(Buffer.INPUT), row * width, head.row, 0, width);
        head.pass.operand.set(head.row);
        head.pass.operand.prepare(weight.operandPhases(), width);
        head.logits = into;
        head.pass.workers.run(one, head);
    }

    private void one(HeadPass head, int thread, int threads) {
        int rows = weight.rows();
        int fixed = Split.fixed(rows);
        one(head, thread, Split.start(fixed, thread, threads), Split.start(fixed, thread + 1, threads));
        int pieces = Split.pieces(threads);
        for (int piece = head.pass.workers.claim(); piece < pieces; piece = head.pass.workers.claim()) {
            one(head, thread, Split.pieceStart(rows, piece, threads), Split.pieceStart(rows, piece + 1, threads));
        }
    }

    private void one(HeadPass head, int thread, int start, int end) {
        weight.multiply(start, end, head.pass.operand, head.logits, 0, head.pass.scratch[thread]);
        cap(head.logits, start, end - start);
    }

    /// Logits of rows `first` to `first + into.length`.
    ///
    /// @param into receives them, `[rows][V]`
    void logits(HeadPass head, int first, float[][] into) {
        int width = weight.columns();
        for (int done = 0; done < into.length; done += ROWS) {
            head.first = first + done;
            head.count = Math.min(ROWS, into.length - done);
            Pass pass = head.pass;
            for (int p = 0; p < Panels.count(head.count); p++) {
                int start = Panels.start(p, head.count);
                Panels.pack(
                        pass.buffer(Buffer.INPUT),
                        head.first * width,
                        width,
                        pass.inOrder,
                        start,
                        Panels.tokens(p, head.count),
                        0,
                        width,
                        pass.panels,
                        start * width,
                        Panels.vectors(p, head.count) * Lanes.LENGTH);
            }
            pass.workers.run(many, head);
            for (int r = 0; r < head.count; r++) {
                System.arraycopy(head.block, r * weight.rows(), into[done + r], 0, weight.rows());
            }
        }
    }

    private void many(HeadPass head, int thread, int threads) {
        int rows = weight.rows();
        int start = Split.start(rows, Tiles.ROWS, thread, threads);
        int end = Split.start(rows, Tiles.ROWS, thread + 1, threads);
        Product.multiply(
                weight, start, end, head.pass.panels, head.count, head.block, 0, rows, head.pass.scratch[thread]);
        for (int r = 0; r < head.count; r++) {
            cap(head.block, r * rows + start, end - start);
        }
    }

    private void cap(float[] logits, int offset, int count) {
        switch (softcap) {
            case OutputHead.Softcap.None _ -> {}
            case OutputHead.Softcap.Tanh(double bound) ->
                Exponentials.boundByTanh((float) bound, logits, offset, count);
        }
    }
}
