package dev.assay.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Runs a copy of the `assay` script with made-up JDKs and a made-up Maven, in a folder that holds nothing else:
/// neither the JDK nor the Maven of this machine is found.
class LauncherTest {
    /// The commands of the system that the script uses.
    private static final List<String> TOOLS = List.of(
            "awk bash cat cksum cp env find flock grep head mkdir mv readlink rm rmdir sleep sort tr uname".split(" "));

    /// The folders of this machine that the script searches.
    private static final String JDK_FOLDERS =
            "/usr/lib/jvm/* /usr/java/* /opt/* /Library/Java/JavaVirtualMachines/*/Contents/Home";

    @TempDir
    private Path sandbox;

    private Path project;
    private Path bin;
    private final Map<String, String> environment = new HashMap<>();

    @BeforeEach
    void layOut() throws IOException {
        project = sandbox.resolve("a project");
        bin = Files.createDirectories(sandbox.resolve("bin"));
        for (String tool : TOOLS) {
            for (Path folder : List.of(Path.of("/usr/bin"), Path.of("/bin"))) {
                if (Files.exists(folder.resolve(tool))) {
                    executable(bin.resolve(tool), "#!/bin/sh\nexec " + folder.resolve(tool) + " \"$@\"\n");
                    break;
                }
            }
        }
        Files.createDirectories(project.resolve("cli/src/main/java"));
        Files.writeString(project.resolve("cli/src/main/java/Main.java"), "class Main {}");
        Files.writeString(project.resolve("pom.xml"), "<project/>");

        String script = Files.readString(script());
        assertThat(script.contains(JDK_FOLDERS))
                .as("the script looks in " + JDK_FOLDERS)
                .isTrue();
        String sealed = script.replace(JDK_FOLDERS, "'" + sandbox + "'/jvm/*");
        executable(project.resolve("assay"), sealed);

        environment.put("PATH", bin.toString());
        environment.put("HOME", sandbox.resolve("home").toString());
    }

    @Test
    void saysInOneSentenceThatThereIsNoJdk() throws Exception {
        Outcome outcome = assay("list");

        assertThat(outcome.exitCode()).isEqualTo(4);
        assertThat(outcome.err())
                .startsWith("assay: needs a JDK 25 or newer and found none in JAVA_HOME, on the PATH,")
                .contains("https://adoptium.net")
                .hasLineCount(1);
    }

    @Test
    void takesTheFirstJdkThatIsNewEnough() throws Exception {
        maven(true);
        environment.put("JAVA_HOME", jdk("javaHome", "17.0.15").toString());
        Files.createSymbolicLink(bin.resolve("java"), jdk("onPath", "21.0.9").resolve("bin/java"));
        jdk("jvm/older", "24");
        jdk("home/.sdkman/candidates/java/newer", "25.0.3");

        assertThat(assay("list").out()).startsWith("newer runs ");

        jdk("jvm/newest", "26-ea");
        assertThat(assay("list").out()).startsWith("newest runs ");

        environment.put("JAVA_HOME", jdk("mine", "25").toString());
        assertThat(assay("list").out()).startsWith("mine runs ");

        environment.put("ASSAY_JAVA_HOME", jdk("asked for", "25").toString());
        assertThat(assay("list").out()).startsWith("asked for runs ");
    }

    @Test
    void refusesAnOldJdkThatWasAskedFor() throws Exception {
        jdk("jvm/good", "25");
        environment.put("ASSAY_JAVA_HOME", jdk("old", "21").toString());

        Outcome outcome = assay("list");

        assertThat(outcome.exitCode()).isEqualTo(4);
        assertThat(outcome.err()).contains("which is not a JDK 25 or newer").hasLineCount(1);
    }

    @Test
    void passesArgumentsAndExitCodeThroughFromAnyFolder() throws Exception {
        maven(true);
        jdk("jvm/good", "25");
        Path links = Files.createDirectories(sandbox.resolve("links"));
        Files.createSymbolicLink(links.resolve("first"), Path.of("../a project/assay"));
        Files.createSymbolicLink(links.resolve("second"), links.resolve("first"));

        Outcome outcome = run(sandbox, links.resolve("second").toString(), "verify", "two words", "", "*");

        assertThat(outcome.out()).endsWith("/dev.assay.cli.Main|verify|two words||*|\n");
        assertThat(outcome.exitCode()).isEqualTo(7);
    }

