/// Tests of dev.assay.perf.run.
@NullMarked
package dev.assay.perf.run;

import org.jspecify.annotations.NullMarked;
