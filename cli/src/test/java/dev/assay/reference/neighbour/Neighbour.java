package dev.assay.reference.neighbour;

import dev.assay.reference.forbidden.Forbidden;

/// Another architecture, in a cycle with the first.
public final class Neighbour {
    private Neighbour() {}

    public static int knowsForbidden() {
        return Forbidden.class.getModifiers();
    }
}
