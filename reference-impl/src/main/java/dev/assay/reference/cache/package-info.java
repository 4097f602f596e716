/// What a decoder keeps of the positions it has seen: simple lists that are counted, not computed.
///
/// Paging, eviction and reuse between sequences do not belong here.
@NullMarked
package dev.assay.reference.cache;

import org.jspecify.annotations.NullMarked;
