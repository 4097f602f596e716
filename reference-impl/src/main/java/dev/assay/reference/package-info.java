/// [ReferenceEngine]: the reference behind the engine interface, one decoder file an architecture behind that.
///
/// Sessions, argument checks and counting belong here; anything that computes does not.
@NullMarked
package dev.assay.reference;

import org.jspecify.annotations.NullMarked;
