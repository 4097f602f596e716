package dev.assay.conformance.suite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.assay.engine.Capability;
import dev.assay.golden.Goldens;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SelectionTest {
    @Test
    void allIsEverything() {
        assertThat(Selection.all().caseIds()).isEqualTo(Goldens.ids());
        assertThat(Selection.all().selectedRules()).isEqualTo(GoldenSuite.rules());
    }

    @Test
    void filtersNarrowOneAnother() {
        Selection selection = Selection.all()
                .ofArchitectures("qwen3", "gpt2")
                .ofCases("qwen3-base", "qwen3-f16", "llama3-base")
                .ofRules("one-shot", "token-by-token")
                .withProfile(Profile.CORE);

        assertThat(selection.caseIds()).containsExactly("qwen3-base", "qwen3-f16");
        assertThat(selection.selectedRules()).extracting(Rule::id).containsExactly("token-by-token");
    }

    @Test
    void capabilitiesSelectTheRulesThatNeedNoOthers() {
        assertThat(Selection.all()
                        .needingOnly(Capability.FULL_LOGITS, Capability.CONCURRENT_SESSIONS)
                        .selectedRules())
                .extracting(Rule::id)
                .contains("token-by-token", "interleaved-sessions")
                .doesNotContain("one-shot", "kv-cache-bytes");
    }

    @Test
    void whatDoesNotExistIsNamedBesideWhatDoes() {
        assertThatThrownBy(() -> Selection.all().ofCases("qwen3-bass").caseIds())
                .hasMessageStartingWith("no golden case is named qwen3-bass; there are deepseek-");
        assertThatThrownBy(() -> Selection.all().ofArchitectures("bert").caseIds())
                .hasMessageStartingWith("no architecture is named bert; there are deepseek-v2, ");
        assertThatThrownBy(() -> Selection.all().ofRules("one-shoot").selectedRules())
                .hasMessageStartingWith("no rule is named one-shoot; there are one-shot, ");
    }

    @Test
    void nothingSelectedIsAnError() {
        assertThatThrownBy(() -> Selection.all()
                        .ofArchitectures("gpt2")
                        .ofCases("qwen3-base")
                        .caseIds())
                .hasMessage("no golden case is selected by architectures [gpt2] and cases [qwen3-base]");
        assertThatThrownBy(() -> Selection.all()
                        .ofRules("one-shot")
                        .withProfile(Profile.CORE)
                        .selectedRules())
                .hasMessage("no rule is selected by profile CORE, rules [one-shot] and capabilities []");
    }

    /// What RULES.md says of the kinds.
    @Test
    void requiredRulesNeedOneKindOfPredictionAndNothingElse() {
        Set<Capability> predictions =
                Set.of(Capability.FULL_LOGITS, Capability.TOP_LOG_PROBABILITIES, Capability.GREEDY_TOKENS);
        assertThat(GoldenSuite.rules()).allSatisfy(rule -> {
            boolean onlyPredictions = predictions.containsAll(rule.needs());
            assertThat(rule.kind() != Rule.Kind.OPTIONAL).as(rule.id()).isEqualTo(onlyPredictions);
        });
    }
}
