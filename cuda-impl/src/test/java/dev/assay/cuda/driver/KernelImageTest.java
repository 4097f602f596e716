package dev.assay.cuda.driver;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The committed PTX is of the committed sources, the cubins of that PTX. No compiler is needed: `cuda-impl/images.sh`
/// writes both anew.
class KernelImageTest {
    private static final Path SOURCES = Path.of("src/main/cuda");
    private static final Path CUBINS = Path.of("src/main/resources/dev/assay/cuda/cubin");
    /// What ELF calls machine code for CUDA.
    private static final int EM_CUDA = 190;

    static Stream<List<String>> images() {
        return Stream.concat(
                KernelImage.FILES.stream().flatMap(file -> Stream.of("75", "90").map(target -> List.of(file, target))),
                KernelImage.GROUP_FILES.stream().map(file -> List.of(file, "90a")));
    }

    static Stream<List<String>> cubins() {
        return images().filter(image -> !image.getLast().equals("75"));
    }

    @ParameterizedTest
    @MethodSource("images")
    void isCompiledFromTheSources(List<String> image) throws IOException, NoSuchAlgorithmException {
        String file = image.getFirst();
        Stream<String> sources = Stream.of("device.h", "parts.h", "routers.h", "rows.h", "tiles.h", file + ".cu");

        String ptx = KernelImage.ptx(file, image.getLast());

        assertThat(ptx.lines().findFirst())
                .as("run cuda-impl/images.sh")
                .hasValue("// sources " + digest(sources.map(SOURCES::resolve).toList()));
    }

    @Test
    void isAssembledFromThePtx() throws IOException, NoSuchAlgorithmException {
        List<String> sums = new ArrayList<>();
        for (List<String> image : cubins().toList()) {
            String name = "sm_" + image.getLast() + "/" + image.getFirst();
            for (String path : List.of("../ptx/" + name + ".ptx", name + ".cubin.gz")) {
                sums.add(digest(List.of(CUBINS.resolve(path))) + "  " + path);
            }
        }

        assertThat(Files.readAllLines(CUBINS.resolve("SHA256SUMS")))
                .as("run cuda-impl/images.sh")
                .containsExactlyInAnyOrderElementsOf(sums);
    }

    private static String digest(List<Path> files) throws IOException, NoSuchAlgorithmException {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        for (Path file : files) {
            digest.update(Files.readAllBytes(file));
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    @ParameterizedTest
    @MethodSource("cubins")
    void isMachineCodeOfTheKernelsForItsTarget(List<String> image) {
        ByteBuffer elf = ByteBuffer.wrap(KernelImage.cubin(image.getFirst(), image.getLast()))
                .order(ByteOrder.LITTLE_ENDIAN);

        assertThat(elf.getShort(18)).as("e_machine").isEqualTo((short) EM_CUDA);
        assertThat((elf.getInt(48) >> 8) & 0xff)
                .as("architecture in e_flags, as CUDA 13 writes it")
                .isEqualTo(90);
        assertThat(sections(elf).filter(name -> name.startsWith(".text.")).map(name -> name.substring(6)))
                .isNotEmpty()
                .containsExactlyInAnyOrderElementsOf(entries(image.getFirst(), image.getLast()).stream()
                        .map(entry -> entry.substring(0, entry.indexOf(' ')))
                        .toList());
    }

    /// Names of the sections of an ELF file of 64 bits. Its header has at 40, 58, 60 and 62 where their headers
    /// begin, how long one is, how many there are, and which of the sections has the names; these have at 0
    /// where in it their name begins, and at 24 where they do.
    private static Stream<String> sections(ByteBuffer elf) {
        int headers = Math.toIntExact(elf.getLong(40));
        int length = elf.getShort(58);
        long names = elf.getLong(headers + elf.getShort(62) * length + 24);
        return IntStream.range(0, elf.getShort(60))
                .mapToLong(section -> names + elf.getInt(headers + section * length))
                .mapToObj(name -> MemorySegment.ofBuffer(elf).getString(name, StandardCharsets.US_ASCII));
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
