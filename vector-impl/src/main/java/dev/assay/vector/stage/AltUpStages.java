package dev.assay.vector.stage;

import dev.assay.plan.LayerExtra;
import dev.assay.plan.ResidualStream;
import dev.assay.vector.kernel.Exponentials;
import dev.assay.vector.kernel.Rows;
import java.util.Arrays;

/// The arithmetic of several residual streams, AltUp. Stream n of token t is at `(n · tokens + t) · hiddenSize`.
final class AltUpStages {
    private AltUpStages() {}

    /// m = tanh(router logits), in place.
    static final class Modalities extends TokenStage {
        private final int streams;

        Modalities(int streams) {
            this.streams = streams;
        }

        @Override
        void token(Pass pass, int row, int thread) {
            Exponentials.boundByTanh(1, pass.buffer(Buffer.MODALITIES), row * streams, streams);
        }
    }

    /// Copies a stream into a buffer of rows.
    static final class CopyFrom extends TokenStage {
        private final Buffer streams;
        private final int stream;
        private final Buffer to;
        private final int hiddenSize;

        CopyFrom(Buffer streams, int stream, Buffer to, int hiddenSize) {
            this.streams = streams;
            this.stream = stream;
            this.to = to;
            this.hiddenSize = hiddenSize;
        }

        @Override
        void token(Pass pass, int row, int thread) {
            int at = (stream * pass.tokens() + row) * hiddenSize;
            System.arraycopy(pass.buffer(streams), at, pass.buffer(to), row * hiddenSize, hiddenSize);
        }
    }

    /// Makes rows of a buffer a stream.
    static final class CopyInto extends TokenStage {
        private final Buffer from;
        private final int stream;
        private final int hiddenSize;

        CopyInto(Buffer from, int stream, int hiddenSize) {
            this.from = from;
            this.stream = stream;
            this.hiddenSize = hiddenSize;
        }

        @Override
        void token(Pass pass, int row, int thread) {
            int at = (stream * pass.tokens() + row) * hiddenSize;
            System.arraycopy(pass.buffer(from), row * hiddenSize, pass.buffer(Buffer.STREAMS), at, hiddenSize);
        }
    }

    /// Brings rows of RESULT to the root mean square of stream 0.
    static final class MatchMagnitude extends TokenStage {
        private final double smallestMeanSquare;
        private final int hiddenSize;

        MatchMagnitude(ResidualStream.AltUp altUp, int hiddenSize) {
            this.smallestMeanSquare = altUp.smallestMeanSquare();
            this.hiddenSize = hiddenSize;
        }

        @Override
        void token(Pass pass, int row, int thread) {
            float[] result = pass.buffer(Buffer.RESULT);
            int offset = row * hiddenSize;
            double target = (double) Rows.squares(pass.buffer(Buffer.STREAMS), offset, 0, hiddenSize) / hiddenSize;
            double own = (double) Rows.squares(result, offset, 0, hiddenSize) / hiddenSize;
            Rows.scale(
                    (float) (Math.sqrt(target) / Math.sqrt(Math.max(own, smallestMeanSquare))),
                    result,
                    offset,
                    hiddenSize);
        }
    }

    /// p_n = Σ_m c\[n · streams + m\] · x_m + x_n. The largest summand comes last: every sum that has it in is
    /// rounded at its size.
    static final class Predict extends TokenStage {
        private final int streams;
        private final int hiddenSize;

        Predict(int streams, int hiddenSize) {
            this.streams = streams;
            this.hiddenSize = hiddenSize;
        }

        @Override
        void token(Pass pass, int row, int thread) {
            float[] x = pass.buffer(Buffer.STREAMS);
            float[] p = pass.buffer(Buffer.PREDICTIONS);
            float[] coefficients = pass.buffer(Buffer.COEFFICIENTS);
            int tokens = pass.tokens();
            for (int n = 0; n < streams; n++) {
                int to = (n * tokens + row) * hiddenSize;
                Arrays.fill(p, to, to + hiddenSize, 0);
                for (int m = 0; m < streams; m++) {
                    float c = coefficients[row * streams * streams + n * streams + m];
                    Rows.addScaled(c, x, (m * tokens + row) * hiddenSize, p, to, hiddenSize);
                }
                Rows.add(x, to, p, to, hiddenSize);
            }
        }
    }

    /// x_n = p_n + (c\[n\] + 1) · (HIDDEN − p of the active stream); afterwards RESULT is the corrected active
    /// stream, scaled as the layer says.
    static final class Correct extends TokenStage {
        private final int streams;
        private final int active;
        private final int hiddenSize;
        private final LayerExtra.CorrectedScale scale;
        private final float[] scaleWeight;

        Correct(ResidualStream.AltUp altUp, int hiddenSize, LayerExtra.CorrectedScale scale, float[] scaleWeight) {
            this.streams = altUp.streams();
            this.active = altUp.active();
            this.hiddenSize = hiddenSize;
            this.scale = scale;
            this.scaleWeight = scaleWeight;
        }

        @Override
        void token(Pass pass, int row, int thread) {
            float[] x = pass.buffer(Buffer.STREAMS);
            float[] p = pass.buffer(Buffer.PREDICTIONS);
            float[] hidden = pass.buffer(Buffer.HIDDEN);
            float[] result = pass.buffer(Buffer.RESULT);
            float[] coefficients = pass.buffer(Buffer.COEFFICIENTS);
            int tokens = pass.tokens();
            int at = row * hiddenSize;
            // The innovation takes the place of the layer's result.
            Rows.addScaled(-1, p, (active * tokens + row) * hiddenSize, hidden, at, hiddenSize);
            for (int n = 0; n < streams; n++) {
                int to = (n * tokens + row) * hiddenSize;
                System.arraycopy(p, to, x, to, hiddenSize);
                Rows.addScaled(coefficients[row * streams + n] + 1, hidden, at, x, to, hiddenSize);
            }
            System.arraycopy(x, (active * tokens + row) * hiddenSize, result, at, hiddenSize);
            switch (scale) {
                case LayerExtra.CorrectedScale.Multiplied _ -> Rows.multiply(scaleWeight, 0, result, at, hiddenSize);
                case LayerExtra.CorrectedScale.Ignored _ -> {}
            }
        }
    }

    /// x_n += RESULT for every stream but the first.
    static final class AddToOthers extends TokenStage {
        private final int streams;
        private final int hiddenSize;

        AddToOthers(int streams, int hiddenSize) {
            this.streams = streams;
            this.hiddenSize = hiddenSize;
        }

        @Override
        void token(Pass pass, int row, int thread) {
            for (int n = 1; n < streams; n++) {
                Rows.add(
                        pass.buffer(Buffer.RESULT),
                        row * hiddenSize,
                        pass.buffer(Buffer.STREAMS),
                        (n * pass.tokens() + row) * hiddenSize,
                        hiddenSize);
            }
        }
    }

    /// HIDDEN += share · RESULT.
    static final class AddShare extends TokenStage {
        private final float share;
        private final int hiddenSize;

        AddShare(double share, int hiddenSize) {
            this.share = (float) share;
            this.hiddenSize = hiddenSize;
        }

        @Override
        void token(Pass pass, int row, int thread) {
            int at = row * hiddenSize;
            Rows.addScaled(share, pass.buffer(Buffer.RESULT), at, pass.buffer(Buffer.HIDDEN), at, hiddenSize);
        }
    }
}
