package dev.assay.config;

/// The architectures that Assay knows: one row in every table and one name after `--architecture`.
///
/// Several architectures may share a configuration record and a reference file: Kimi K2 is a configuration of
/// DeepSeek V3, and Mistral Small 3.1 one of Mistral.
public enum Architecture {
    GPT_2("gpt2", "GPT-2"),
    LLAMA_3("llama3", "Llama 3.x"),
    LLAMA_4("llama4", "Llama 4"),
    MISTRAL_7B("mistral-7b", "Mistral 7B"),
    MISTRAL_SMALL_3_1("mistral-small-3.1", "Mistral Small 3.1"),
    OLMO_2("olmo2", "OLMo 2"),
    GEMMA_3("gemma3", "Gemma 3"),
    GEMMA_3N("gemma3n", "Gemma 3n"),
    QWEN_3("qwen3", "Qwen3"),
    QWEN_3_MOE("qwen3-moe", "Qwen3 MoE"),
    SMOLLM_3("smollm3", "SmolLM3"),
    DEEPSEEK_V2("deepseek-v2", "DeepSeek V2"),
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