    @Test
    void buildsOnFirstUseAndWhenSourcesChanged() throws Exception {
        maven(true);
        jdk("jvm/good", "25");
        Path source = project.resolve("cli/src/main/java/Main.java");

        assertThat(assay("list").err())
                .isEqualTo("assay: building, because this is the first use or sources have changed\n");
        assertThat(builds()).isEqualTo(1);

        assertThat(assay("list").err()).isEmpty();
        assertThat(builds()).as("nothing changed").isEqualTo(1);

        Files.setLastModifiedTime(source, FileTime.from(Instant.parse("2001-01-01T00:00:00Z")));
        assay("list");
        assertThat(builds()).as("a file has another time, an older one").isEqualTo(2);

        Files.writeString(project.resolve("cli/src/main/java/More.java"), "class More {}");
        assay("list");
        assertThat(builds()).as("a file more").isEqualTo(3);

        Files.delete(project.resolve("cli/src/main/java/More.java"));
        Files.createDirectories(project.resolve("cli/target"));
        assay("list");
        assertThat(builds())
                .as("a file less: back at the sources of the second build")
                .isEqualTo(3);

        Files.delete(source);
        assay("list");
        assertThat(builds()).as("a file less").isEqualTo(4);
    }

    @Test
    void buildsAnAdapterWhenAnEngineIsFirstNamedAfterIt() throws Exception {
        maven(true);
        jdk("jvm/good", "25");
        Files.createDirectories(project.resolve("adapters/toy"));
        Files.writeString(project.resolve("adapters/toy/pom.xml"), "<project/>");
        Files.writeString(project.resolve("adapters/toy/jvm.args"), "-Xmx1g");

        assertThat(assay("verify", "--case", "toy").out())
                .contains("|-Dassay.adapters.known=toy|")
                .endsWith("|verify|--case|toy|\n");
        assertThat(builds()).as("nobody named it").isEqualTo(1);

        Outcome first = assay("verify", "--engine", "other", "--engine", "toy");
        assertThat(first.err()).isEqualTo("assay: building the adapter toy\n");
        assertThat(builds()).isEqualTo(2);
        Matcher adapters = Pattern.compile("\\|-Dassay\\.adapters=([^|]*)\\|").matcher(first.out());
        assertThat(adapters.find()).isTrue();
        assertThat(Path.of(adapters.group(1), "toy", "toy.jar")).exists();
        assertThat(Path.of(adapters.group(1), "toy", "jvm.args")).hasContent("-Xmx1g");

        assertThat(assay("verify", "--engine=toy").err()).isEmpty();
        assertThat(assay("verify", "-e", "toy").err()).isEmpty();
        assertThat(builds()).as("it is built").isEqualTo(2);

        Files.writeString(project.resolve("adapters/toy/jvm.args"), "-Xmx2g -Xss1m");
        assay("verify", "-e", "toy");
        assertThat(builds()).as("its sources changed").isEqualTo(4);
    }

    @Test
    void trainsOnceAndRunsWithWhatItLearnt() throws Exception {
        maven(true);
        jdk("jvm/good", "25");

        assertThat(assay("facts").out()).contains("-XX:AOTCache=");
        assertThat(assay("facts").out()).contains("-XX:AOTCache=");
        assertThat(sandbox.resolve("training.log")).content().hasLineCount(1).contains("|list|");
    }

    @Test
    void runsWithoutACacheWhereTrainingFails() throws Exception {
        maven(true);
        Path jdk = jdk("jvm/good", "25");
        executable(
                jdk.resolve("bin/java"), "#!/usr/bin/env bash\n[[ $1 != -XX:AOTCacheOutput=* ]] || exit 1\necho ran\n");

        Outcome outcome = assay("list");

        assertThat(outcome.out()).isEqualTo("ran\n");
        assertThat(outcome.err()).hasLineCount(1);
        assertThat(assay("list").err()).isEmpty();
    }

