package dev.assay.adapter.stdio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import com.networknt.schema.dialect.Dialects;
import dev.assay.checkpoint.HfFolder;
import dev.assay.engine.EngineProtocolException;
import dev.assay.engine.KvCacheType;
import dev.assay.engine.LogitsScope;
import dev.assay.golden.GoldenCase;
import dev.assay.golden.Goldens;
import dev.assay.reference.ReferenceEngine;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What both sides say is what the schema allows, and the schema and the readers refuse the same.
class ProtocolTest {
    private static final String SCHEMA = schemaText();

    @TempDir
    private Path folder;

    /// Every request there is, and the answer of the reference to it, by what the schema calls the answer.
    @Test
    void bothSidesKeepToTheSchema() throws IOException {
        GoldenCase golden = Goldens.bundled("qwen3-moe-base");
        try (var checkpoint = golden.weights().open()) {
            HfFolder.write(checkpoint, folder);
        }
        Map<Request, String> conversation = new LinkedHashMap<>();
        conversation.put(new Request.Hello(1, Wire.PROTOCOL), "hello");
        conversation.put(new Request.Supports(2, Wire.tree(golden.configJson())), "supports");
        conversation.put(new Request.Load(3, folder.toString(), 1, KvCacheType.FLOAT32), "load");
        conversation.put(new Request.Open(4, 9, LogitsScope.ALL_POSITIONS, true), "open");
        conversation.put(new Request.Prefill(5, 1, new int[] {3, 1, 4}), "predicted");
        conversation.put(new Request.Decode(6, 1, 2), "predicted");
        conversation.put(new Request.Decode(7, 1, 1_000_000), "error");
        conversation.put(new Request.Reset(8, 1), "reset");
        conversation.put(new Request.Close(9, 1), "done");
        conversation.put(new Request.Decode(10, 1, 2), "error");
        conversation.put(new Request.Shutdown(11), "done");

        StringBuilder requests = new StringBuilder();
        for (Request request : conversation.keySet()) {
            String line = Wire.text(request);
            assertThat(errors("request", line)).as(line).isEmpty();
            assertThat(errors("answer", line)).as(line).isNotEmpty();
            requests.append(line).append('\n');
        }
        ByteArrayOutputStream answers = new ByteArrayOutputStream();
        new Server(new ReferenceEngine(), wire(requests.toString().getBytes(StandardCharsets.UTF_8), answers)).run();

        Wire client = wire(answers.toByteArray(), new ByteArrayOutputStream());
        int frames = 0;
        for (Map.Entry<Request, String> expected : conversation.entrySet()) {
            String line = Objects.requireNonNull(client.readLine(), () -> "no answer to " + expected.getKey());
            assertThat(errors(expected.getValue(), line)).as(line).isEmpty();
            assertThat(errors("answer", line)).as(line).isEmpty();
            if (expected.getValue().equals("predicted")) {
                Answer.Predicted predicted = Wire.parse(line, Answer.Predicted.class, "a prediction");
                assertThat(predicted.routedExperts()).isNotEmpty();
                for (Answer.TapFrame tap : predicted.taps()) {
                    client.readFrame(tap.tap(), tap.rows(), tap.columns());
                    frames++;
                }
                client.readFrame(
                        "logits",
                        predicted.taps().getFirst().rows(),
                        golden.config().vocabSize());
            }
        }
        assertThat(frames).isPositive();
        assertThat(client.readLine()).isNull();
    }

    @Test
    void everyAnswerThatAnEngineMayGiveFitsTheSchema() {
        List<Answer> answers = new ArrayList<>();
        answers.add(new Answer.Supporting(2, new dev.assay.engine.Support.Unsupported("no kernel")));
        answers.add(new Answer.Opened(3, 1, null));
        answers.add(new Answer.Emptied(3, null));
        answers.add(new Answer.Predicted(
                4, 1, null, List.of(), List.of(), new Answer.Outline.TopLogProbabilities(new int[][] {{3, 1}})));
        answers.add(
                new Answer.Predicted(4, 1, 0L, List.of(), List.of(), new Answer.Outline.GreedyTokens(new int[] {3})));
        for (Answer.Failure.Kind kind : Answer.Failure.Kind.values()) {
            answers.add(new Answer.Failed(0, new Answer.Failure(kind, "because")));
        }
        for (Answer answer : answers) {
            String line = Wire.text(answer);
            assertThat(errors("answer", line)).as(line).isEmpty();
            assertThat(Wire.text(Wire.parse(line, answer.getClass(), "itself"))).isEqualTo(line);
        }
    }

