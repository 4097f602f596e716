@NullMarked
package dev.assay.plan;

import org.jspecify.annotations.NullMarked;
