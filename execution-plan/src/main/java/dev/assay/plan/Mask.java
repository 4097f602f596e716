package dev.assay.plan;

/// Which positions a query sees; never one after its own.
public sealed interface Mask {
    /// Positions that the query at `position` sees, its own included.
    long visible(long position);

    /// Positions that the first `positions` queries see, added up.
    long visibleInTotal(long positions);

    /// All of them.
    record Causal() implements Mask {
        @Override
        public long visible(long position) {
            return position + 1;
        }

        @Override
        public long visibleInTotal(long positions) {
            return triangle(positions);
        }
    }

    /// Its own and the `size` − 1 before it.
    record SlidingWindow(int size) implements Mask {
        public SlidingWindow {
            Checks.positive("window", size);
        }

        @Override
        public long visible(long position) {
            return Math.min(position + 1, size);
        }

        @Override
        public long visibleInTotal(long positions) {
            return positions <= size ? triangle(positions) : triangle(size) + (positions - size) * size;
        }
    }

    /// Its own and the earlier ones of its chunk; chunks begin at multiples of `size`: Llama 4.
    record Chunked(int size) implements Mask {
        public Chunked {
            Checks.positive("chunk", size);
        }

        @Override
        public long visible(long position) {
            return position % size + 1;
        }

        @Override
        public long visibleInTotal(long positions) {
            return positions / size * triangle(size) + triangle(positions % size);
        }
    }

    /// 1 + 2 + … + n.
    private static long triangle(long n) {
        return n * (n + 1) / 2;
    }
}
