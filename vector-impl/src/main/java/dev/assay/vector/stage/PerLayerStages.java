package dev.assay.vector.stage;

import dev.assay.config.HiddenActivation;
import dev.assay.plan.PerLayerEmbedding;
import dev.assay.vector.kernel.Activations;
import dev.assay.vector.kernel.Rows;
import dev.assay.vector.weight.WeightMatrix;

/// Embeddings that each layer gets beside the residual stream.
final class PerLayerStages {
    private PerLayerStages() {}

    /// PER_LAYER = (norm(projectionScale · PER_LAYER, layer by layer) + tableScale · table\[token\]) · sumScale.
    static final class Combine extends TokenStage {
        private final PerLayerEmbedding.TableAndProjection plan;
        private final WeightMatrix table;
        private final RowNorm norm;

        Combine(PerLayerEmbedding.TableAndProjection plan, WeightMatrix table, RowNorm norm) {
            this.plan = plan;
            this.table = table;
            this.norm = norm;
        }

        @Override
        void token(Pass pass, int row, int thread) {
            int all = table.columns();
            float[] x = pass.buffer(Buffer.PER_LAYER);
            float[] fromTable = pass.scratch[thread].row();
            int offset = row * all;
            Rows.scale((float) plan.projectionScale(), x, offset, all);
            for (int i = 0; i < all; i += plan.width()) {
                norm.apply(x, offset + i, x, offset + i);
            }
            table.decode(pass.ids[row], 0, all, fromTable, 0);
            Rows.addScaled((float) plan.tableScale(), fromTable, 0, x, offset, all);
            Rows.scale((float) plan.sumScale(), x, offset, all);
        }
    }

    /// PER_LAYER_GATE = activation(PER_LAYER_GATE) ⊙ this layer's embedding.
    static final class Gate extends TokenStage {
        private final HiddenActivation activation;
        private final int layer;
        private final int width;
        private final int all;

        /// @param all numbers of the embeddings of all layers
        Gate(HiddenActivation activation, int layer, int width, int all) {
            this.activation = activation;
            this.layer = layer;
            this.width = width;
            this.all = all;
        }

        @Override
        void token(Pass pass, int row, int thread) {
            float[] gate = pass.buffer(Buffer.PER_LAYER_GATE);
            Activations.apply(activation, gate, row * width, width, pass.scratch[thread].row());
            Rows.multiply(pass.buffer(Buffer.PER_LAYER), row * all + layer * width, gate, row * width, width);
        }
    }
}
