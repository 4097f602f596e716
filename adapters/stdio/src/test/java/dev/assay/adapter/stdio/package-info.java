/// Tests of the protocol: what both sides say, what a side does with what may not be said, and whole engines.
@NullMarked
package dev.assay.adapter.stdio;

import org.jspecify.annotations.NullMarked;
