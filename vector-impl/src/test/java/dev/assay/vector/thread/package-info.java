@NullMarked
package dev.assay.vector.thread;

import org.jspecify.annotations.NullMarked;
