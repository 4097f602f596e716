/// What all parts of a measurement have in common: how it fails.
@NullMarked
package dev.assay.perf;

import org.jspecify.annotations.NullMarked;