    /// Neither the schema nor the reader takes any of these for an answer to `open`.
    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"id\":3,\"session\":1}",
                "{\"id\":3,\"session\":1,\"kv_cache_bytes\":0,\"more\":1}",
                "{\"id\":3,\"session\":null,\"kv_cache_bytes\":0}",
                "{\"id\":3,\"session\":\"1\",\"kv_cache_bytes\":0}",
                "{\"id\":3,\"session\":1.5,\"kv_cache_bytes\":0}",
                "[3]",
                "3"
            })
    void schemaAndReaderRefuseTheSame(String line) {
        assertThat(errors("open", line)).isNotEmpty();
        assertThatThrownBy(() -> Wire.parse(line, Answer.Opened.class, "an answer"))
                .isInstanceOf(EngineProtocolException.class)
                .hasMessageStartingWith("expected an answer, found '" + line + "': ");
    }

    /// What no schema can see.
    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"id\":3,\"session\":1,\"kv_cache_bytes\":0} {}",
                "{\"id\":3,\"id\":3,\"session\":1,\"kv_cache_bytes\":0}",
                "",
                "Loading weights..."
            })
    void whatIsNoSingleObjectIsRefused(String line) {
        assertThatThrownBy(() -> Wire.parse(line, Answer.Opened.class, "an answer"))
                .isInstanceOf(EngineProtocolException.class)
                .hasMessageStartingWith("expected an answer, found '" + line + "': ");
    }

    @Test
    void aLineThatIsNoRequestIsAnsweredAndEndsTheConversation() {
        ByteArrayOutputStream answers = new ByteArrayOutputStream();
        Server server = new Server(
                new ReferenceEngine(), wire("{\"op\":\"dance\",\"id\":1}\n".getBytes(StandardCharsets.UTF_8), answers));

        assertThatThrownBy(server::run)
                .isInstanceOf(EngineProtocolException.class)
                .hasMessageStartingWith("expected a request, found '{\"op\":\"dance\",\"id\":1}'");
        String line = answers.toString(StandardCharsets.UTF_8).strip();
        assertThat(errors("error", line)).as(line).isEmpty();
        assertThat(line).startsWith("{\"id\":0,");
    }

    @Test
    void framesSurvive() throws IOException {
        float[][] rows = {{1.5f, -0f, Float.MIN_VALUE}, {Float.NaN, Float.NEGATIVE_INFINITY, 3e38f}};
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Wire writer = wire(new byte[0], out);
        writer.write(rows);
        writer.flush();

        assertThat(out.size()).isEqualTo(4 + 2 * 3 * 4);
        float[][] read = wire(out.toByteArray(), out).readFrame("logits", 2, 3);
        // Not ==, to which NaN is never equal.
        assertThat(Arrays.deepToString(read)).isEqualTo(Arrays.deepToString(rows));
    }

    @Test
    void theSchemaIsAValidSchema() {
        Schema metaSchema = SchemaRegistry.withDialect(Dialects.getDraft202012())
                .getSchema(SchemaLocation.of(Dialects.getDraft202012().getId()));
        assertThat(metaSchema.validate(SCHEMA, InputFormat.JSON)).isEmpty();
    }

    private static Wire wire(byte[] in, ByteArrayOutputStream out) {
        return new Wire(new ByteArrayInputStream(in), out);
    }

    /// What is wrong with a line as one kind of message.
    private static List<com.networknt.schema.Error> errors(String definition, String line) {
        // The whole schema, of which only the one definition may match.
        String only =
                SCHEMA.replaceFirst("(?s)\"anyOf\": \\[.*?\\],\\n", "\"\\$ref\": \"#/\\$defs/" + definition + "\",\n");
        return SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
                .getSchema(only, InputFormat.JSON)
                .validate(line, InputFormat.JSON);
    }

    private static String schemaText() {
        try (InputStream in = Wire.class.getResourceAsStream("protocol.schema.json")) {
            assertThat(in).isNotNull();
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
