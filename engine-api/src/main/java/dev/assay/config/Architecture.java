package dev.assay.config;

/// The architectures that Assay knows: one row in every table and one name after `--architecture`.
///
/// Several architectures may share a configuration record and a reference file: Kimi K2 is a configuration of
/// DeepSeek V3.
public enum Architecture {
    LLAMA_3("llama3", "Llama 3.x"),
    QWEN_3("qwen3", "Qwen3"),
    DEEPSEEK_V3("deepseek-v3", "DeepSeek V3/R1"),
    KIMI_K2("kimi-k2", "Kimi K2");

    private final String id;
    private final String title;

    Architecture(String id, String title) {
        this.id = id;
        this.title = title;
    }

    /// Name on the command line and in reports, for example `deepseek-v3`.
    public String id() {
        return id;
    }

    /// Name for people.
    public String title() {
        return title;
    }
}
