package dev.assay.vector.stage;

import dev.assay.engine.TapPoint;
import java.util.Arrays;

/// Reports rows of a buffer, if anyone listens.
final class TapStage implements Stage {
    private final TapPoint point;
    private final Buffer buffer;
    private final int width;

    TapStage(TapPoint point, Buffer buffer, int width) {
        this.point = point;
        this.buffer = buffer;
        this.width = width;
    }

    @Override
    public void run(Pass pass) {
        if (!pass.isTapped()) {
            return;
        }
        float[][] rows = new float[pass.tokens()][]; // [T][width]
        for (int t = 0; t < rows.length; t++) {
            rows[t] = Arrays.copyOfRange(pass.buffer(buffer), t * width, (t + 1) * width);
        }
        pass.taps.on(point, rows);
    }
}
