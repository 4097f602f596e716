/// [OpenAiEngine]: what an OpenAI-compatible server says of the next token, `/v1/completions` with token ids.
///
/// Only the n most probable tokens and their log-probabilities can be had in this way, a lower level of evidence than
/// logits. No judgement belongs here.
@NullMarked
package dev.assay.adapter.openai;

import org.jspecify.annotations.NullMarked;
