package dev.assay.engine;

import java.util.Set;

/// An engine's answer to "can you run this model?".
public sealed interface Support {
    /// The engine runs the model and has these abilities while doing so.
    record Supported(Set<Capability> capabilities) implements Support {
        public Supported {
            capabilities = Set.copyOf(capabilities);
        }
    }

    /// The engine does not run the model. `reason` is one sentence that names the feature without a kernel.
    record Unsupported(String reason) implements Support {
        public Unsupported {
            if (reason.isBlank()) {
                throw new IllegalArgumentException("an unsupported model needs a reason");
            }
        }
    }
}
