package dev.assay.conformance.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.assay.conformance.suite.ToyModel;
import dev.assay.engine.Tap;
import dev.assay.engine.TapPoint;
import dev.assay.golden.GoldenCase;
import dev.assay.golden.GoldenPrompt;
import dev.assay.report.BudgetUse.Yardstick;
import dev.assay.report.Divergence;
import dev.assay.report.TapUse;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class JudgeTest {
    private final GoldenPrompt prompt = ToyModel.golden().prompts().getLast();
    private final Judge judge = Judge.of(ToyModel.golden());

    @Test
    void passesWhatIsWithinEveryBudget() {
        Judgement judgement = judge.judge(differences(Map.of()));

        assertThat(judgement.passes()).isTrue();
        assertThat(judgement.worst().used()).isLessThan(1);
        // Three taps of width D and the logits, for every token.
        assertThat(judgement.elements())
                .isEqualTo((long) prompt.tokens().length * (3 * ToyModel.HIDDEN_SIZE + ToyModel.VOCAB_SIZE));
    }

    @Test
    void namesTheFirstPlaceOverBudgetInTheOrderOfTheComputation() {
        TapPoint second = TapPoint.of(Tap.HIDDEN, 1);
        Judgement judgement =
                judge.judge(differences(Map.of(TapPoint.LOGITS, 1f, TapPoint.of(Tap.HIDDEN, 2), 0.5f, second, 0.01f)));

        assertThat(judgement.passes()).isFalse();
        assertThat(judgement.worst().tap()).isEqualTo("logits");
        Divergence first = judgement.firstDivergence().orElseThrow();
        assertThat(first.tap()).isEqualTo("hidden.1");
        assertThat(first.layer())
                .as("the input of layer 1 is the output of layer 0")
                .isZero();
        assertThat(first.token()).isEqualTo(2);
        assertThat(first.channel()).isEqualTo(3);
        assertThat(first.actual() - first.expected()).isCloseTo(0.01, org.assertj.core.data.Offset.offset(1e-6));
        assertThat(first.used()).isGreaterThan(1);
    }

    @Test
    void saysOfEveryPlaceTheMostThatAPromptUsed() {
        TapPoint second = TapPoint.of(Tap.HIDDEN, 1);
        List<Difference> differences = new ArrayList<>(differences(Map.of()));
        List<TapUse> within = judge.judge(differences).taps();
        differences.addAll(differences(Map.of(second, 0.01f)));
        List<TapUse> beyond = judge.judge(differences).taps();

        assertThat(within).extracting(TapUse::tap).containsExactly("hidden.0", "hidden.1", "hidden.2", "logits");
        assertThat(within).extracting(TapUse::layer).containsExactly(-1, 0, 1, -1);
        assertThat(within).allSatisfy(tap -> assertThat(tap.used()).isLessThan(1));
        assertThat(beyond.get(1).used()).isGreaterThan(1);
        assertThat(beyond.get(2)).isEqualTo(within.get(2));
    }

    @Test
    void namesTheLayerThatComputedThePlace() {
        Judgement ofHidden = judge.judge(differences(Map.of(TapPoint.of(Tap.HIDDEN, 2), 1f)));
        assertThat(ofHidden.firstDivergence().orElseThrow().layer()).isEqualTo(1);
        Judgement ofLogits = judge.judge(differences(Map.of(TapPoint.LOGITS, 1f)));
        assertThat(ofLogits.firstDivergence().orElseThrow().layer())
                .as("no layer computes the logits")
                .isEqualTo(-1);
    }

    @Test
    void ofPromptsEquallyFarOffTheFirstIsNamed() {
        float[][] actual = ToyModel.floats(prompt.logits()); // [T][V]
        actual[2][3] += 1;
        Judgement judgement = judge.judge(List.of(
                Difference.measure(TapPoint.LOGITS, "first", prompt.logits(), actual),
                Difference.measure(TapPoint.LOGITS, "second", prompt.logits(), actual)));

        assertThat(judgement.worst().prompt()).isEqualTo("first");
        assertThat(judgement.firstDivergence().orElseThrow().prompt()).isEqualTo("first");
    }

    @Test
    void placesWithoutAYardstickAreJudgedByTheirDeviation() {
        GoldenCase toy = ToyModel.golden();
        GoldenCase without = new GoldenCase(
                toy.id(),
                toy.source(),
                toy.config(),
                toy.configJson(),
                toy.oracle(),
                toy.notes(),
                toy.prompts(),
                Map.of(),
                toy.sha256(),
                toy.weights());

        assertThat(judge.judge(differences(Map.of())).worst().yardstick()).isEqualTo(Yardstick.RECORDED);
        assertThat(Judge.of(without).judge(differences(Map.of())).worst().yardstick())
                .isEqualTo(Yardstick.STANDARD_DEVIATION);
    }

    @Test
    void aNanIsOverBudgetAndTheWorst() {
        Judgement judgement =
                judge.judge(differences(Map.of(TapPoint.LOGITS, Float.NaN, TapPoint.of(Tap.HIDDEN, 2), 9f)));

        assertThat(judgement.passes()).isFalse();
        assertThat(judgement.worst().used()).isNaN();
        assertThat(judgement.firstDivergence().orElseThrow().tap()).isEqualTo("hidden.2");
    }

    @Test
    void aNanIsTheWorstWhereverItStands() {
        TapPoint second = TapPoint.of(Tap.HIDDEN, 1);
        Judgement judgement = judge.judge(differences(Map.of(TapPoint.LOGITS, 9f, second, Float.NaN)));

        assertThat(judgement.worst().used()).isNaN();
        assertThat(judgement.worst().tap()).isEqualTo("hidden.1");
    }

    @Test
    void nothingComparedIsAnError() {
        assertThatThrownBy(() -> judge.judge(List.of())).hasMessage("nothing was compared");
    }

    /// The golden values as an engine would return them, moved at token 2, channel 3 by what `moved` says for a
    /// place.
    private List<Difference> differences(Map<TapPoint, Float> moved) {
        List<Difference> differences = new ArrayList<>();
        // Logits first: the order of comparison must not matter.
        differences.add(difference(TapPoint.LOGITS, prompt.logits(), moved));
        prompt.taps().forEach((point, rows) -> differences.add(difference(point, rows, moved)));
        return differences;
    }

    private static Difference difference(TapPoint point, double[][] golden, Map<TapPoint, Float> moved) {
        float[][] actual = ToyModel.floats(golden);
        actual[2][3] += moved.getOrDefault(point, 0f);
        return Difference.measure(point, "long", golden, actual);
    }
}
