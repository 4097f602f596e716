package dev.assay.mutants.catalogue;

import dev.assay.mutants.catalogue.Equivalent.Scope;
import java.util.List;
import java.util.Map;

/// What is in the list of bugs and not among the mutants.
final class Equivalents {
    static final List<Equivalent> ALL = List.of(
            new Equivalent(
                    "L09",
                    "Llama 4: QK-norm before rotary, not after",
                    Scope.ALWAYS,
                    "The norm has no weight and divides by the root mean square of the whole head. Rotary turns pairs of the"
                            + " whole head and keeps every pair's sum of squares, so the divisor is the same before and after,"
                            + " and a division by one number commutes with a rotation."),
            new Equivalent(
                    "D07",
                    "scale applied before weights are made to sum to 1, against left out",
                    Scope.ALWAYS,
                    "(s·f) / Σ(s·f) = s / Σs, up to the epsilon of 1e-20: the two are one mutant, D07."),
            new Equivalent(
                    "Q03",
                    "softmax over the chosen logits, against softmax over all and shares of the chosen",
                    Scope.ALWAYS,
                    "exp(x)/Z over the sum of the chosen exp(x)/Z does not depend on Z, and the order of softmax values is that"
                            + " of logits. With norm_topk_prob true it is no bug; with false it is Q02, number for number."),
            new Equivalent(
                    "D18",
                    "half-split for interleaved rotary with the rows of both query and key matrices reordered to match",
                    Scope.ALWAYS,
                    "A permutation of both vectors of a dot product does not change it. D18 is the pairing without the"
                            + " reordering."),
            new Equivalent(
                    "N10e",
                    "Gemma 3n: sum of the final streams not divided by their number",
                    Scope.PUBLISHED_CONFIGURATIONS,
                    "The final norm takes out any factor up to its eps: eps / mean square stays far below float32's half-ulp"
                            + " with the published 1e-6 and streams of the usual magnitude. An eps near the mean square would"
                            + " show it."),
            new Equivalent(
                    "D15",
                    "mscale for mscale_all_dim where both are equal",
                    Scope.PUBLISHED_CONFIGURATIONS,
                    "DeepSeek V3, R1 and Kimi K2 publish equal values. Planted in cases where they differ."),
            new Equivalent(
                    "D04",
                    "closed groups as 0 on the weights of DeepSeek V3",
                    Scope.PUBLISHED_CONFIGURATIONS,
                    "Its least correction bias is 2.02, so no open expert ranks below 0. Planted in a case of negative biases."),
            new Equivalent(
                    "D05",
                    "no groups where n_group is 1",
                    Scope.ALWAYS,
                    "One group holds all experts and is always chosen: Kimi K2. Planted where there are several."),
            new Equivalent(
                    "G04",
                    "scores scaled by the head dim where query_pre_attn_scalar is the head dim",
                    Scope.ALWAYS,
                    "The same number: Gemma 3 1B, 4B and 12B. Planted where they differ, as in 27B."));

    static final List<NotPlanted> NOT_PLANTED = List.of(
            new NotPlanted(
                    "G12",
                    "context shift without turning keys again by each layer's own theta",
                    "llama.cpp #12357",
                    "sessions have no context shift"),
            new NotPlanted(
                    "M02",
                    "temperature of attention missing in Ministral 3",
                    "HF PR #44860; ferrox PR #213",
                    "Ministral 3 is not among the architectures; L04 plants the same in Llama 4"),
            new NotPlanted(
                    "M04",
                    "wrong regular expression of the pre-tokenizer",
                    "llama.cpp #23252; HF fix_mistral_regex",
                    "prompts are token ids: no tokenizer is judged"),
            new NotPlanted(
                    "X10",
                    "order of nibbles and -128 in quantised weights",
                    "LLMPlayer Q5_0; jinfer",
                    "golden cases have no integer-quantised weights"));

    /// What a golden case would need to catch a mutant that none does: by the mutant's id.
    static final Map<String, String> NEEDS = Map.of();

    private Equivalents() {}
}
