/// The catalogue of known bugs: what each is, where it was seen, how it is planted and where it must first show.
///
/// Numbers and letters of ids are those under which the bugs were collected: D DeepSeek, Q Qwen3, G Gemma 3, N Gemma
/// 3n, L Llama 4, S SmolLM3, O OLMo 2, M Mistral, X any engine.
@NullMarked
package dev.assay.mutants.catalogue;

import org.jspecify.annotations.NullMarked;
