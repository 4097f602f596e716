package dev.assay.perf.run;

/// How requests come, beside the closed loop of one session that is always measured.
public sealed interface Load {
    /// Sessions of one model, whose tokens are decoded in turn.
    ///
    /// @param count at least 2
    record Sessions(int count) implements Load {
        public Sessions {
            if (count < 2) {
                throw new IllegalArgumentException("expected at least 2 sessions, found " + count);
            }
        }
    }

    /// Requests by a schedule fixed before, to one session: an open loop.
    ///
    /// @param requestsPerSecond mean rate, above 0
    /// @param requests at least 1
    record OpenLoop(double requestsPerSecond, int requests) implements Load {
        public OpenLoop {
            if (!(requestsPerSecond > 0 && requestsPerSecond < Double.POSITIVE_INFINITY) || requests < 1) {
                throw new IllegalArgumentException("expected a rate above 0 and at least one request, found "
                        + requestsPerSecond + " and " + requests);
            }
        }
    }
}
