package dev.assay.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assay.report.Fault;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DoctorCommandTest {
    @TempDir
    private Path folder;

    private Path weights;

    @BeforeEach
    void writeCheckpoint() throws IOException {
        weights = folder.resolve("model.safetensors");
        Files.writeString(folder.resolve("config.json"), Toy.CONFIG_JSON);
        Toy.WEIGHTS.writeSafetensors(weights);
    }

    private static CommandRun doctor(String... args) {
        String[] all = new String[args.length + 1];
        all[0] = "doctor";
        System.arraycopy(args, 0, all, 1, args.length);
        return CommandRun.of(List.of(Toy.right("right")), Toy.goldens("one", "two"), all);
    }

    @Test
    void findsASoundInstallationSound() {
        CommandRun run = doctor();
        assertThat(run.exitCode()).isEqualTo(0);
        assertThat(run.out())
                .contains("ok     Java 2", "module jdk.incubator.vector: ", "processor", " of memory, ")
                .contains("ok     engine right: Toy right 1.0, computes in FLOAT32\n")
                .contains("ok     2 golden cases, every digest as recorded\n")
                .doesNotContain("WRONG");
    }

    @Test
    void namesEverythingThatIsWrong() {
        CommandRun run = CommandRun.of(
                List.of(),
                List.of(new Fault("engines", "Provider x.Y not found", "./assay doctor")),
                Toy.goldens("broken-a", "broken-b", "one"),
                Map.of(),
                false,
                "doctor");
        assertThat(run.exitCode()).isEqualTo(4);
        assertThat(run.out())
                .contains("WRONG  engines: Provider x.Y not found\n", "WRONG  no engine is installed\n")
                .contains("WRONG  case broken-a: cases/broken-a/config.json: expected SHA-256 00, found 11\n")
                .contains("WRONG  case broken-b: ")
                .endsWith("reproduce: ./assay doctor\n");
    }

    @Test
    void noGoldenCaseAtAllIsWrong() {
        assertThat(CommandRun.of(List.of(Toy.right("right")), Toy.goldens(), "doctor")
                        .out())
                .contains("WRONG  no golden case is bundled\n");
    }

    @Test
    void findsASoundCheckpointSound() {
        CommandRun run = doctor(folder.toString(), "--check-finite");
        assertThat(run.exitCode()).isEqualTo(0);
        assertThat(run.out())
                .startsWith("ok     " + folder + ": Qwen3, 24 tensors, ")
                .contains("Every tensor is used.\n", "ok     every weight is finite\n");
    }

    @Test
    void findsWeightsThatAreNotNumbersOnlyWhenAsked() throws IOException {
        try (FileChannel file = FileChannel.open(weights, StandardOpenOption.WRITE)) {
            // A bf16 NaN as the last element of the last tensor.
            file.write(ByteBuffer.wrap(new byte[] {(byte) 0xc0, 0x7f}), file.size() - 2);
        }

        assertThat(doctor(folder.toString()).exitCode()).isEqualTo(0);
        CommandRun run = doctor(folder.toString(), "--check-finite");
        assertThat(run.exitCode()).isEqualTo(4);
        assertThat(run.out())
                .contains("WRONG  ", "model.norm.weight", "element 7 is NaN")
                .endsWith("reproduce: ./assay doctor " + folder + " --check-finite\n");
    }

    @Test
    void namesAShortFile() throws IOException {
        try (FileChannel file = FileChannel.open(weights, StandardOpenOption.WRITE)) {
            file.truncate(file.size() - 1);
        }
        CommandRun run = doctor(folder.toString());
        assertThat(run.exitCode()).isEqualTo(4);
        assertThat(run.out()).contains("WRONG  " + weights).endsWith("reproduce: ./assay doctor " + folder + "\n");
    }

    @Test
    void namesAFolderThatIsNotThere() {
        CommandRun run = doctor(folder.resolve("absent").toString());
        assertThat(run.exitCode()).isEqualTo(4);
        assertThat(run.out()).contains("WRONG  " + folder.resolve("absent") + ": expected a folder");
    }
}