    @Test
    void firstUsesAtTheSameTimeBuildOnce() throws Exception {
        maven(true);
        jdk("jvm/good", "25");
        List<Process> processes = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            processes.add(start(project, "./assay", "list"));
        }
        for (Process process : processes) {
            assertThat(finish(process).exitCode()).isEqualTo(7);
        }

        assertThat(builds()).isEqualTo(1);
    }

    @Test
    void showsTheErrorsOfAFailedBuildAndWhereTheLogLies() throws Exception {
        maven(false);
        jdk("jvm/good", "25");

        Outcome outcome = assay("list");

        assertThat(outcome.exitCode()).isEqualTo(4);
        assertThat(outcome.err())
                .contains("assay: the build failed:\n[ERROR] Main.java:[1,1] no such symbol\n")
                .doesNotContain("Help 1")
                .contains(project.toRealPath() + "/.assay/build.log")
                .contains("mvn package");
        assertThat(outcome.out()).isEmpty();
    }

    @Test
    void saysThatMavenIsMissing() throws Exception {
        jdk("jvm/good", "25");

        Outcome outcome = assay("list");

        assertThat(outcome.exitCode()).isEqualTo(4);
        assertThat(outcome.err())
                .startsWith("assay: building needs Maven 3.8.7 or newer")
                .hasLineCount(1);
    }

    // ------------------------------------------------------------------------------------------------ the made-up
    // world

    /// A JDK whose `java` prints its folder and arguments and exits with 7, or pretends to train.
    private Path jdk(String folder, String version) throws IOException {
        Path home = sandbox.resolve(folder);
        Files.createDirectories(home.resolve("bin"));
        Files.writeString(
                home.resolve("release"), "IMPLEMENTOR=\"" + folder + "\"\nJAVA_VERSION=\"" + version + "\"\n");
        executable(home.resolve("bin/javac"), "#!/usr/bin/env bash\n");
        executable(home.resolve("bin/java"), """
                #!/usr/bin/env bash
                if [[ $1 == -XX:AOTCacheOutput=* ]]; then
                    echo trained >"${1#*=}"
                    { printf '%%s|' "$@"; echo; } >>'%s/training.log'
                    exit 0
                fi
                printf '%%s runs ' '%s'
                printf '%%s|' "$@"
                echo
                exit 7
                """.formatted(sandbox, home.getFileName()));
        return home;
    }

    /// A Maven that counts its runs and makes one jar of the module after `-pl`, or fails.
    private void maven(boolean succeeds) throws IOException {
        executable(bin.resolve("mvn"), """
                #!/usr/bin/env bash
                echo run >>'%s/builds.log'
                echo '[INFO] Building cli 0.1.0-SNAPSHOT                  [7/7]'
                sleep 0.1
                while [[ $1 != -pl ]]; do shift; done
                if %s; then
                    mkdir -p "$2/target/lib"
                    echo jar >"$2/target/lib/${2##*/}.jar"
                else
                    echo '[ERROR] Main.java:[1,1] no such symbol'
                    echo '[ERROR] -> [Help 1]'
                    exit 1
                fi
                """.formatted(sandbox, succeeds));
    }

    private int builds() throws IOException {
        return Files.readAllLines(sandbox.resolve("builds.log")).size();
    }

    private Outcome assay(String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of("./assay"));
        command.addAll(List.of(arguments));
        return run(project, command.toArray(String[]::new));
    }

    private Outcome run(Path folder, String... command) throws Exception {
        return finish(start(folder, command));
    }

    private Process start(Path folder, String... command) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
        builder.environment().clear();
        builder.environment().putAll(environment);
        Process process = builder.start();
        process.getOutputStream().close();
        return process;
    }

    private static Outcome finish(Process process) throws Exception {
        String out = new String(process.getInputStream().readAllBytes(), UTF_8);
        String err = new String(process.getErrorStream().readAllBytes(), UTF_8);
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        return new Outcome(out, err, process.exitValue());
    }

    private static void executable(Path file, String content) throws IOException {
        Files.writeString(file, content);
        assertThat(file.toFile().setExecutable(true)).isTrue();
    }

    /// The script at the root of the project, whether the tests run there or in their module.
    private static Path script() {
        Path here = Path.of("assay");
        return Files.isRegularFile(here) ? here : Path.of("../assay");
    }

    private record Outcome(String out, String err, int exitCode) {}
}
