package dev.assay.report.certificate;

import com.fasterxml.jackson.annotation.JsonSetter;
import com.fasterxml.jackson.annotation.Nulls;
import dev.assay.report.ReportException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;
import org.erdtman.jcs.JsonCanonicalizer;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/// A statement and an Ed25519 signature over its canonical JSON (RFC 8785), so that the file may be indented as one
/// likes and no value of it be changed.
///
/// The key that is needed to check the signature stands beside it. It proves that nobody changed the statement since;
/// who signed it only the reader can know, who compares the key with one that he trusts.
public final class Certificate {
    public static final String FORMAT = "assay-certificate/1";

    private static final String ALGORITHM = "Ed25519";
    private static final JsonMapper MAPPER = JsonMapper.builder()
            .enable(SerializationFeature.INDENT_OUTPUT)
            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .changeDefaultNullHandling(nulls -> nulls.withValueNulls(Nulls.FAIL).withContentNulls(Nulls.FAIL))
            .addMixIn(Statement.Assay.class, NullableKillScore.class)
            .build();

    private Certificate() {}

    /// The file.
    ///
    /// @param statement as it is; canonical only where it is signed
    private record Signed(String format, JsonNode statement, SignatureOf signature) {}

    /// @param publicKey X.509 `SubjectPublicKeyInfo` in base64
    /// @param value in base64
    private record SignatureOf(String algorithm, String canonicalization, String publicKey, String value) {}

    /// The JSON text of a certificate, with a line end after the last brace.
    public static String sign(Statement statement, KeyPair key) {
        JsonNode json = MAPPER.valueToTree(statement);
        Base64.Encoder base64 = Base64.getEncoder();
        SignatureOf signature = new SignatureOf(
                ALGORITHM,
                "RFC 8785",
                base64.encodeToString(key.getPublic().getEncoded()),
                base64.encodeToString(SigningKey.sign(key.getPrivate(), canonical(json))));
        return MAPPER.writeValueAsString(new Signed(FORMAT, json, signature)) + "\n";
    }

    /// What a certificate says, once it is known to hold.
    ///
    /// @param source where the text comes from, for messages
    /// @param trusted the key that must have signed it; null if any may have
    /// @throws ReportException if the text is no certificate of this format
    /// @throws CertificateException if it does not hold
    public static Statement verify(String json, String source, @Nullable PublicKey trusted) {
        try {
            JsonNode tree = MAPPER.readTree(json);
            String format = tree.path("format").asString("none");
            if (!format.equals(FORMAT)) {
                throw new ReportException(source + ": format: expected " + FORMAT + ", found " + format);
            }
            Signed signed = MAPPER.treeToValue(tree, Signed.class);
            if (!signed.signature().algorithm().equals(ALGORITHM)) {
                throw new ReportException(source + ": signature.algorithm: expected " + ALGORITHM + ", found "
                        + signed.signature().algorithm());
            }
            PublicKey key = publicKey(signed.signature().publicKey(), source);
            if (trusted != null && !trusted.equals(key)) {
                throw new CertificateException(source + ": expected a signature of the key "
                        + SigningKey.fingerprint(trusted) + ", found one of " + SigningKey.fingerprint(key));
            }
            if (!holds(signed, key, source)) {
                throw new CertificateException(source
                        + ": the signature does not fit the statement: one of them was changed after the signing");
            }
            return MAPPER.treeToValue(signed.statement(), Statement.class);
        } catch (JacksonException e) {
            throw new ReportException(source + ": not a certificate: " + e.getOriginalMessage(), e);
        }
    }

    /// The key that a certificate names, whether it holds or not.
    private static PublicKey publicKey(String base64, String source) {
        try {
            return KeyFactory.getInstance(ALGORITHM)
                    .generatePublic(new X509EncodedKeySpec(Base64.getDecoder().decode(base64)));
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            throw new ReportException(source + ": signature.publicKey: expected an Ed25519 key, found " + base64, e);
        }
    }

    private static boolean holds(Signed signed, PublicKey key, String source) {
        byte[] value;
        try {
            value = Base64.getDecoder().decode(signed.signature().value());
        } catch (IllegalArgumentException e) {
            throw new ReportException(
                    source + ": signature.value: expected base64, found "
                            + signed.signature().value(),
                    e);
        }
        try {
            Signature verifier = Signature.getInstance(ALGORITHM);
            verifier.initVerify(key);
            verifier.update(canonical(signed.statement()));
            return verifier.verify(value);
        } catch (GeneralSecurityException _) {
            return false; // Not 64 bytes, or no point of the curve.
        }
    }

    private static byte[] canonical(JsonNode json) {
        try {
            return new JsonCanonicalizer(json.toString()).getEncodedString().getBytes(StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new IllegalStateException("JSON that Jackson wrote cannot be read", e);
        }
    }

    /// What may be null in a statement.
    private interface NullableKillScore {
        @JsonSetter(nulls = Nulls.SET)
        Statement.@Nullable KillScore killScore();
    }
}
