package dev.assay.cli;

import dev.assay.config.ModelConfig;
import dev.assay.golden.PublishedModel;
import dev.assay.plan.cost.ActiveConvention;
import dev.assay.plan.cost.Facts;
import dev.assay.plan.cost.VendorClaim;
import dev.assay.report.render.LineUp;
import dev.assay.report.render.ModelFacts;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/// `assay facts`: parameters, active parameters and KV-cache bytes, exact, from a configuration alone.
@Command(
        name = "facts",
        description = "Counts parameters, active parameters and KV-cache bytes of a model, exactly.",
        optionListHeading = "%nOptions:%n",
        footer = {
            "",
            "Active parameters are those one token uses, in three conventions: all (A), without the",
            "input embedding (B, the headline), and without the output head too (C).",
            "",
            "Examples:",
            "  ./assay facts",
            "  ./assay facts --report facts",
            "  ./assay facts DeepSeek-V3 --context 4096,131072",
            "  ./assay facts my-model/config.json --kv-dtype f32 --json"
        })
final class FactsCommand implements Callable<Integer> {
    private final Surroundings surroundings;

    @Parameters(
            arity = "0..1",
            paramLabel = "MODEL|CONFIG",
            description = "Published model, or a config.json. Default: a table of all published models.")
    private @Nullable String subject;

    @Option(
            names = "--context",
            split = ",",
            paramLabel = "N",
            defaultValue = "4096,32768,131072",
            description = "Lengths to give the size of the cache at, in positions. Default: ${DEFAULT-VALUE}.")
    private List<Integer> contexts = List.of();

    @Option(
            names = "--kv-dtype",
            paramLabel = "TYPE",
            defaultValue = "bf16",
            description = "Type of cached numbers: ${COMPLETION-CANDIDATES}. Default: ${DEFAULT-VALUE}.")
    private CacheType kvDtype = CacheType.bf16;

    @Option(names = "--json", description = "As JSON.")
    private boolean json;

    @Option(
            names = "--report",
            paramLabel = "DIR",
            description = "Writes the table as a page and as Markdown, facts.html and facts.md, into this folder.")
    private @Nullable String report;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it.
    private CommandSpec spec;

    /// Types of cached numbers, named as users type them.
    @SuppressWarnings("MemberName")
    enum CacheType {
        f32(4),
        bf16(2),
        f16(2),
        f8(1);

        private final int bytes;

        CacheType(int bytes) {
            this.bytes = bytes;
        }
    }

    FactsCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() {
        for (int context : contexts) {
            if (context < 1) {
                throw new UsageException("--context: expected at least 1, found " + context);
            }
        }
        PrintWriter out = surroundings.out();
        String given = subject;
        if (report != null) {
            if (given != null || json) {
                throw new UsageException("--report: expected alone, for the table of all published models, found "
                        + (json ? "--json" : given) + " beside it");
            }
            Path folder = OutFolder.make("--report", report);
            lineUp().write(folder);
            out.println("report: " + folder.resolve("facts.html"));
            return 0;
        }
        if (given == null) {
            if (json) {
                Map<String, Object> all = new LinkedHashMap<>();
                PublishedModel.all().forEach(model -> all.put(model.name(), data(model)));
                out.println(write(all));
            } else {
                out.print(table(PublishedModel.all()));
            }
            return 0;
        }
        Optional<String> published = Names.find(given, Published.names());
        if (published.isPresent()) {
            PublishedModel model = Published.named(published.get());
            out.print(json ? write(data(model)) + "\n" : card(model.name(), data(model)));
        } else {
            Map<String, Object> data = facts(ModelConfig.read(file(given))).toJson();
            out.print(json ? write(data) + "\n" : card(given, data));
        }
        return 0;
    }

    private LineUp lineUp() {
        String command = AssayCommand.commandLine(spec);
        return new LineUp(
                PublishedModel.all().stream().map(this::modelFacts).toList(), contexts, kvDtype.name(), command);
    }

    private ModelFacts modelFacts(PublishedModel model) {
        String vendor = vendor(model);
        if (model.factsOnly() != null) {
            return new ModelFacts(
                    model.name(),
                    "",
                    model.recorded().total(),
                    model.recorded().active(),
                    contexts.stream().map(_ -> OptionalLong.empty()).toList(),
                    vendor,
                    false);
        }
        ModelConfig config = ModelConfig.parse(model.configJson(), model.name());
        Facts facts = facts(config);
        return new ModelFacts(
                model.name(),
                config.architecture().id(),
                facts.parameters().total(),
                facts.parameters().active(ActiveConvention.EXCLUDING_INPUT_EMBEDDING),
                contexts.stream().map(facts::bytesAt).toList(),
                vendor,
                true);
    }

