/// What an architecture is given, weights by name, and the one method it offers. No arithmetic belongs here.
@NullMarked
package dev.assay.reference.decoder;

import org.jspecify.annotations.NullMarked;
