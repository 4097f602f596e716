package dev.assay.report.render;

import dev.assay.report.BenchRow;
import dev.assay.report.Change;
import dev.assay.report.CheckResult;
import dev.assay.report.Comparison;
import dev.assay.report.Divergence;
import dev.assay.report.Fault;
import dev.assay.report.History;
import dev.assay.report.Outcome;
import dev.assay.report.Report;
import dev.assay.report.SpeedComparison;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import javax.xml.stream.XMLOutputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamWriter;
import org.jspecify.annotations.Nullable;

/// A report in the XML form that JUnit's Ant task began and build servers read.
///
/// A suite for each engine and architecture, a test case for each check; measurements of an engine are a suite, and so
/// are faults. The format knows four ends of a test and Assay eleven outcomes, so each test says which it was:
///
/// | outcome | element |
/// |---|---|
/// | PASS | none |
/// | FAIL, CAPABILITY_LIE, STALE_WAIVER | `failure` |
/// | ERROR, CRASH, TIMEOUT, a fault | `error` |
/// | UNSUPPORTED, NOT_RUN, WAIVED, INCONCLUSIVE | `skipped` |
///
/// A comparison of speeds is a suite as well: a failure where something became slower and no annotation explains it.
public final class JunitReport {
    private static final String COMPARISON = "comparison";

    /// What became of a test.
    private enum End {
        PASSED,
        FAILURE,
        ERROR,
        SKIPPED
    }

    /// A test case.
    ///
    /// @param type outcome by its name, or `FAULT`
    private record Test(
            String className, String name, double milliseconds, End end, String type, String text, String reproduce) {}

    private final XMLStreamWriter xml;

    private JunitReport(XMLStreamWriter xml) {
        this.xml = xml;
    }

    /// The XML text of a report.
    public static String render(Report report) {
        StringWriter out = new StringWriter();
        try {
            XMLStreamWriter xml = XMLOutputFactory.newDefaultFactory().createXMLStreamWriter(out);
            new JunitReport(xml).write(report);
            xml.close();
        } catch (XMLStreamException e) {
            throw new IllegalStateException("writing to memory failed", e);
        }
        return out.toString();
    }

    private void write(Report report) throws XMLStreamException {
        Map<String, List<Test>> suites = new LinkedHashMap<>();
        report.faults().forEach(fault -> add(suites, "faults", test(fault)));
        report.results().forEach(result -> add(suites, result.engine() + "." + result.architecture(), test(result)));
        report.bench().forEach(row -> add(suites, row.engine() + ".bench", test(row)));
        SpeedComparison comparison = report.comparison();
        if (comparison != null) {
            comparison.metrics().forEach(metric -> add(suites, COMPARISON, test(metric, report.command())));
            comparison.histories().forEach(history -> add(suites, COMPARISON, test(history, report.command())));
        }

        List<Test> all = suites.values().stream().flatMap(List::stream).toList();
        xml.writeStartDocument("UTF-8", "1.0");
        line();
        xml.writeStartElement("testsuites");
        attribute("name", "assay");
        totals(all);
        for (Map.Entry<String, List<Test>> suite : suites.entrySet()) {
            line();
            xml.writeStartElement("testsuite");
            attribute("name", suite.getKey());
            totals(suite.getValue());
            // The format has no time zone: it is UTC, and whole seconds.
            attribute("timestamp", report.startedAt().replaceFirst("(\\.[0-9]+)?Z$", ""));
            for (Test test : suite.getValue()) {
                write(test);
            }
            line();
            xml.writeEndElement();
        }
        line();
        xml.writeEndElement();
        line();
        xml.writeEndDocument();
    }

    private static void add(Map<String, List<Test>> suites, String name, Test test) {
        suites.computeIfAbsent(name, _ -> new ArrayList<>()).add(test);
    }

    private static Test test(Fault fault) {
        return new Test("faults", fault.subject(), 0, End.ERROR, "FAULT", fault.message(), fault.reproduce());
    }

