@NullMarked
package dev.assay.plan.cost;

import org.jspecify.annotations.NullMarked;
