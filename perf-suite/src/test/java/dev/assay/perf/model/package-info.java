/// Tests of dev.assay.perf.model.
@NullMarked
package dev.assay.perf.model;

import org.jspecify.annotations.NullMarked;