    private static Test test(CheckResult result) {
        Divergence first = result.firstDivergence();
        return new Test(
                result.engine() + "." + result.architecture(),
                result.caseId() + " " + result.check(),
                result.milliseconds(),
                end(result.outcome()),
                result.outcome().name(),
                text(result.message(), first == null ? null : "first divergence: " + Figures.describe(first)),
                result.reproduce());
    }

    private static Test test(BenchRow row) {
        return new Test(
                row.engine() + ".bench",
                Figures.model(row),
                0,
                end(row.checked().outcome()),
                row.checked().outcome().name(),
                text(row.checked().message(), null),
                row.reproduce());
    }

    private static Test test(Comparison metric, String command) {
        return new Test(
                COMPARISON,
                metric.metric(),
                0,
                metric.regressed() ? End.FAILURE : metric.change() == Change.INCONCLUSIVE ? End.SKIPPED : End.PASSED,
                metric.change().name(),
                text(metric.ratio() + " of the baseline's speed", metric.reason()),
                command);
    }

    private static Test test(History history, String command) {
        return new Test(
                COMPARISON,
                history.metric() + ": history",
                0,
                history.alarms().isEmpty() ? End.PASSED : End.FAILURE,
                "SLOWER",
                history.alarms().stream()
                        .map(shift ->
                                Figures.number(100 * shift.ratio()) + " % of the speed before, since " + shift.commit())
                        .collect(Collectors.joining("\n")),
                command);
    }

    private static String text(@Nullable String message, @Nullable String more) {
        return message == null ? Objects.requireNonNullElse(more, "") : more == null ? message : message + "\n" + more;
    }

    private static End end(Outcome outcome) {
        return switch (outcome) {
            case PASS -> End.PASSED;
            case FAIL, CAPABILITY_LIE, STALE_WAIVER -> End.FAILURE;
            case ERROR, CRASH, TIMEOUT -> End.ERROR;
            case UNSUPPORTED, NOT_RUN, WAIVED, INCONCLUSIVE -> End.SKIPPED;
        };
    }

    private void totals(List<Test> tests) throws XMLStreamException {
        attribute("tests", "" + tests.size());
        attribute("failures", "" + count(tests, End.FAILURE));
        attribute("errors", "" + count(tests, End.ERROR));
        attribute("skipped", "" + count(tests, End.SKIPPED));
        attribute("time", seconds(tests.stream().mapToDouble(Test::milliseconds).sum()));
    }

    private static long count(List<Test> tests, End end) {
        return tests.stream().filter(test -> test.end() == end).count();
    }

    private void write(Test test) throws XMLStreamException {
        line();
        xml.writeStartElement("testcase");
        attribute("name", test.name());
        attribute("classname", test.className());
        attribute("time", seconds(test.milliseconds()));
        switch (test.end()) {
            case PASSED -> {}
            case FAILURE -> broken("failure", test);
            case ERROR -> broken("error", test);
            case SKIPPED -> {
                xml.writeStartElement("skipped");
                attribute("message", (test.type() + ": " + test.text()).strip());
                xml.writeEndElement();
            }
        }
        xml.writeEndElement();
    }

    private void broken(String element, Test test) throws XMLStreamException {
        xml.writeStartElement(element);
        attribute("type", test.type());
        attribute("message", test.text().lines().findFirst().orElse(test.type()));
        xml.writeCharacters(legal(test.text() + "\nreproduce: " + test.reproduce()));
        xml.writeEndElement();
    }

    private void attribute(String name, String value) throws XMLStreamException {
        xml.writeAttribute(name, legal(value));
    }

    private void line() throws XMLStreamException {
        xml.writeCharacters("\n");
    }

    private static String seconds(double milliseconds) {
        return String.format(Locale.ROOT, "%.3f", milliseconds / 1000);
    }

    /// The text with the characters that XML 1.0 cannot hold replaced.
    static String legal(String text) {
        StringBuilder legal = new StringBuilder();
        text.codePoints()
                .map(c -> c == '\t'
                                || c == '\n'
                                || c == '\r'
                                || (c >= ' ' && c <= 0xd7ff)
                                || (c >= 0xe000 && c <= 0xfffd)
                                || c >= 0x10000
                        ? c
                        : 0xfffd)
                .forEach(legal::appendCodePoint);
        return legal.toString();
    }
}
