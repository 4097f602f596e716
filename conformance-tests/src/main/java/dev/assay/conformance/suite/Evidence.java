package dev.assay.conformance.suite;

import dev.assay.engine.Capability;
import dev.assay.report.EvidenceLevel;
import java.util.Set;

/// The evidence that declared abilities allow.
final class Evidence {
    private Evidence() {}

    /// Of a check that compares logits and, where the engine reports them, taps.
    static EvidenceLevel ofLogits(Set<Capability> declared) {
        return declared.contains(Capability.TAPS) ? EvidenceLevel.FULL_LOGITS_AND_TAPS : EvidenceLevel.FULL_LOGITS;
    }
}
