/// Checkpoints as GGUF files: keys, tensor names, layouts and number formats as llama.cpp writes and reads them. Only
/// writing; no quantisation besides Q8_0, no tokenizer but one in which every id has a piece of its own.
@NullMarked
package dev.assay.checkpoint.gguf;

import org.jspecify.annotations.NullMarked;
