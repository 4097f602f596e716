/// llama.cpp behind the engine interface: its C functions through `java.lang.foreign`, its models as temporary GGUF
/// files. No arithmetic of our own.
@NullMarked
package dev.assay.adapter.llamacpp;

import org.jspecify.annotations.NullMarked;
