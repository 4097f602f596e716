package dev.assay.report.certificate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.assay.report.Environment;
import dev.assay.report.EvidenceLevel;
import dev.assay.report.ReportException;
import dev.assay.report.Verdict;
import dev.assay.report.certificate.Statement.KillScore;
import dev.assay.report.certificate.Statement.Resource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyPair;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class CertificateTest {
    @TempDir
    private Path folder;

    private KeyPair key;

    @BeforeEach
    void makeAKey() throws IOException {
        key = SigningKey.create(folder.resolve("key.pem"));
    }

    private static Statement statement(Verdict verdict, @Nullable KillScore killScore) {
        return new Statement(
                Statement.TYPE,
                List.of(new Resource("engine.jar", Map.of("sha256", "ab".repeat(32)))),
                Statement.PREDICATE_TYPE,
                new Statement.Predicate(
                        "PASSED",
                        List.of(new Resource("golden:one", Map.of("sha256", "cd".repeat(32)))),
                        List.of("one/one-shot"),
                        List.of("one/causality"),
                        List.of(),
                        new Statement.Assay(
                                "0.1.0",
                                "toy",
                                "1.0",
                                "full",
                                verdict,
                                EvidenceLevel.FULL_LOGITS,
                                killScore,
                                "./assay certify --engine toy",
                                "2026-11-27T10:15:30Z",
                                new Environment(
                                        "Linux",
                                        "amd64",
                                        "CPU \u00b5",
                                        2,
                                        16L << 30,
                                        "25",
                                        "vendor",
                                        "vm",
                                        4L << 30,
                                        ""))));
    }

    private String signed() {
        return Certificate.sign(statement(Verdict.CONFORMANT, new KillScore(62, 64, 5, 60)), key);
    }

    @Test
    void saysWhatWasSigned() {
        assertThat(Certificate.verify(signed(), "file", null))
                .isEqualTo(statement(Verdict.CONFORMANT, new KillScore(62, 64, 5, 60)));
        assertThat(Certificate.verify(signed(), "file", key.getPublic())
                        .predicate()
                        .result())
                .isEqualTo("PASSED");
    }

    @Test
    void aKillScoreNeedNotBeKnown() {
        Statement statement = statement(Verdict.CONFORMANT, null);
        assertThat(Certificate.verify(Certificate.sign(statement, key), "file", null))
                .isEqualTo(statement);
    }

    @Test
    void isAnInTotoTestResult() {
        assertThat(signed().replaceAll("\\s+", " "))
                .contains("\"_type\" : \"https://in-toto.io/Statement/v1\"")
                .contains("\"predicateType\" : \"https://in-toto.io/attestation/test-result/v0.1\"")
                .contains("\"subject\" : [ { \"name\" : \"engine.jar\", \"digest\" : { \"sha256\" : \"abab");
    }

    /// Ed25519 is deterministic and so is the canonical form.
    @Test
    void theSameStatementHasTheSameSignature() {
        assertThat(signed()).isEqualTo(signed());
    }

    @Test
    void mayBeIndentedAndOrderedInAnotherWay() {
        String compact = signed().replaceAll("\n *", "").replaceAll(" : ", ":");
        assertThat(Certificate.verify(compact, "file", key.getPublic())
                        .predicate()
                        .passedTests())
                .containsExactly("one/one-shot");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            "CONFORMANT"   | "NON_CONFORMANT"
            "one/one-shot" | "one/two-shot"
            abab           | abac
            "killed" : 62  | "killed" : 63
            "passedTests"  | "warnedTests2"
            """)
    void aChangeOfTheStatementIsFound(String from, String to) {
        assertThat(signed()).contains(from);
        assertThatThrownBy(() -> Certificate.verify(signed().replaceFirst(from, to), "c.json", null))
                .isInstanceOf(CertificateException.class)
                .hasMessage(
                        "c.json: the signature does not fit the statement: one of them was changed after the signing");
    }

    @Test
    void aChangeOfTheSignatureIsFound() {
        String value = signed().replaceAll("(?s).*\"value\" : \"([^\"]+)\".*", "$1");
        String other = (value.charAt(0) == 'A' ? 'B' : 'A') + value.substring(1);

        for (String changed : List.of(other, "", "AAAA")) {
            assertThatThrownBy(() -> Certificate.verify(signed().replace(value, changed), "c.json", null))
                    .as(changed)
                    .isInstanceOf(CertificateException.class);
        }
        assertThatThrownBy(() -> Certificate.verify(signed().replace(value, "!"), "c.json", null))
                .isInstanceOf(ReportException.class)
                .hasMessage("c.json: signature.value: expected base64, found !");
    }

    /// Whoever signs a changed statement anew is found by those who know the right key.
    @Test
    void anotherKeyIsFound() throws IOException {
        KeyPair other = SigningKey.create(folder.resolve("other.pem"));
        String forged = Certificate.sign(statement(Verdict.CONFORMANT, null), other);

        assertThat(Certificate.verify(forged, "c.json", null)).isNotNull();
        assertThatThrownBy(() -> Certificate.verify(forged, "c.json", key.getPublic()))
                .isInstanceOf(CertificateException.class)
                .hasMessage("c.json: expected a signature of the key " + SigningKey.fingerprint(key.getPublic())
                        + ", found one of " + SigningKey.fingerprint(other.getPublic()));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            assay-certificate/1 | assay-certificate/2 | c.json: format: expected assay-certificate/1, found assay-certificate/2
            "format"            | "fromat"            | c.json: format: expected assay-certificate/1, found none
            "algorithm" : "Ed25519" | "algorithm" : "none" | c.json: signature.algorithm: expected Ed25519, found none
            "publicKey" : "M    | "publicKey" : "!M   | c.json: signature.publicKey: expected an Ed25519 key, found !M
            "signature" :       | "signature2" :      | c.json: not a certificate:
            """)
    void whatIsNoCertificateIsRefused(String from, String to, String message) {
        assertThat(signed()).contains(from);
        assertThatThrownBy(() -> Certificate.verify(signed().replace(from, to), "c.json", null))
                .isInstanceOf(ReportException.class)
                .hasMessageStartingWith(message);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = "''\n[]\nnull\n{}\nx\n{} {}")
    void whatIsNoObjectIsRefused(String text) {
        assertThatThrownBy(() -> Certificate.verify(text == null ? "" : text, "c.json", null))
                .isInstanceOf(ReportException.class)
                .hasMessageStartingWith("c.json: ");
    }

    @Test
    void aKeyIsReadBackAndNeverOverwritten() throws IOException {
        Path file = folder.resolve("key.pem");

        assertThat(SigningKey.read(file).getPublic()).isEqualTo(key.getPublic());
        assertThat(SigningKey.read(file).getPrivate()).isEqualTo(key.getPrivate());
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
        assertThatThrownBy(() -> SigningKey.create(file)).hasMessage(file + ": a key is never overwritten");
        assertThat(SigningKey.read(file).getPublic()).isEqualTo(key.getPublic());
    }

    /// RFC 8032, section 7.1, test 1, in the PKCS#8 form of RFC 8410.
    @Test
    void thePublicKeyIsComputedFromThePrivateOne() throws IOException {
        Path file = folder.resolve("rfc.pem");
        Files.writeString(file, """
                -----BEGIN PRIVATE KEY-----
                MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
                -----END PRIVATE KEY-----
                """);
        byte[] encoded = SigningKey.readPublic(file).getEncoded();
        assertThat(HexFormat.of().formatHex(encoded))
                .endsWith("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    }

    @Test
    void publicKeysAreReadFromEitherHalf() throws IOException {
        Path half = folder.resolve("public.pem");
        Files.writeString(half, SigningKey.pem(key.getPublic()));

        assertThat(SigningKey.readPublic(half)).isEqualTo(key.getPublic());
        assertThat(SigningKey.readPublic(folder.resolve("key.pem"))).isEqualTo(key.getPublic());
        assertThatThrownBy(() -> SigningKey.read(half))
                .hasMessage(half + ": expected a private key to sign with, found a public one");
    }

    @Test
    void whatIsNoKeyIsRefused() throws IOException {
        Path file = folder.resolve("no.pem");
        Files.writeString(file, "ssh-ed25519 AAAA");
        assertThatThrownBy(() -> SigningKey.read(file)).hasMessageContaining("no.pem: expected a PEM file with");
        Files.writeString(file, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
        assertThatThrownBy(() -> SigningKey.read(file)).hasMessageContaining("no.pem: expected an Ed25519 key: ");
        assertThatThrownBy(() -> SigningKey.readPublic(folder.resolve("absent.pem")))
                .isInstanceOf(IOException.class);
    }

    @ParameterizedTest
    @EnumSource(Verdict.class)
    void aBadgeSaysVerdictAndEvidence(Verdict verdict) {
        Badge badge = Badge.of(statement(verdict, null).predicate().assay());

        assertThat(badge.message()).endsWith(" (full logits)");
        assertThat(badge.color().equals("brightgreen")).isEqualTo(verdict == Verdict.CONFORMANT);
        assertThat(badge.toJson()).startsWith("{\"schemaVersion\":1,\"label\":\"Assay\",\"message\":\"");
    }

    @Test
    void aKillScoreOfMoreThanAllIsRefused() {
        assertThatThrownBy(() -> new KillScore(3, 2, 0, 0)).hasMessageContaining("found 3 and 0 of 2");
    }
}
