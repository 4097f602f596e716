package dev.assay.cli;

import dev.assay.config.MoeConfig;
import dev.assay.engine.Tap;
import dev.assay.engine.TapPoint;
import dev.assay.golden.FloatError;
import dev.assay.golden.GoldenCase;
import dev.assay.golden.GoldenPrompt;
import dev.assay.golden.Oracle;
import dev.assay.report.ConsoleTable;
import dev.assay.report.ConsoleTable.Align;
import dev.assay.report.ExpertLoad;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/// A golden case as text: where it comes from, its prompts, what it holds, and how exactly it judges.
final class CaseCard {
    private CaseCard() {}

    static String render(GoldenCase golden) {
        Oracle oracle = golden.oracle();
        StringBuilder text = new StringBuilder();
        text.append("Golden case ").append(golden.id()).append('\n');
        if (!golden.notes().isBlank()) {
            text.append(golden.notes()).append('\n');
        }
        text.append("Oracle: ")
                .append(String.join(
                        " ", oracle.library(), oracle.version(), "in", oracle.dtype(), "with", oracle.attention()))
                .append(" attention\nSHA-256 of golden.json: ")
                .append(golden.sha256())
                .append("\n\n")
                .append(ConfigCard.render(golden.config()))
                .append("\nPrompts:\n")
                .append(prompts(golden))
                .append(routing(golden))
                .append("\nFloat32 error of the oracle, from which budgets follow:\n")
                .append(yardsticks(golden));
        return text.toString();
    }

    private static String prompts(GoldenCase golden) {
        ConsoleTable table = new ConsoleTable()
                .column("PROMPT", Align.LEFT)
                .column("TOKENS", Align.RIGHT)
                .column("GREEDY", Align.RIGHT)
                .column("LOGITS", Align.RIGHT)
                .column("TAPS", Align.LEFT);
        for (GoldenPrompt prompt : golden.prompts()) {
            Map<Tap, Integer> taps = new TreeMap<>();
            for (TapPoint point : prompt.taps().keySet()) {
                taps.merge(point.tap(), 1, Integer::sum);
            }
            StringBuilder kinds = new StringBuilder();
            taps.forEach((tap, number) -> kinds.append(kinds.isEmpty() ? "" : ", ")
                    .append(tap.label())
                    .append(" x")
                    .append(number));
            if (!prompt.routedExperts().isEmpty()) {
                kinds.append(kinds.isEmpty() ? "" : ", ")
                        .append("experts x")
                        .append(prompt.routedExperts().size());
            }
            table.row(
                    prompt.id(),
                    Sizes.count(prompt.tokens().length),
                    Sizes.count(prompt.greedy().length),
                    Sizes.count((long) prompt.tokens().length * golden.config().vocabSize()),
                    kinds.toString());
        }
        return table.render();
    }

    /// How the oracle's routers spread the longest prompt over the experts; nothing of a model without experts.
    private static String routing(GoldenCase golden) {
        if (!(golden.config() instanceof MoeConfig config) || config.moeLayers().isEmpty()) {
            return "";
        }
        GoldenPrompt prompt = golden.longestPrompt();
        if (prompt.routedExperts().isEmpty()) {
            return "\nRouting: the case records no experts; what an engine does stands in the report of verify.\n";
        }
        ConsoleTable table = new ConsoleTable()
                .column("LAYER", Align.RIGHT)
                .column("ENTROPY", Align.RIGHT)
                .column("OF EVEN", Align.RIGHT)
                .column("UNUSED", Align.RIGHT)
                .column("TOKENS OF EXPERT 0, 1, ...", Align.LEFT);
        new TreeMap<>(prompt.routedExperts()).forEach((layer, experts) -> {
            ExpertLoad load = ExpertLoad.of(layer, prompt.id(), experts, config.routedExperts());
            table.row(
                    layer.toString(),
                    String.format(Locale.ROOT, "%.3f bits", load.entropyBits()),
                    String.format(Locale.ROOT, "%.1f %%", 100 * load.evenness()),
                    Sizes.count(load.unused()),
                    load.tokens().stream().map(String::valueOf).collect(Collectors.joining(" ")));
        });
        return "\nRouting of prompt " + prompt.id() + " by the oracle, each token to " + config.numExpertsPerTok()
                + " of " + config.routedExperts() + " experts:\n" + table.render();
    }

    private static String yardsticks(GoldenCase golden) {
        ConsoleTable table = new ConsoleTable()
                .column("TAP", Align.LEFT)
                .column("RMS", Align.RIGHT)
                .column("MAX", Align.RIGHT);
        TreeSet<TapPoint> points = new TreeSet<>();
        points.add(TapPoint.LOGITS);
        golden.prompts().forEach(prompt -> points.addAll(prompt.taps().keySet()));
        boolean complete = true;
        for (TapPoint point : points) {
            FloatError error = golden.yardsticks().get(point);
            complete &= error != null;
            table.row(
                    point.toString(),
                    error == null ? "-" : scientific(error.rms()),
                    error == null ? "-" : scientific(error.max()));
        }
        return table.render() + (complete ? "" : "- not recorded: judged by the tap's standard deviation.\n");
    }

    private static String scientific(double value) {
        return String.format(Locale.ROOT, "%.2e", value);
    }
}
