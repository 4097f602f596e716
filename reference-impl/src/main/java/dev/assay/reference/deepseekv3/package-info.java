/// DeepSeek V3, V3.1 and R1, and Kimi K2, which is a configuration of the same architecture.
@NullMarked
package dev.assay.reference.deepseekv3;

import org.jspecify.annotations.NullMarked;
