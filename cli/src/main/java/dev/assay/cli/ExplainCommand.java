package dev.assay.cli;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.config.Architecture;
import dev.assay.config.ModelConfig;
import dev.assay.engine.Engine;
import dev.assay.engine.Support;
import dev.assay.golden.GoldenCase;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
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

    private final Surroundings surroundings;

    @Parameters(
            paramLabel = "CASE|ARCHITECTURE|CONFIG",
            description =
                    "Id of a bundled case or of an architecture, a config.json, or a folder with a golden case or "
                            + "a checkpoint.")
    private String subject = "";

    ExplainCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() {
        PrintWriter out = surroundings.out();
        List<String> cases = surroundings.goldens().ids();
        if (cases.contains(subject)) {
            explain(surroundings.goldens().bundled(subject));
            return 0;
        }
        Optional<Architecture> architecture = Arrays.stream(Architecture.values())
                .filter(candidate -> candidate.id().equals(subject))
                .findFirst();
        if (architecture.isPresent()) {
            explain(architecture.get());
            return 0;
        }
        Path path = path();
        if (Files.isRegularFile(path)) {
            ModelConfig config = ModelConfig.read(path);
            out.print(ConfigCard.render(config));
            out.print(support(config));
        } else if (Files.exists(path.resolve(GOLDEN))) {
            explain(surroundings.goldens().read(path));
        } else if (Files.isDirectory(path)) {
            explainFolder(path);
        } else {
            List<String> known = new ArrayList<>(cases);
            List<String> architectures =
                    Arrays.stream(Architecture.values()).map(Architecture::id).toList();
            known.addAll(architectures);
            throw new UsageException(
                    "'" + subject + "' is neither a golden case nor an architecture, nor a file or folder"
                            + Names.suggestion(subject, known) + Names.listing("architectures", architectures)
                            + Names.listing("cases", cases));
        }
        return 0;
    }

    private Path path() {
        try {
            return Path.of(subject);
        } catch (InvalidPathException e) {
            throw new UsageException("'" + subject + "' cannot be the name of a file: " + e.getReason());
        }
    }

    private void explain(GoldenCase golden) {
        surroundings.out().print(CaseCard.render(golden));
        surroundings.out().print(support(golden.config()));
    }

    private void explain(Architecture architecture) {
        PrintWriter out = surroundings.out();
        out.println(architecture.title() + " (" + architecture.id() + ")");
        SupportTable table = SupportTable.of(surroundings.engines().get(), surroundings.goldens());
        out.println();
        if (table.has(architecture)) {
            out.print(table.cases(List.of(architecture)));
            out.println();
            out.println("verify: " + Shell.command("verify", "--architecture", architecture.id()));
        } else {
            out.println("No golden case of this architecture is bundled.");
        }
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
