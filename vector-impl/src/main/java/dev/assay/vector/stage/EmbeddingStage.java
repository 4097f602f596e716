package dev.assay.vector.stage;

import dev.assay.vector.kernel.Rows;
import dev.assay.vector.weight.WeightMatrix;
import java.util.Optional;

/// Rows of the embedding table, scaled, plus rows for positions where there are some.
final class EmbeddingStage extends TokenStage {
    private final WeightMatrix table;
    private final float scale;
    private final Optional<WeightMatrix> positions;

    EmbeddingStage(WeightMatrix table, double scale, Optional<WeightMatrix> positions) {
        this.table = table;
        this.scale = (float) scale;
        this.positions = positions;
    }

    @Override
    void token(Pass pass, int row, int thread) {
        int width = table.columns();
        float[] hidden = pass.buffer(Buffer.HIDDEN);
        table.decode(pass.ids[row], 0, width, hidden, row * width);
        if (scale != 1) {
            Rows.scale(scale, hidden, row * width, width);
        }
        if (positions.isPresent()) {
            float[] position = pass.scratch[thread].row();
            positions.get().decode(pass.start() + row, 0, width, position, 0);
            Rows.add(position, 0, hidden, row * width, width);
        }
    }
}
