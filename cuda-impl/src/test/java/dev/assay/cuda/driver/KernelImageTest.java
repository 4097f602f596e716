package dev.assay.cuda.driver;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The committed PTX is of the committed sources. No compiler is needed: `cuda-impl/ptx.sh` writes it anew.
class KernelImageTest {
    private static final Path SOURCES = Path.of("src/main/cuda");

    static Stream<List<String>> images() {
        return Stream.concat(
                KernelImage.FILES.stream().flatMap(file -> Stream.of("75", "90").map(target -> List.of(file, target))),
                KernelImage.GROUP_FILES.stream().map(file -> List.of(file, "90a")));
    }

    @ParameterizedTest
    @MethodSource("images")
    void isCompiledFromTheSources(List<String> image) throws IOException, NoSuchAlgorithmException {
        String file = image.getFirst();
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        for (String source : List.of("device.h", "parts.h", "routers.h", "rows.h", "tiles.h", file + ".cu")) {
            digest.update(Files.readAllBytes(SOURCES.resolve(source)));
        }

        String ptx = KernelImage.ptx(file, image.getLast());

        assertThat(ptx.lines().findFirst())
                .as("run cuda-impl/ptx.sh")
                .hasValue("// sources " + HexFormat.of().formatHex(digest.digest()));
    }

    @ParameterizedTest
    @MethodSource("images")
    void isInAnOldVersionForItsTarget(List<String> image) {
        String target = image.getLast();
        assertThat(KernelImage.ptx(image.getFirst(), target))
                .contains(
                        "\n.version " + (target.equals("75") ? "7.4" : "8.1") + "\n", "\n.target sm_" + target + "\n");
    }

    /// A kernel that one target lacks would be missed on some devices only; those of clusters are known to.
    @ParameterizedTest
    @MethodSource("files")
    void hasTheSameKernelsForEveryTarget(String file) {
        Set<String> entries = entries(file, "90");
        entries.removeIf(entry -> entry.startsWith("attend_one_"));

        assertThat(entries).isNotEmpty().isEqualTo(entries(file, "75"));
    }

    static List<String> files() {
        return KernelImage.FILES;
    }

    /// Name and number of parameters of every kernel.
    private static Set<String> entries(String file, String target) {
        return Pattern.compile("\\.entry (\\w+)\\(([^)]*)\\)")
                .matcher(KernelImage.ptx(file, target))
                .results()
                .map((MatchResult entry) -> entry.group(1) + " "
                        + entry.group(2)
                                .lines()
                                .filter(line -> line.contains(".param"))
                                .count())
                .collect(Collectors.toCollection(TreeSet::new));
    }
}
