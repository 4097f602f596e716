@NullMarked
package dev.assay.vector.kernel;

import org.jspecify.annotations.NullMarked;
