/// Tests of what Jlama computes, against the reference.
@NullMarked
package dev.assay.adapter.jlama;

import org.jspecify.annotations.NullMarked;
