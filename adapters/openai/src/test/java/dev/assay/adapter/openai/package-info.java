/// Tests of the client against servers in this JVM.
@NullMarked
package dev.assay.adapter.openai;

import org.jspecify.annotations.NullMarked;
