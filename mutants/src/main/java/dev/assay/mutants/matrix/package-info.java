/// How many of the catalogue's bugs the suite kills: every mutant in every case of its architectures, check by check.
@NullMarked
package dev.assay.mutants.matrix;

import org.jspecify.annotations.NullMarked;
