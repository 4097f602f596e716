package dev.assay.cli;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.config.Architecture;
import dev.assay.config.ModelConfig;
import dev.assay.engine.Engine;
import dev.assay.engine.Support;
import dev.assay.golden.GoldenCase;
import dev.assay.golden.PublishedModel;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/// `assay explain`: everything known about a case, an architecture, a configuration or a checkpoint.
@Command(
        name = "explain",
        description = "Shows what is known about a golden case, an architecture, a config.json or a checkpoint.",
        optionListHeading = "%nOptions:%n",
        footer = {
            "",
            "Examples:",
            "  ./assay explain qwen3",
            "  ./assay explain my-model/config.json",
            "  ./assay explain my-model"
        })
final class ExplainCommand implements Callable<Integer> {
    private static final String CONFIG = "config.json";
    private static final String GOLDEN = "golden.json";

    private static final Map<String, Architecture> ARCHITECTURES =
            Arrays.stream(Architecture.values()).collect(Collectors.toMap(Architecture::id, Function.identity()));

    private final Surroundings surroundings;

    @Parameters(
            paramLabel = "CASE|ARCHITECTURE|MODEL|CONFIG",
            description =
                    "Id of a bundled case or of an architecture, a published model, a config.json, or a folder with "
                            + "a golden case or a checkpoint.")
    private String subject = "";

    ExplainCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() {
        List<String> cases = surroundings.goldens().ids();
        List<String> models = Published.names();
        List<String> known = new ArrayList<>(ARCHITECTURES.keySet());
        known.addAll(models);
        known.addAll(cases);
        // Of all together, as a model and a case may differ by punctuation alone.
        Optional<String> found = Names.find(subject, known);
        if (found.isPresent()) {
            explainKnown(found.get(), cases);
        } else {
            explainFiles(known, models, cases);
        }
        return 0;
    }

    /// The name of a case, an architecture or a published model; of an architecture and a model of that name, the
    /// architecture, which shows the model.
    private void explainKnown(String name, List<String> cases) {
        Architecture architecture = ARCHITECTURES.get(name);
        if (cases.contains(name)) {
            explain(surroundings.goldens().bundled(name));
        } else if (architecture != null) {
            explain(architecture);
        } else {
            explain(Published.named(name));
        }
    }

    private void explainFiles(List<String> known, List<String> models, List<String> cases) {
        Path path = path();
        if (Files.isRegularFile(path)) {
            ModelConfig config = ModelConfig.read(path);
            surroundings.out().print(ConfigCard.render(config));
            surroundings.out().print(support(config));
        } else if (Files.exists(path.resolve(GOLDEN))) {
            explain(surroundings.goldens().read(path));
        } else if (Files.isDirectory(path)) {
            explainFolder(path);
        } else {
            throw new UsageException("'" + subject
                    + "' is neither a golden case nor an architecture, a published model, a file or a folder"
                    + Names.suggestion(subject, known) + Names.listing("architectures", ARCHITECTURES.keySet())
                    + Names.listing("models", models) + Names.listing("cases", cases));
        }
    }

    private Path path() {
        try {
            return Path.of(subject);
        } catch (InvalidPathException e) {
            throw new UsageException("'" + subject + "' cannot be the name of a file: " + e.getReason());
        }
    }

    private void explain(PublishedModel model) {
        String reason = model.factsOnly();
        if (reason != null) {
            throw new UsageException(model.name() + " is known by its figures only: " + reason);
        }
        ModelConfig config = ModelConfig.parse(model.configJson(), model.name());
        surroundings.out().print(ConfigCard.render(config));
        surroundings.out().print(support(config));
    }

    private void explain(GoldenCase golden) {
        surroundings.out().print(CaseCard.render(golden));
        surroundings.out().print(support(golden.config()));
    }

    /// The card of one published model stands for the architecture: sizes differ, and what they are sizes of does
    /// not.
    private void explain(Architecture architecture) {
        PrintWriter out = surroundings.out();
        PublishedModel shown = Published.named(namesake(architecture));
        ModelConfig config = ModelConfig.parse(shown.configJson(), shown.name());
        out.print(ConfigCard.render(config));
        out.println();
        out.println("This is " + shown.name() + "." + others(architecture, shown));
        out.println();
        SupportTable table = SupportTable.of(surroundings.engines().get(), surroundings.goldens());
        if (table.has(architecture)) {
            out.print(table.cases(List.of(architecture)));
            out.println();
            out.println("verify: " + Shell.command("verify", "--architecture", architecture.id()));
        } else {
            out.println("No golden case of this architecture is bundled.");
        }
    }

    /// The published model that comes to mind first.
    private static String namesake(Architecture architecture) {
        return switch (architecture) {
            case GPT_2 -> "gpt2-124m";
            case LLAMA_3 -> "llama-3.1-8b";
            // Unlike Scout, with layers that have no experts.
            case LLAMA_4 -> "llama-4-maverick";
            case MISTRAL_7B -> "mistral-7b-v0.1";
            case MISTRAL_SMALL_3_1 -> "mistral-small-3.1-24b";
            case OLMO_2 -> "olmo-2-7b";
            case GEMMA_3 -> "gemma-3-27b";
            case GEMMA_3N -> "gemma-3n-e4b";
            case QWEN_3 -> "qwen3-8b";
            case QWEN_3_MOE -> "qwen3-30b-a3b";
            case SMOLLM_3 -> "smollm3-3b";
            case DEEPSEEK_V2 -> "deepseek-v2";
            case DEEPSEEK_V3 -> "deepseek-v3";
            case KIMI_K2 -> "kimi-k2";
        };
    }

    /// The other published models of the architecture, as a sentence that follows another.
    private static String others(Architecture architecture, PublishedModel shown) {
        List<String> others = PublishedModel.all().stream()
                .filter(model -> model.factsOnly() == null && !model.name().equals(shown.name()))
                .filter(model ->
                        ModelConfig.parse(model.configJson(), model.name()).architecture() == architecture)
                .map(PublishedModel::name)
                .toList();
        return others.isEmpty() ? "" : " Others with a card of their own: " + String.join(", ", others) + ".";
    }

    /// A folder as Hugging Face lays it out; the weights may be missing.
    private void explainFolder(Path folder) {
        PrintWriter out = surroundings.out();
        ModelConfig config = ModelConfig.read(folder.resolve(CONFIG));
        out.print(ConfigCard.render(config));
        if (Files.exists(folder.resolve("model.safetensors"))
                || Files.exists(folder.resolve("model.safetensors.index.json"))) {
            try (Checkpoint checkpoint = Checkpoint.open(folder)) {
                out.println();
                out.print(CheckpointCard.render(checkpoint));
            }
        } else {
            out.println();
            out.println("The folder holds no weights (model.safetensors or model.safetensors.index.json).");
        }
        out.print(support(config));
    }

    /// What each engine says to a configuration.
    private String support(ModelConfig config) {
        StringBuilder text = new StringBuilder("\nEngines:\n");
        for (Engine engine : surroundings.engines().get().byId().values()) {
            text.append("  ").append(engine.info().id()).append(": ");
            switch (engine.supports(config)) {
                case Support.Supported(var capabilities) ->
                    text.append("supported: ")
                            .append(String.join(
                                    ", ",
                                    capabilities.stream()
                                            .sorted()
                                            .map(capability -> capability.name().toLowerCase(Locale.ROOT))
                                            .toList()));
                case Support.Unsupported(String reason) ->
                    text.append("unsupported: ").append(reason);
            }
            text.append('\n');
        }
        return text.toString();
    }
}
