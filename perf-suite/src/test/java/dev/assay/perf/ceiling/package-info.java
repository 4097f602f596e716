/// Tests of the ceilings.
@NullMarked
package dev.assay.perf.ceiling;

import org.jspecify.annotations.NullMarked;
