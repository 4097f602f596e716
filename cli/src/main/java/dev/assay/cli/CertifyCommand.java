package dev.assay.cli;

import dev.assay.adapter.stdio.Limits;
import dev.assay.adapter.stdio.StdioEngine;
import dev.assay.conformance.suite.Profile;
import dev.assay.engine.Engine;
import dev.assay.engine.LoadOptions;
import dev.assay.report.ConsoleReport;
import dev.assay.report.Report;
import dev.assay.report.ReportException;
import dev.assay.report.Verdict;
import dev.assay.report.certificate.Badge;
import dev.assay.report.certificate.Certificate;
import dev.assay.report.certificate.SigningKey;
import dev.assay.report.certificate.Statement;
import dev.assay.report.certificate.Statement.KillScore;
import dev.assay.report.certificate.Statements;
import dev.assay.report.render.ReportFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.PublicKey;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// `assay certify`: a signed statement of what a verification said, or the check of one.
@Command(
        name = "certify",
        description = "Verifies an engine and signs what came of it, or checks such a certificate.",
        optionListHeading = "%nOptions:%n",
        footer = {
            "",
            "Writes report.json, certificate.json, public-key.pem and badge.json into the folder",
            "of --out and exits as verify does. Of a fault there is nothing to certify. With",
            "--verify it exits as the certificate's verdict does, with 1 if the certificate was",
            "changed or signed by another key than that of --key, with 4 if it is none.",
            "",
            "Examples:",
            "  ./assay certify --engine vector --out certificate",
            "  ./assay certify --verify certificate/certificate.json --key public-key.pem"
        })
final class CertifyCommand implements Callable<Integer> {
    static final String CERTIFICATE_FILE = "certificate.json";
    static final String BADGE_FILE = "badge.json";
    static final String PUBLIC_KEY_FILE = "public-key.pem";

    /// How long an engine in a process of its own may take for an answer.
    private static final int TIME_LIMIT_SECONDS = 60;

    private final Surroundings surroundings;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it.
    private CommandSpec spec;

    @Option(
            names = {"-e", "--engine"},
            paramLabel = "ENGINE",
            description = "Engine to certify.")
    private @Nullable String engine;

    @Option(names = "--verify", paramLabel = "FILE", description = "Certificate to check, instead of making one.")
    private @Nullable Path certificate;

    @Mixin
    private CaseOptions cases = new CaseOptions();

    @Option(
            names = "--profile",
            paramLabel = "PROFILE",
            defaultValue = "full",
            description = "core for the required rules, full for every rule. Default: ${DEFAULT-VALUE}.")
    private Profile profile = Profile.FULL;

    @Option(
            names = "--key",
            paramLabel = "FILE",
            description = "Ed25519 key to sign with, PKCS#8 in PEM; made if there is none. Default: "
                    + "~/.assay/signing-key.pem. With --verify: the key, public or private, that must have signed.")
    private @Nullable Path key;

    @Option(
            names = "--artefact",
            paramLabel = "FILE",
            description = "File that the engine is. Default: the one its class was loaded from.")
    private @Nullable Path artefact;

    @Option(
            names = "--mutants",
            paramLabel = "FILE",
            description = "What 'assay mutants --json' printed: the kill score is certified, too.")
    private @Nullable Path mutants;

    @Option(
            names = {"-o", "--out"},
            paramLabel = "DIR",
            defaultValue = "assay-out",
            description = "Folder for what is written. Default: ${DEFAULT-VALUE}.")
    private String out = "";

    @Mixin
    private ThreadsOption threads = new ThreadsOption();

    CertifyCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() {
        if (engine != null && certificate == null) {
            return certify(engine).exitCode();
        }
        if (certificate != null && engine == null) {
            return verify(certificate).exitCode();
        }
        throw new UsageException("expected either --engine ENGINE, to make a certificate, or --verify FILE");
    }

    private Verdict certify(String name) {
        LoadOptions loading = threads.loading();
        Duration limit = Duration.ofSeconds(TIME_LIMIT_SECONDS);
        try (EngineSelection selection = new EngineSelection(
                surroundings, List.of(name), List.of(), null, new Limits(limit, limit.multipliedBy(2), limit))) {
            return certify(selection, loading);
        }
    }

