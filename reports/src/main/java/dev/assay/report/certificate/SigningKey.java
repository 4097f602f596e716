package dev.assay.report.certificate;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.interfaces.EdECPrivateKey;
import java.security.spec.NamedParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Ed25519 keys in PEM files: `PRIVATE KEY` is PKCS#8, as `openssl genpkey -algorithm ed25519` writes it, `PUBLIC KEY`
/// is X.509.
public final class SigningKey {
    private static final String ALGORITHM = "Ed25519";
    private static final Pattern PEM =
            Pattern.compile("-----BEGIN (PRIVATE|PUBLIC) KEY-----\\s+([A-Za-z0-9+/=\\s]+)-----END \\1 KEY-----");

    private SigningKey() {}

    /// Makes a key and writes it to a file that only its owner may read.
    ///
    /// @throws IOException if the file exists, or cannot be written
    public static KeyPair create(Path file) throws IOException {
        KeyPair key = generate(new SecureRandom());
        Path folder = file.toAbsolutePath().getParent();
        if (folder != null) {
            Files.createDirectories(folder);
        }
        FileAttribute<?>[] attributes =
                FileSystems.getDefault().supportedFileAttributeViews().contains("posix")
                        ? new FileAttribute<?>[] {
                            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
                        }
                        : new FileAttribute<?>[0];
        Set<StandardOpenOption> onlyIfNew = EnumSet.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        try (var channel = Files.newByteChannel(file, onlyIfNew, attributes)) {
            channel.write(StandardCharsets.US_ASCII.encode(
                    pem("PRIVATE", key.getPrivate().getEncoded())));
        } catch (FileAlreadyExistsException e) {
            throw new IOException(file + ": a key is never overwritten", e);
        }
        return key;
    }

    /// Reads a private key.
    ///
    /// @throws IOException if the file cannot be read or holds none
    public static KeyPair read(Path file) throws IOException {
        Matcher pem = pem(file);
        if (!pem.group(1).equals("PRIVATE")) {
            throw new IOException(file + ": expected a private key to sign with, found a public one");
        }
        return pair(pem, file);
    }

    /// Reads a public key, or the public half of a private one.
    ///
    /// @throws IOException if the file cannot be read or holds neither
    public static PublicKey readPublic(Path file) throws IOException {
        Matcher pem = pem(file);
        if (pem.group(1).equals("PRIVATE")) {
            return pair(pem, file).getPublic();
        }
        try {
            return KeyFactory.getInstance(ALGORITHM).generatePublic(new X509EncodedKeySpec(bytes(pem)));
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            throw new IOException(file + ": expected an Ed25519 key: " + e.getMessage(), e);
        }
    }

    /// The PEM text of a public key.
    public static String pem(PublicKey key) {
        return pem("PUBLIC", key.getEncoded());
    }

    /// SHA-256 of a public key's X.509 form, to compare keys by.
    public static String fingerprint(PublicKey key) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(key.getEncoded());
            return "SHA256:" + HexFormat.of().formatHex(digest);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /// The signature of a message, 64 bytes.
    static byte[] sign(PrivateKey key, byte[] message) {
        try {
            Signature signature = Signature.getInstance(ALGORITHM);
            signature.initSign(key);
            signature.update(message);
            return signature.sign();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Matcher pem(Path file) throws IOException {
        Matcher pem = PEM.matcher(Files.readString(file, StandardCharsets.ISO_8859_1));
        if (!pem.find()) {
            throw new IOException(
                    file + ": expected a PEM file with a PRIVATE KEY (PKCS#8) or a PUBLIC KEY, found none");
        }
        return pem;
    }

    private static byte[] bytes(Matcher pem) {
        return Base64.getMimeDecoder().decode(pem.group(2));
    }

    private static KeyPair pair(Matcher pem, Path file) throws IOException {
        try {
            PrivateKey key = KeyFactory.getInstance(ALGORITHM).generatePrivate(new PKCS8EncodedKeySpec(bytes(pem)));
            byte[] seed = ((EdECPrivateKey) key).getBytes().orElseThrow();
            // The JDK computes no public key from a private one, except while it generates both from a random seed.
            return generate(new Seed(seed));
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            throw new IOException(file + ": expected an Ed25519 key: " + e.getMessage(), e);
        }
    }

    private static KeyPair generate(SecureRandom random) {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance(ALGORITHM);
            generator.initialize(NamedParameterSpec.ED25519, random);
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String pem(String what, byte[] der) {
        String base64 = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der);
        return "-----BEGIN " + what + " KEY-----\n" + base64 + "\n-----END " + what + " KEY-----\n";
    }

    /// Not random at all: hands out a seed that there is already.
    private static final class Seed extends SecureRandom {
        private static final long serialVersionUID = 1L;

        private final byte[] seed;

        Seed(byte[] seed) {
            this.seed = seed;
        }

        @Override
        public void nextBytes(byte[] bytes) {
            System.arraycopy(seed, 0, bytes, 0, bytes.length);
        }
    }
}
