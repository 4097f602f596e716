/// The models that are measured: published shapes with synthetic weights, slices of them, and folders.
@NullMarked
package dev.assay.perf.model;

import org.jspecify.annotations.NullMarked;