    private static String vendor(PublishedModel model) {
        return model.vendorActive().isEmpty()
                ? model.vendorTotal()
                : model.vendorActive() + " of " + model.vendorTotal();
    }

    private static Path file(String given) {
        try {
            Path path = Path.of(given);
            Path file = Files.isDirectory(path) ? path.resolve("config.json") : path;
            if (Files.isRegularFile(file)) {
                return file;
            }
        } catch (InvalidPathException e) {
            throw new UsageException("'" + given + "' cannot be the name of a file: " + e.getReason());
        }
        List<String> names = Published.names();
        throw new UsageException("'" + given + "' is neither a published model nor a config.json"
                + Names.suggestion(given, names) + Names.listing("models", names));
    }

    private Facts facts(ModelConfig config) {
        return Facts.of(config, contexts, kvDtype.bytes);
    }

    private Map<String, Object> data(PublishedModel model) {
        String reason = model.factsOnly();
        if (reason == null) {
            return facts(ModelConfig.parse(model.configJson(), model.name()))
                    .toJson(new VendorClaim(model.vendorTotal(), model.vendorActive()));
        }
        // Nothing is guessed of a model that cannot be planned: what others counted is told as theirs.
        Map<String, Object> data = new LinkedHashMap<>();
        data.put("facts_only", reason);
        data.put(
                "parameters",
                Map.of(
                        "total", model.recorded().total(),
                        "active",
                                Map.of(
                                        "excluding_input_embedding",
                                        model.recorded().active())));
        data.put("vendor", Map.of("total", model.vendorTotal(), "active", model.vendorActive()));
        return data;
    }

    private static String write(Object data) {
        return JsonMapper.builder()
                .enable(SerializationFeature.INDENT_OUTPUT)
                .build()
                .writeValueAsString(data);
    }

    /// The same data as lines of text, a dotted key before each value.
    private static String card(String name, Map<String, Object> data) {
        StringBuilder text = new StringBuilder(name).append('\n');
        lines(text, "", data);
        return text.toString();
    }

    private static void lines(StringBuilder text, String prefix, Map<?, ?> data) {
        data.forEach((key, value) -> {
            if (value instanceof Map<?, ?> nested) {
                lines(text, prefix + key + ".", nested);
            } else {
                text.append(String.format(Locale.ROOT, "  %-48s %s%n", prefix + key, shown(value)));
            }
        });
    }

    private static String shown(Object value) {
        return value instanceof Number number
                ? String.format(Locale.ROOT, "%,d", number.longValue())
                : String.valueOf(value);
    }

    private String table(List<PublishedModel> models) {
        StringBuilder text = new StringBuilder();
        StringBuilder header = new StringBuilder(
                String.format(Locale.ROOT, "%-28s %18s %16s %7s", "MODEL", "PARAMETERS", "ACTIVE (B)", "RATIO"));
        contexts.forEach(context -> header.append(cell("KV @ " + context)));
        text.append(header).append("  VENDOR\n");
        StringBuilder notes = new StringBuilder();
        for (PublishedModel model : models) {
            text.append(row(model, notes).stripTrailing()).append('\n');
        }
        return text.append("\nACTIVE (B): parameters one token uses, without the input embedding. KV: bytes of one"
                        + " sequence in "
                        + kvDtype.name() + ".\nModels with - are facts only: their architecture is not"
                        + " implemented, and the figures are others' counts.\n")
                .append(notes)
                .toString();
    }

    /// @param notes receives a line about a model that cannot have one of the contexts
    private String row(PublishedModel model, StringBuilder notes) {
        long total = model.recorded().total();
        long active = model.recorded().active();
        StringBuilder cache = new StringBuilder();
        if (model.factsOnly() == null) {
            Facts facts = facts(ModelConfig.parse(model.configJson(), model.name()));
            total = facts.parameters().total();
            active = facts.parameters().active(ActiveConvention.EXCLUDING_INPUT_EMBEDDING);
            for (int context : contexts) {
                OptionalLong bytes = facts.bytesAt(context);
                cache.append(cell(bytes.isPresent() ? String.format(Locale.ROOT, "%,d", bytes.getAsLong()) : "-"));
            }
            if (!facts.unreachable().isEmpty()) {
                notes.append("Except ")
                        .append(model.name())
                        .append(": ")
                        .append(facts.unreachable())
                        .append(".\n");
            }
        } else {
            contexts.forEach(_ -> cache.append(cell("-")));
        }
        return String.format(
                Locale.ROOT,
                "%-28s %,18d %,16d %6.1f%%%s  %s",
                model.name(),
                total,
                active,
                100.0 * active / total,
                cache,
                vendor(model));
    }

    /// A column of the cache's sizes.
    private static String cell(String text) {
        return String.format(Locale.ROOT, " %15s", text);
    }
}
