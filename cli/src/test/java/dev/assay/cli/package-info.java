/// Tests of the `assay` command, run through [Main#run].
@NullMarked
package dev.assay.cli;

import org.jspecify.annotations.NullMarked;
