/// Threads that work on one task together, and how work is split among them. No arithmetic belongs here.
@NullMarked
package dev.assay.vector.thread;

import org.jspecify.annotations.NullMarked;
