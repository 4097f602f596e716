/// [VectorEngine] behind the engine interface: sessions, argument checks and the account of what ran.
@NullMarked
package dev.assay.vector;

import org.jspecify.annotations.NullMarked;
