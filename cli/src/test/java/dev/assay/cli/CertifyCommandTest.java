package dev.assay.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assay.engine.Engine;
import dev.assay.report.EvidenceLevel;
import dev.assay.report.Verdict;
import dev.assay.report.certificate.Certificate;
import dev.assay.report.certificate.Statement;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CertifyCommandTest {
    @TempDir
    private Path folder;

    private CommandRun certify(Engine engine, String... more) {
        List<String> args =
                new ArrayList<>(List.of("certify", "--engine", engine.info().id()));
        args.addAll(List.of(more));
        if (!args.contains("--out")) {
            args.addAll(List.of("--out", folder.toString()));
        }
        if (!args.contains("--key")) {
            args.addAll(List.of("--key", folder.resolve("key.pem").toString()));
        }
        return CommandRun.of(List.of(engine), Toy.goldens("one", "two"), args.toArray(String[]::new));
    }

    private CommandRun verify(String... more) {
        List<String> args = new ArrayList<>(List.of(
                "certify", "--verify", folder.resolve("certificate.json").toString()));
        args.addAll(List.of(more));
        return CommandRun.of(List.of(), Toy.goldens("one"), args.toArray(String[]::new));
    }

    private Statement statement() throws IOException {
        return Certificate.verify(Files.readString(folder.resolve("certificate.json")), "certificate", null);
    }

    @Test
    void certifiesWhatAVerificationSays() throws IOException {
        CommandRun run = certify(Toy.right("right"));

        assertThat(run.exitCode()).isEqualTo(0);
        assertThat(run.err())
                .isEqualTo("assay: made a new key, " + folder.resolve("key.pem") + ": keep it secret, and keep it\n");
        assertThat(run.out())
                .contains("\nCONFORMANT: ")
                .contains("\ncertificate: " + folder.resolve("certificate.json") + ", signed by SHA256:");
        assertThat(folder.toFile().list())
                .contains("badge.json", "certificate.json", "key.pem", "public-key.pem", "report.json");
        Statement.Assay assay = statement().predicate().assay();
        assertThat(assay.verdict()).isEqualTo(Verdict.CONFORMANT);
        assertThat(assay.evidence()).isEqualTo(EvidenceLevel.FULL_LOGITS);
        assertThat(assay.profile()).isEqualTo("full");
        assertThat(assay.killScore()).isNull();
        assertThat(statement().subject())
                .singleElement()
                .satisfies(subject -> assertThat(subject.digest()).containsOnlyKeys("sha256-tree"));
        assertThat(statement().predicate().configuration())
                .extracting(Statement.Resource::name)
                .containsExactly("golden:one", "golden:two");
        assertThat(Files.readString(folder.resolve("badge.json")))
                .isEqualTo("{\"schemaVersion\":1,\"label\":\"Assay\",\"message\":\"conformant (full logits)\","
                        + "\"color\":\"brightgreen\"}\n");
    }

    @Test
    void theKeyIsUsedAgain() throws IOException {
        certify(Toy.right("right"));
        String key = Files.readString(folder.resolve("key.pem"));
        CommandRun run = certify(Toy.right("right"));

        assertThat(run.err()).isEmpty();
        assertThat(Files.readString(folder.resolve("key.pem"))).isEqualTo(key);
    }

    @Test
    void aWrongEngineIsCertifiedAsThat() throws IOException {
        CommandRun run = certify(Toy.wrong("wrong"));

        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(statement().predicate().result()).isEqualTo("FAILED");
        assertThat(verify().exitCode()).isEqualTo(1);
        assertThat(verify().out()).startsWith("NON_CONFORMANT: wrong 1.0, evidence: full logits\n");
    }

    @Test
    void theCoreProfileRunsTheRequiredRules() throws IOException {
        certify(Toy.right("right"), "--profile", "core");

        assertThat(statement().predicate().assay().profile()).isEqualTo("core");
        assertThat(statement().predicate().passedTests())
                .contains("one/token-by-token")
                .doesNotContain("one/one-shot", "one/repetition");
    }

    @Test
    void artefactAndKillScoreCanBeNamed() throws IOException {
        Path jar = Files.writeString(folder.resolve("engine.jar"), "abc");
        Path mutants = Files.writeString(
                folder.resolve("mutants.json"),
                "{\"killed\":7,\"total\":8,\"equivalent\":1,\"localised\":6,\"rows\":[]}");
        certify(Toy.right("right"), "--artefact", jar.toString(), "--mutants", mutants.toString());

        assertThat(statement().subject().getFirst().name()).isEqualTo("engine.jar");
        assertThat(statement().subject().getFirst().digest())
                .containsEntry("sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assertThat(statement().predicate().assay().killScore()).isEqualTo(new Statement.KillScore(7, 8, 1, 6));
        assertThat(verify().out()).contains("kill score: 7 of 8, layer named of 6\n");
    }

    @Test
    void aFaultIsNotCertified() {
        CommandRun run = certify(Toy.refusing("absent", "no device"));

        assertThat(run.exitCode()).isEqualTo(4);
        assertThat(run.err()).contains("nothing to certify: the verdict is FAULT");
        assertThat(folder.resolve("certificate.json")).doesNotExist();
    }

    @Test
    void aCertificateIsChecked() {
        certify(Toy.right("right"));

        CommandRun byAnyone = verify();
        assertThat(byAnyone.exitCode()).isEqualTo(0);
        assertThat(byAnyone.out())
                .startsWith("CONFORMANT: right 1.0, evidence: full logits\nengine: ")
                .contains("profile full, 2 golden cases, ", "kill score: not stated\n")
                .endsWith("signature: unchanged since it was signed; by whom, only --key can tell\n");
        CommandRun byOne = verify("--key", folder.resolve("public-key.pem").toString());
        assertThat(byOne.exitCode()).isEqualTo(0);
        assertThat(byOne.out()).endsWith("signature: of the key in " + folder.resolve("public-key.pem") + "\n");
    }

    @Test
    void aChangedCertificateIsRefused() throws IOException {
        certify(Toy.wrong("wrong"));
        Path file = folder.resolve("certificate.json");
        Files.writeString(file, Files.readString(file).replace("NON_CONFORMANT", "CONFORMANT"));

        CommandRun run = verify();
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.out()).isEmpty();
        assertThat(run.err())
                .isEqualTo("assay: " + file
                        + ": the signature does not fit the statement: one of them was changed after the signing\n");
    }

    @Test
    void anotherKeyIsRefused() {
        certify(Toy.right("right"));
        certify(
                Toy.right("right"),
                "--key",
                folder.resolve("other.pem").toString(),
                "--out",
                folder.resolve("other").toString());

        CommandRun run = verify("--key", folder.resolve("other/public-key.pem").toString());
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err()).contains(": expected a signature of the key SHA256:", ", found one of SHA256:");
    }

    @Test
    void anUnknownFormatIsAFault() throws IOException {
        Files.writeString(folder.resolve("certificate.json"), "{\"format\": \"assay-certificate/9\"}");

        CommandRun run = verify();
        assertThat(run.exitCode()).isEqualTo(4);
        assertThat(run.err()).contains("format: expected assay-certificate/1, found assay-certificate/9");
    }

    @Test
    void argumentsThatCannotBeUsedSayWhatCan() throws IOException {
        Path text = Files.writeString(folder.resolve("text"), "hello");
        Engine right = Toy.right("right");

        assertUsage(CommandRun.of(List.of(right), Toy.goldens("one"), "certify"), "expected either --engine ENGINE");
        assertUsage(certify(right, "--verify", "x.json"), "expected either --engine ENGINE");
        assertUsage(verify(), "--verify: cannot read '");
        assertUsage(certify(right, "--key", text.toString()), "--key: " + text + ": expected a PEM file");
        assertUsage(certify(right, "--artefact", "absent.jar"), "--artefact: cannot read 'absent.jar'");
        assertUsage(certify(right, "--mutants", text.toString()), "--mutants: '" + text + "': ");
        Files.writeString(text, "{\"killed\": 1.5}");
        assertUsage(certify(right, "--mutants", text.toString()), "killed: expected a whole number, found 1.5");
        assertUsage(certify(right, "--threads", "0"), "--threads: expected at least 1, found 0");
    }

    private static void assertUsage(CommandRun run, String message) {
        assertThat(run.err()).contains(message);
        assertThat(run.exitCode()).isEqualTo(64);
    }
}
