package dev.assay.vector.stage;

import dev.assay.vector.thread.Split;
import dev.assay.vector.thread.Workers;

/// A stage that treats each token by itself. One token is not worth waking other threads for.
abstract class TokenStage implements Stage, Workers.Task<Pass> {
    @Override
    public final void run(Pass pass) {
        if (pass.rows() == 1) {
            run(pass, 0, 1);
        } else {
            pass.workers.run(this, pass);
        }
    }

    @Override
    public final void run(Pass pass, int thread, int threads) {
        int end = Split.start(pass.rows(), thread + 1, threads);
        for (int row = Split.start(pass.rows(), thread, threads); row < end; row++) {
            token(pass, row, thread);
        }
    }

    /// Treats the token in a row.
    abstract void token(Pass pass, int row, int thread);
}
