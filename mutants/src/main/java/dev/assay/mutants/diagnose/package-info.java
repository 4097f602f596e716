/// What a failing engine's error says: where it begins, which layers are at fault themselves, and which known bug it
/// looks like.
@NullMarked
package dev.assay.mutants.diagnose;

import org.jspecify.annotations.NullMarked;
