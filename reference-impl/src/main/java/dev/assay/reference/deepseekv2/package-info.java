/// DeepSeek V2.
@NullMarked
package dev.assay.reference.deepseekv2;

import org.jspecify.annotations.NullMarked;
