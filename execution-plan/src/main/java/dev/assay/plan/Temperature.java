package dev.assay.plan;

/// What queries are multiplied by, depending on their position.
public sealed interface Temperature {
    record None() implements Temperature {}

    /// 1 + growth · ln(1 + ⌊(position + 1) / step⌋), positions from 0: layers without rotary of Llama 4.
    record LogarithmOfPosition(int step, double growth) implements Temperature {
        public LogarithmOfPosition {
            Checks.positive("step", step);
            Checks.require(growth >= 0 && Double.isFinite(growth), "growth", growth, "a finite number of at least 0");
        }

        /// The factor at a position.
        public double at(long position) {
            // An exact floor, where HF floors a quotient of floats: they agree below 2^24 positions.
            long steps = (position + 1) / step;
            return 1 + growth * Math.log1p((double) steps);
        }
    }
}
