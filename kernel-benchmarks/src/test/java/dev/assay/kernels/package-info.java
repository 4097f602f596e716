@NullMarked
package dev.assay.kernels;

import org.jspecify.annotations.NullMarked;
