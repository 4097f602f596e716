@NullMarked
package dev.assay.vector.cache;

import org.jspecify.annotations.NullMarked;
