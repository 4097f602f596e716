/// Model configurations: one record per architecture family, read from a published Hugging Face `config.json`.
///
/// Record components are the HF keys in camelCase. No arithmetic of the model belongs here; sizes that follow
/// from a configuration alone, such as the numbers a cache holds, do.
@NullMarked
package dev.assay.config;

import org.jspecify.annotations.NullMarked;
