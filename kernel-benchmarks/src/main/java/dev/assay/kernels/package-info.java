/// One class a kernel, with its sizes and types as JMH's parameters, and what measures them all alike.
@NullMarked
package dev.assay.kernels;

import org.jspecify.annotations.NullMarked;
