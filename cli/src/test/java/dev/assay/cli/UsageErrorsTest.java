package dev.assay.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class UsageErrorsTest {
    @TempDir
    private Path folder;

    private CommandRun run(String... args) {
        return CommandRun.of(
                List.of(Toy.right("reference"), Toy.right("vector")), Toy.goldens("qwen3-base", "qwen3-yarn"), args);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    ''                                             | assay: a command is missing
                    verfy                                          | did you mean verify?
                    verify --enginee vector                        | did you mean --engine?
                    verify extra                                   | Unmatched argument at index 1: 'extra'
                    verify --engine refrence                       | no engine is named 'refrence'; did you mean reference?
                    verify --engine cuda                           | engines: reference, vector
                    verify --case qwen-base                        | did you mean qwen3-base?
                    verify --case absent                           | cases: qwen3-base, qwen3-yarn
                    verify --case OUT/absent                       | is neither a bundled golden case nor a folder
                    verify --architecture quen3                    | did you mean qwen3?
                    verify --architecture gpt9                     | deepseek-v3,
                    verify --architecture llama3                   | architectures of the selected cases: qwen3
                    verify --threads 0                             | --threads: expected at least 1, found 0
                    verify --threads two                           | --threads
                    verify --shard 0/2                             | --shard: expected I/N
                    verify --shard 3/2                             | --shard: expected I/N
                    verify --shard 1                               | --shard: expected I/N
                    verify --shard -1/2                            | --shard: expected I/N
                    verify --shard 1/2/3                           | --shard: expected I/N
                    verify --shard 1/99999999999                   | --shard: expected I/N
                    verify --shard 5/9 --out OUT/x                 | --shard: part 5/9 is empty: there are 4 pairs
                    verify --out OUT/file/below                    | --out: cannot make the folder
                    verify --out OUT/file                          | --out: cannot make the folder
                    list --json --markdown                         | mutually exclusive
                    explain                                        | Missing required parameter
                    explain qwen3-bsae                             | did you mean qwen3-base?
                    explain qwen2                                  | did you mean qwen3?
                    explain absent                                 | cases: qwen3-base, qwen3-yarn
                    doctor --check-finite                          | --check-finite: name the folder
                    materialize --case qwen3-base                  | Missing required option: '--out=DIR'
                    materialize --out OUT/x                        | specify one of these): (-c=CASE | -s=MODEL)
                    materialize --case absent --out OUT/x          | cases: qwen3-base, qwen3-yarn
                    materialize --case qwen3-base --out OUT        | is not empty; --force writes into it
                    materialize --case qwen3-base --out OUT/file   | is a file
                    materialize --case x --shape y --out OUT/x     | mutually exclusive
                    materialize --shape qwen3-06b --out OUT/x --format gguff | expected one of [hf, gguf]
                    materialize --shape qwen3-0.7b --out OUT/x     | did you mean qwen3-0.6b?
                    materialize --case qwen3-base --out OUT/x --type f16 | with --format gguf they can be chosen
                    materialize --case qwen3-base --out OUT/x --format gguf --type q4_0 | expected one of [F32, F16, BF16, Q8_0]
                    """)
    void endWith64AndSayWhatIsValid(String line, String message) throws IOException {
        Files.writeString(folder.resolve("file"), "taken");
        String[] args = line.isEmpty()
                ? new String[0]
                : line.replace("OUT", folder.toString()).split(" ");

        CommandRun run = run(args);

        assertThat(run.err()).contains(message).containsPattern("Try '\\./assay( [a-z]+)? --help'\\.\n$");
        assertThat(run.out()).isEmpty();
        assertThat(run.exitCode()).isEqualTo(64);
    }

    @Test
    void aNameThatNoFileCanHaveIsAUsageError() {
        assertThat(run("verify", "--case", "a\0b").exitCode()).isEqualTo(64);
        assertThat(run("verify", "--out", "a\0b").exitCode()).isEqualTo(64);
        assertThat(run("explain", "a\0b").exitCode()).isEqualTo(64);
        assertThat(run("doctor", "a\0b").exitCode()).isEqualTo(64);
        assertThat(run("materialize", "--case", "qwen3-base", "--out", "a\0b").exitCode())
                .isEqualTo(64);
    }

    @Test
    void nothingIsWrittenBeforeTheArgumentsAreRight() {
        Path out = folder.resolve("out");
        assertThat(run("verify", "--out", out.toString(), "--engine", "absent").exitCode())
                .isEqualTo(64);
        assertThat(out).doesNotExist();
    }
}
