/// The `assay` command: arguments in, exit code out.
@NullMarked
package dev.assay.cli;

import org.jspecify.annotations.NullMarked;
