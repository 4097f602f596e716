package dev.assay.report.render;

import dev.assay.report.AtomicFile;
import dev.assay.report.ReportException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;

/// Models side by side, by what their configurations cost: a page and a table.
public final class LineUp {
    /// Markdown has no images without files: a bar is as many full characters of so many.
    private static final int BAR = 20;

    private final List<ModelFacts> models;
    private final List<Integer> contexts;
    private final String cacheType;
    private final String command;

    /// @param contexts lengths in positions, as many as every model has sizes of the cache
    /// @param cacheType type of cached numbers
    /// @param command that makes the same again
    public LineUp(List<ModelFacts> models, List<Integer> contexts, String cacheType, String command) {
        for (ModelFacts model : models) {
            if (model.cacheBytes().size() != contexts.size()) {
                throw new IllegalArgumentException(model.name() + ": "
                        + model.cacheBytes().size() + " sizes for " + contexts.size() + " contexts");
            }
        }
        this.models = List.copyOf(models);
        this.contexts = List.copyOf(contexts);
        this.cacheType = cacheType;
        this.command = command;
    }

    /// Writes `facts.html` and `facts.md`.
    ///
    /// @throws ReportException if one cannot be written
    public void write(Path folder) {
        AtomicFile.write(folder.resolve("facts.html"), html());
        AtomicFile.write(folder.resolve("facts.md"), markdown());
    }

    String html() {
        return LineUpPageRenderer.of()
                .execute(new LineUpPage(
                        HtmlReport.CONTENT_POLICY,
                        HtmlReport.STYLE,
                        HtmlReport.SCRIPT,
                        command,
                        cacheType,
                        contexts.stream().map(Figures::count).toList(),
                        models.stream().map(this::row).toList()));
    }

    private LineUpPage.Row row(ModelFacts model) {
        double share = (double) model.active() / model.parameters();
        List<LineUpPage.Cache> caches = new ArrayList<>();
        for (int i = 0; i < contexts.size(); i++) {
            OptionalLong bytes = model.cacheBytes().get(i);
            long most = most(i);
            caches.add(
                    bytes.isPresent()
                            ? new LineUpPage.Cache(
                                    Figures.scaled(bytes.getAsLong(), "B"),
                                    Figures.count(bytes.getAsLong()),
                                    new LineUpPage.Share(Tone.QUIET, Drawing.width((double) bytes.getAsLong() / most)))
                            : new LineUpPage.Cache("–", "", null));
        }
        return new LineUpPage.Row(
                model.name(),
                model.architecture(),
                Figures.scaled(model.parameters(), "").strip(),
                Figures.count(model.parameters()),
                Figures.scaled(model.active(), "").strip(),
                Figures.count(model.active()),
                Figures.percent(share),
                new LineUpPage.Share(Tone.QUIET, Drawing.width(share)),
                caches,
                model.counted() ? model.vendor() : (model.vendor() + " (not counted by Assay)").strip());
    }

    /// The largest cache at a context, of which the bars are shares.
    private long most(int context) {
        return models.stream()
                .map(model -> model.cacheBytes().get(context))
                .flatMapToLong(OptionalLong::stream)
                .max()
                .orElse(1);
    }

    String markdown() {
        StringBuilder out = new StringBuilder("# The line-up\n\n")
                .append("Counted from the published configurations by `")
                .append(command)
                .append("`.\nActive: parameters that one token uses, without the input embedding. KV: bytes that one"
                        + " sequence holds in ")
                .append(cacheType)
                .append(".\n\n| model | parameters | active | share |  |");
        contexts.forEach(
                context -> out.append(" KV at ").append(Figures.count(context)).append(" |"));
        out.append("\n|---|---:|---:|---:|---|")
                .append("---:|".repeat(contexts.size()))
                .append('\n');
        for (ModelFacts model : models) {
            double share = (double) model.active() / model.parameters();
            int full = (int) Math.round(BAR * share);
            out.append("| ")
                    .append(model.name())
                    .append(model.counted() ? "" : " *")
                    .append(String.format(Locale.ROOT, " | %,d | %,d | ", model.parameters(), model.active()))
                    .append(Figures.percent(share))
                    .append(" | ")
                    .append("█".repeat(full))
                    .append("░".repeat(BAR - full))
                    .append(" |");
            model.cacheBytes()
                    .forEach(bytes -> out.append(' ')
                            .append(bytes.isPresent() ? Figures.count(bytes.getAsLong()) : "–")
                            .append(" |"));
            out.append('\n');
        }
        if (models.stream().anyMatch(model -> !model.counted())) {
            out.append("\n\\* Its architecture is not implemented: the figures are others' counts.\n");
        }
        return out.toString();
    }
}
