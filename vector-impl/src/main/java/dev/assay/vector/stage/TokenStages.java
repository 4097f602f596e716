package dev.assay.vector.stage;

import dev.assay.config.HiddenActivation;
import dev.assay.plan.GatedMlp;
import dev.assay.vector.kernel.Activations;
import dev.assay.vector.kernel.Rows;

/// The small stages that treat each token by itself.
final class TokenStages {
    private TokenStages() {}

    /// Normalises rows of one buffer into another, or in place.
    static final class Normalise extends TokenStage {
        private final RowNorm norm;
        private final Buffer from;
        private final Buffer to;

        Normalise(RowNorm norm, Buffer from, Buffer to) {
            this.norm = norm;
            this.from = from;
            this.to = to;
        }

        @Override
        void token(Pass pass, int row, int thread) {
            norm.apply(pass.buffer(from), row * norm.size(), pass.buffer(to), row * norm.size());
        }
    }

    /// Copies rows.
    static final class Copy extends TokenStage {
        private final Buffer from;
        private final Buffer to;
        private final int width;

        Copy(Buffer from, Buffer to, int width) {
            this.from = from;
            this.to = to;
            this.width = width;
        }

        @Override
        void token(Pass pass, int row, int thread) {
            System.arraycopy(pass.buffer(from), row * width, pass.buffer(to), row * width, width);
        }
    }

    /// Adds rows of one buffer to those of another.
    static final class Add extends TokenStage {
        private final Buffer from;
        private final Buffer to;
        private final int width;

        Add(Buffer from, Buffer to, int width) {
            this.from = from;
            this.to = to;
            this.width = width;
        }

        @Override
        void token(Pass pass, int row, int thread) {
            Rows.add(pass.buffer(from), row * width, pass.buffer(to), row * width, width);
        }
    }

    /// Multiplies rows by a constant.
    static final class Scale extends TokenStage {
        private final Buffer buffer;
        private final float factor;
        private final int width;

        Scale(Buffer buffer, double factor, int width) {
            this.buffer = buffer;
            this.factor = (float) factor;
            this.width = width;
        }

        @Override
        void token(Pass pass, int row, int thread) {
            Rows.scale(factor, pass.buffer(buffer), row * width, width);
        }
    }

    /// The middle of a gated MLP: gate = activation(sparse(gate)) ⊙ up.
    static final class Gate extends TokenStage {
        private final HiddenActivation activation;
        private final GatedMlp.Sparsity sparsity;
        private final int width;

        Gate(GatedMlp mlp) {
            this.activation = mlp.activation();
            this.sparsity = mlp.sparsity();
            this.width = mlp.intermediateSize();
        }

        @Override
        void token(Pass pass, int row, int thread) {
            float[] gate = pass.buffer(Buffer.GATE);
            int offset = row * width;
            switch (sparsity) {
                case GatedMlp.Sparsity.None _ -> {}
                case GatedMlp.Sparsity.GaussianTopK(double _, double deviations) -> {
                    float mean = Rows.sum(gate, offset, width) / width;
                    double variance = (double) Rows.squares(gate, offset, mean, width) / width;
                    Rows.cut((float) (mean + deviations * Math.sqrt(variance)), gate, offset, width);
                }
            }
            Activations.apply(activation, gate, offset, width, pass.scratch[thread].row());
            Rows.multiply(pass.buffer(Buffer.UP), offset, gate, offset, width);
        }
    }

    /// The middle of an MLP without a gate: up = activation(up).
    static final class Activate extends TokenStage {
        private final HiddenActivation activation;
        private final int width;

        Activate(HiddenActivation activation, int width) {
            this.activation = activation;
            this.width = width;
        }

        @Override
        void token(Pass pass, int row, int thread) {
            Activations.apply(activation, pass.buffer(Buffer.UP), row * width, width, pass.scratch[thread].row());
        }
    }
}
