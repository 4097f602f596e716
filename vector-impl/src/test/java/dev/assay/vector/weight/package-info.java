@NullMarked
package dev.assay.vector.weight;

import org.jspecify.annotations.NullMarked;
