package dev.assay.golden;

import dev.assay.checkpoint.SafetensorsFile;

/// The files of a case, wherever they lie.
interface CaseFiles {
    /// What users type after `--case` to get this case, and what messages call it.
    String source();

    /// What messages call one of the files.
    String nameOf(String file);

    boolean has(String file);

    /// All bytes of a file of at most [#LARGEST_TEXT] bytes.
    ///
    /// @throws GoldenException if it is not there, too large or cannot be read
    byte[] read(String file);

    /// SHA-256 of a file of any size, in hexadecimal.
    ///
    /// @throws GoldenException if it cannot be read
    String sha256(String file);

    /// Opens a safetensors file.
    ///
    /// @throws dev.assay.checkpoint.CheckpointException if it is malformed
    SafetensorsFile openTensors(String file);

    /// Largest JSON file that is read, in bytes: thousands of prompts fit.
    int LARGEST_TEXT = 256 << 20;
}
