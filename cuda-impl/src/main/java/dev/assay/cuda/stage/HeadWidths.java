package dev.assay.cuda.stage;

import java.util.List;

/// Widths of heads that kernels of attention are made for; each serves all heads that are no wider.
final class HeadWidths {
    private static final List<Integer> ALL = List.of(64, 128, 256);

    static final int WIDEST = ALL.getLast();

    private HeadWidths() {}

    /// The narrowest that serves heads of `width` numbers, at most [#WIDEST].
    static int serving(int width) {
        return ALL.stream().filter(most -> width <= most).findFirst().orElseThrow();
    }
}
