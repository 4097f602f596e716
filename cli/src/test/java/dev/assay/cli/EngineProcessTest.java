package dev.assay.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import dev.assay.engine.Engine;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Engines that are not in this JVM: commands, adapters and servers.
class EngineProcessTest {
    private static final String HELLO = """
            {"id":1,"protocol":"assay-stdio/1","engine":{"id":"script","title":"Script","version":"1","compute":"FLOAT32"}}\
            """;

    private static final String ABLE = """
            {"id":2,"support":{"kind":"supported","capabilities":["FULL_LOGITS","ALL_POSITIONS"]}}\
            """;

    /// An engine that greets, says what it can, and crashes when it is to load.
    static final String CRASHING = "read -r a; echo '" + HELLO + "'; read -r a; echo '" + ABLE + "'; read -r a; exit 7";

    @TempDir
    private Path folder;

    private CommandRun verify(String... arguments) {
        String[] all = new String[arguments.length + 3];
        all[0] = "verify";
        System.arraycopy(arguments, 0, all, 1, arguments.length);
        all[all.length - 2] = "--out";
        all[all.length - 1] = folder.toString();
        return CommandRun.of(List.of(Toy.right("right")), Toy.goldens("one", "two"), all);
    }

    private String report() throws IOException {
        return Files.readString(folder.resolve(OutFolder.REPORT_FILE));
    }

    @Test
    void aCommandThatCrashesIsJudgedOnEveryCaseAndAlone() throws IOException {
        CommandRun run = verify("--engine-command", CRASHING);

        assertThat(run.err()).isEmpty();
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(report())
                .contains("\"outcome\" : \"CRASH\"", "load: the process ended with exit code 7")
                .contains("--case one", "--case two")
                .doesNotContain("\"engine\" : \"right\"");
    }

    @Test
    void aCommandIsReproducedByTheCommand() throws IOException {
        verify("--engine-command", CRASHING, "--case", "one");

        assertThat(report()).contains("\"reproduce\" : \"./assay verify --engine-command 'read -r a; echo ");
    }

    @Test
    void aCommandThatDoesNotStartIsAFaultAndTheOthersRun() throws IOException {
        CommandRun run = verify("--engine-command", "echo 'no licence' >&2; exit 3", "--engine", "right");

        assertThat(run.exitCode()).isEqualTo(4);
        assertThat(report())
                .contains("does not start: hello: the process ended with exit code 3; standard error ends: no licence")
                .contains("\"engine\" : \"right\"");
    }

    @Test
    void twoEnginesOfOneIdAreAFault() throws IOException {
        CommandRun run = verify(
                "--engine-command", CRASHING.replace("\"id\":\"script\"", "\"id\":\"right\""), "--engine", "right");

        assertThat(run.exitCode()).isEqualTo(4);
        assertThat(report()).contains("two of the engines to verify have this id");
    }

    @Test
    void aServerNeedsItsCaseAndAnAddress() {
        assertThat(verify("--engine-url", "http://localhost:1").err())
                .contains("--engine-url: a server has loaded one model: name its case with --case");
        assertThat(verify("--engine-url", "localhost", "--case", "one").err())
                .contains("--engine-url: expected an address such as http://localhost:8000, found localhost");
        assertThat(verify("--time-limit", "0").err()).contains("--time-limit: expected at least 1 second, found 0");
    }

    @Test
    void theKeyGoesToTheServerAndIntoNoReport() throws IOException {
        assertThat(authorisations(Map.of("ASSAY_API_KEY", "sk-test"))).containsExactly("Bearer sk-test");
        assertThat(report())
                .contains("expected status 200, found 401 'Bearer [API key]'")
                .doesNotContain("sk-test");
    }

    @Test
    void withoutAKeyOfOurOwnAServerGetsNone() throws IOException {
        assertThat(authorisations(Map.of("OPENAI_API_KEY", "sk-other"))).containsExactly("none");
        assertThat(authorisations(Map.of("ASSAY_API_KEY", ""))).containsExactly("none");
    }

    @Test
    void aKeyThatNoHeaderCanHoldIsNamedByItsVariableAndNotQuoted() {
        CommandRun run = verifyServer("http://localhost:1", Map.of("ASSAY_API_KEY", "sk test"));

        assertThat(run.exitCode()).isEqualTo(64);
        assertThat(run.err())
                .contains(
                        "ASSAY_API_KEY: API key: expected visible ASCII characters without spaces, found 7 characters")
                .doesNotContain("sk test");
    }

    /// What a server is told by `verify`: it refuses every request and quotes its authorisation.
    private Set<String> authorisations(Map<String, String> environment) throws IOException {
        Set<String> seen = new ConcurrentSkipListSet<>();
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            String given = exchange.getRequestHeaders().getFirst("Authorization");
            String authorisation = given == null ? "none" : given;
            seen.add(authorisation);
            byte[] body = authorisation.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(401, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
        try {
            verifyServer("http://localhost:" + server.getAddress().getPort(), environment);
        } finally {
            server.stop(0);
        }
        return seen;
    }

    private CommandRun verifyServer(String url, Map<String, String> environment) {
        return CommandRun.of(
                List.of(),
                List.of(),
                Toy.goldens("one"),
                environment,
                false,
                "verify",
                "--engine-url",
                url,
                "--case",
                "one",
                "--out",
                folder.toString());
    }

    @Test
    void anAdapterIsKnownBeforeItIsBuilt() {
        Adapters adapters = new Adapters(new TreeSet<>(List.of("jlama", "onnxruntime")), null);

        assertThat(run(adapters, "verify", "--engine", "jlama").err())
                .contains("engine jlama is an adapter that is not built: run it with ./assay");
        assertThat(run(adapters, "verify", "--engine", "jlma").err()).contains("did you mean jlama?");
        assertThat(run(adapters, "list").out()).contains("adapters, for --engine: jlama, onnxruntime");
        assertThat(run(adapters, "doctor").out()).contains("adapter jlama: built by ./assay verify --engine jlama");
    }

    @Test
    void aPlainRunStartsNoAdapter() throws IOException {
        Adapters adapters = new Adapters(new TreeSet<>(List.of("jlama")), folder);

        CommandRun run = run(adapters, "verify", "--out", folder.toString());

        assertThat(run.exitCode()).isZero();
        assertThat(report()).contains("\"engine\" : \"right\"").doesNotContain("jlama");
    }

    private static CommandRun run(Adapters adapters, String... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        List<Engine> engines = List.of(Toy.right("right"));
        int exitCode = Main.run(
                new Surroundings(
                        new PrintWriter(out),
                        new PrintWriter(err),
                        false,
                        Map.of(),
                        () -> Engines.of(engines, List.of()),
                        adapters,
                        Toy.goldens("one")),
                arguments);
        return new CommandRun(exitCode, out.toString(), err.toString());
    }
}
