package dev.assay.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.assay.cuda.driver.Cublas;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/// The driver that tests use instead of NVIDIA's, and instead of cuBLAS: kernels on the CPU, compiled by g++ when first
/// asked for.
///
/// Without g++ on an x86-64 machine tests that need it are skipped and say so; with `-Dassay.cuda.required=true` they
/// fail. With `-Dassay.cuda.device=true` they run on the real device.
public final class FakeDriver {
    private static final Path SOURCES = Path.of("src/test/cuda");
    private static final Path KERNELS = Path.of("src/main/cuda");
    private static final Path LIBRARY = Path.of("target/fake-driver/libcuda_fake.so");

    private FakeDriver() {}

    /// Makes the engine use it, in this JVM for good.
    public static void use() {
        if (!Boolean.getBoolean("assay.cuda.device")) {
            System.setProperty("assay.cuda.library", path());
            System.setProperty(Cublas.LIBRARY_PROPERTY, path());
        }
    }

    /// The library's path.
    static synchronized String path() {
        String missing = missing();
        if (Boolean.getBoolean("assay.cuda.required")) {
            assertThat(missing).as("what the fake driver lacks").isEmpty();
        }
        assumeTrue(missing.isEmpty(), "CUDA kernels are not tested: " + missing);
        if (isOld()) {
            build();
        }
        return LIBRARY.toAbsolutePath().toString();
    }

    private static String missing() {
        String architecture = System.getProperty("os.arch");
        if (!architecture.equals("amd64") && !architecture.equals("x86_64")) {
            return "the fake driver is for x86-64, this is " + architecture;
        }
        return Stream.of(System.getenv("PATH").split(":"))
                        .anyMatch(folder -> Files.isExecutable(Path.of(folder, "g++")))
                ? ""
                : "there is no g++ on the PATH";
    }

    private static boolean isOld() {
        if (!Files.exists(LIBRARY)) {
            return true;
        }
        try (Stream<Path> kernels = Files.list(KERNELS);
                Stream<Path> own = Files.list(SOURCES)) {
            long built = Files.getLastModifiedTime(LIBRARY).toMillis();
            return Stream.concat(kernels, own)
                    .anyMatch(source -> source.toFile().lastModified() > built);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void build() {
        try {
            Files.createDirectories(LIBRARY.getParent());
            Path log = LIBRARY.resolveSibling("build.log");
            List<String> command = List.of(
                    "g++",
                    "-std=c++20",
                    "-O2",
                    "-fPIC",
                    "-shared",
                    "-Wall",
                    "-Werror",
                    "-Wno-unknown-pragmas", // for nvcc
                    "-I" + SOURCES,
                    "-o",
                    LIBRARY.toString(),
                    SOURCES.resolve("fake_driver.cpp").toString());
            int code = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(log.toFile())
                    .start()
                    .waitFor();
            assertThat(code)
                    .as("g++: %s", Files.readString(log, StandardCharsets.UTF_8))
                    .isZero();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