    private Verdict certify(EngineSelection selection, LoadOptions loading) {
        if (selection.byId().isEmpty()) {
            throw new UsageException(
                    "--engine: " + selection.faults().getFirst().message());
        }
        Engine judged = selection.byId().firstEntry().getValue().engine();
        if (judged instanceof StdioEngine && artefact == null) {
            throw new UsageException("--artefact: expected the file of the engine, which runs in a process of its own");
        }
        List<SelectedCase> selected = cases.selected(surroundings.goldens());
        @Nullable KillScore killScore = mutants == null ? null : killScore(mutants);
        Statement.Resource subject = EngineArtefact.describe(artefact == null ? EngineArtefact.of(judged) : artefact);
        KeyPair signer = signer();
        Path folder = OutFolder.make(out);

        String command = AssayCommand.commandLine(spec);
        Verification verification = new Verification(surroundings, command, loading, profile);
        Report report = verification.run(selection, selected, null);
        ReportFolder.write(report, folder);
        surroundings.out().print(ConsoleReport.render(report, surroundings.colours()));
        if (report.verdict() == Verdict.FAULT) {
            surroundings.err().println("assay: nothing to certify: the verdict is FAULT");
            return report.verdict();
        }
        Statement statement = Statements.of(report, subject, verification.goldenDigests(), profileName(), killScore);
        write(folder.resolve(CERTIFICATE_FILE), Certificate.sign(statement, signer));
        write(folder.resolve(PUBLIC_KEY_FILE), SigningKey.pem(signer.getPublic()));
        write(
                folder.resolve(BADGE_FILE),
                Badge.of(statement.predicate().assay()).toJson());
        surroundings
                .out()
                .println("certificate: " + folder.resolve(CERTIFICATE_FILE) + ", signed by "
                        + SigningKey.fingerprint(signer.getPublic()));
        return report.verdict();
    }

    private String profileName() {
        return switch (profile) {
            case CORE -> "core";
            case FULL -> "full";
        };
    }

    private KeyPair signer() {
        Path file = key == null ? Path.of(System.getProperty("user.home"), ".assay", "signing-key.pem") : key;
        try {
            if (Files.exists(file)) {
                return SigningKey.read(file);
            }
            KeyPair made = SigningKey.create(file);
            surroundings.err().println("assay: made a new key, " + file + ": keep it secret, and keep it");
            return made;
        } catch (IOException e) {
            throw new UsageException("--key: " + e.getMessage());
        }
    }

    /// The figures of `assay mutants --json`.
    private static KillScore killScore(Path file) {
        try {
            JsonNode json = JsonMapper.shared().readTree(Files.readString(file));
            return new KillScore(
                    figure(json, "killed"),
                    figure(json, "total"),
                    figure(json, "equivalent"),
                    figure(json, "localised"));
        } catch (IOException | JacksonException | IllegalArgumentException e) {
            throw new UsageException("--mutants: '" + file + "': " + e.getMessage());
        }
    }

    private static int figure(JsonNode json, String key) {
        JsonNode figure = json.path(key);
        if (!figure.isInt()) {
            throw new IllegalArgumentException(
                    key + ": expected a whole number, found " + (figure.isMissingNode() ? "none" : figure.toString()));
        }
        return figure.intValue();
    }

    private static void write(Path file, String text) {
        try {
            Files.writeString(file, text);
        } catch (IOException e) {
            throw new ReportException(file + ": cannot be written: " + e, e);
        }
    }

    private Verdict verify(Path file) {
        String text;
        @Nullable PublicKey trusted;
        try {
            text = Files.readString(file);
        } catch (IOException e) {
            throw new UsageException("--verify: cannot read '" + file + "': " + e);
        }
        try {
            trusted = key == null ? null : SigningKey.readPublic(key);
        } catch (IOException e) {
            throw new UsageException("--key: " + e.getMessage());
        }
        Statement statement = Certificate.verify(text, file.toString(), trusted);
        Statement.Assay assay = statement.predicate().assay();
        surroundings
                .out()
                .println(assay.verdict() + ": " + assay.engine() + " " + assay.engineVersion() + ", evidence: "
                        + assay.evidence().told());
        for (Statement.Resource subject : statement.subject()) {
            for (Map.Entry<String, String> digest : subject.digest().entrySet()) {
                surroundings
                        .out()
                        .println("engine: " + subject.name() + ", " + digest.getKey() + " " + digest.getValue());
            }
        }
        surroundings
                .out()
                .println("suite: Assay " + assay.suiteVersion() + ", profile " + assay.profile() + ", "
                        + Sizes.plural(statement.predicate().configuration().size(), "golden case") + ", "
                        + statement.predicate().passedTests().size() + " passed, "
                        + statement.predicate().warnedTests().size() + " without a result, "
                        + statement.predicate().failedTests().size() + " failed");
        KillScore killScore = assay.killScore();
        surroundings
                .out()
                .println(
                        killScore == null
                                ? "kill score: not stated"
                                : "kill score: " + killScore.killed() + " of " + killScore.total() + ", layer named of "
                                        + killScore.localised());
        surroundings
                .out()
                .println(
                        key == null
                                ? "signature: unchanged since it was signed; by whom, only --key can tell"
                                : "signature: of the key in " + key);
        return assay.verdict();
    }
}
