package dev.assay.mutants.catalogue;

import dev.assay.engine.Tap;
import dev.assay.plan.Layer;
import java.util.Set;
import java.util.function.Predicate;

/// Where bugs show, in short.
final class Shows {
    private Shows() {}

    static Expected inLayer(Tap tap, int layer) {
        return new Expected.First(tap, (_, _) -> layer);
    }

    /// In the first layer of a kind.
    static Expected firstOf(Tap tap, Predicate<Layer> kind) {
        return new Expected.First(tap, (right, _) -> Edits.first(right, kind));
    }

    /// In the first layer whose plan is another.
    static Expected whereChanged(Tap tap) {
        return new Expected.First(tap, Edits::firstChange);
    }

    static Expected inLogits() {
        return new Expected.First(Tap.LOGITS, (_, _) -> -1);
    }

    static Expected violates(String... checks) {
        return new Expected.Violated(Set.of(checks));
    }

    static Expected refused() {
        return new Expected.Refused();
    }
}
