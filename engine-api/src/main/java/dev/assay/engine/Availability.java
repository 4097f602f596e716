package dev.assay.engine;

/// Whether an engine can run on this machine at all, whatever the model.
public sealed interface Availability {
    /// It can.
    record Available() implements Availability {}

    /// It cannot. `reason` is one sentence that names what is missing.
    record Absent(String reason) implements Availability {
        public Absent {
            if (reason.isBlank()) {
                throw new IllegalArgumentException("an absent engine needs a reason");
            }
        }
    }
}
