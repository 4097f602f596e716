package dev.assay.adapter.openai;

/// What a server asks for before it answers, sent as `Authorization: Bearer KEY`. It stands in no message: neither its
/// own, nor in what is quoted of an answer.
public final class ApiKey {
    private static final String HIDDEN = "[API key]";

    private final String value;

    /// @throws IllegalArgumentException if no header can hold it
    public ApiKey(String value) {
        if (value.isEmpty() || !value.chars().allMatch(c -> c > ' ' && c < 0x7f)) {
            throw new IllegalArgumentException("API key: expected visible ASCII characters without spaces, found "
                    + value.length() + " characters that are not all such");
        }
        this.value = value;
    }

    String header() {
        return "Bearer " + value;
    }

    /// A text of the server's without the key.
    String hiddenIn(String text) {
        return text.replace(value, HIDDEN);
    }

    @Override
    public String toString() {
        return HIDDEN;
    }
}
