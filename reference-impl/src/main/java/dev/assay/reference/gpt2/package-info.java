/// GPT-2.
@NullMarked
package dev.assay.reference.gpt2;

import org.jspecify.annotations.NullMarked;
