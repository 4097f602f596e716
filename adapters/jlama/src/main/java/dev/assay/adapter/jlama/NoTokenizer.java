package dev.assay.adapter.jlama;

import com.github.tjake.jlama.safetensors.prompt.PromptSupport;
import com.github.tjake.jlama.safetensors.tokenizer.Tokenizer;
import com.github.tjake.jlama.safetensors.tokenizer.TokenizerModel;
import java.util.List;
import java.util.Optional;

/// Jlama wants a tokenizer; token ids go in here, and nothing asks it.
enum NoTokenizer implements Tokenizer {
    INSTANCE;

    @Override
    public List<String> tokenize(String sentence) {
        throw none();
    }

    @Override
    public long[] encode(String sentence) {
        throw none();
    }

    @Override
    public String decode(long id) {
        throw none();
    }

    @Override
    public String decode(long[] ids) {
        throw none();
    }

    @Override
    public Optional<PromptSupport> promptSupport() {
        return Optional.empty();
    }

    @Override
    public TokenizerModel getModel() {
        throw none();
    }

    private static UnsupportedOperationException none() {
        return new UnsupportedOperationException("there is no tokenizer");
    }
}
