package dev.assay.report.render;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import javax.xml.XMLConstants;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.transform.dom.DOMSource;
import javax.xml.validation.Schema;
import javax.xml.validation.SchemaFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;
import org.xml.sax.SAXException;

class JunitReportTest {
    private static Schema schema;

    @BeforeAll
    static void readSchema() throws SAXException {
        schema = SchemaFactory.newInstance(XMLConstants.W3C_XML_SCHEMA_NS_URI)
                .newSchema(
                        Objects.requireNonNull(JunitReportTest.class.getResource("/schema/surefire-test-report.xsd")));
    }

    /// Surefire writes a file for each suite, so that its schema knows no `testsuites` around them.
    private static void validate(String xml) throws Exception {
        Element root = parse(xml).getDocumentElement();
        assertThat(root.getTagName()).isEqualTo("testsuites");
        List<Element> suites = children(root);
        assertThat(suites).isNotEmpty();
        for (Element suite : suites) {
            schema.newValidator().validate(new DOMSource(suite));
        }
    }

    private static List<Element> children(Element parent) {
        List<Element> elements = new ArrayList<>();
        for (Node child = parent.getFirstChild(); child != null; child = child.getNextSibling()) {
            if (child instanceof Element element) {
                elements.add(element);
            }
        }
        return elements;
    }

    private static Document parse(String xml) throws Exception {
        return DocumentBuilderFactory.newDefaultInstance()
                .newDocumentBuilder()
                .parse(new InputSource(new StringReader(xml)));
    }

    @ParameterizedTest
    @EnumSource(Reports.class)
    void isValid(Reports of) throws Exception {
        validate(JunitReport.render(of.report()));
    }

    @Test
    void theSchemaRefusesWhatIsBroken() {
        String xml = JunitReport.render(Reports.MIXED.report());
        assertThatThrownBy(() -> validate(xml.replace("<failure", "<fail").replace("</failure", "</fail")))
                .isInstanceOf(SAXException.class);
        assertThatThrownBy(() -> validate(xml.replace("classname=", "class="))).isInstanceOf(SAXException.class);
        assertThatThrownBy(() -> validate(xml.replaceAll("timestamp=\"[^T]*", "timestamp=\"today")))
                .isInstanceOf(SAXException.class);
    }

    /// Ant's format, the oldest, refuses a zone and a fraction.
    @ParameterizedTest
    @EnumSource(Reports.class)
    void timesHaveNoZone(Reports of) throws Exception {
        for (Element suite : children(parse(JunitReport.render(of.report())).getDocumentElement())) {
            assertThat(suite.getAttribute("timestamp")).matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d");
        }
    }

    /// The totals are those of the elements, at both levels.
    @ParameterizedTest
    @EnumSource(Reports.class)
    void countsRight(Reports of) throws Exception {
        Element root = parse(JunitReport.render(of.report())).getDocumentElement();
        counted(root);
        children(root).forEach(JunitReportTest::counted);
    }

    private static void counted(Element suite) {
        assertThat(suite.getAttribute("tests")).isEqualTo(count(suite, "testcase"));
        assertThat(suite.getAttribute("failures")).isEqualTo(count(suite, "failure"));
        assertThat(suite.getAttribute("errors")).isEqualTo(count(suite, "error"));
        assertThat(suite.getAttribute("skipped")).isEqualTo(count(suite, "skipped"));
    }

    private static String count(Element suite, String element) {
        return "" + suite.getElementsByTagName(element).getLength();
    }

    @Test
    void keepsOutcomesApart() throws Exception {
        String xml = JunitReport.render(Reports.MIXED.report());
        assertThat(xml)
                .contains(
                        "type=\"CAPABILITY_LIE\"",
                        "type=\"CRASH\"",
                        "type=\"FAULT\"",
                        "message=\"UNSUPPORTED: because\"",
                        "message=\"INCONCLUSIVE: because\"",
                        "reproduce: ./assay verify --engine reference --case qwen3-base");
    }

    @Test
    void textsOfEnginesStayTexts() throws Exception {
        Document document = parse(JunitReport.render(Reports.HOSTILE.report()));
        assertThat(document.getElementsByTagName("script").getLength()).isZero();
        assertThat(document.getDocumentElement().getTextContent())
                .contains("<script>alert(1)</script>", "]]>", "reproduce: =\"'>");
    }

    @Test
    void onlyASlowdownThatNobodyExplainedIsAFailure() throws Exception {
        Element root = parse(JunitReport.render(Reports.COMPARED.report())).getDocumentElement();
        List<String> failed = new ArrayList<>();
        NodeList failures = root.getElementsByTagName("failure");
        for (int i = 0; i < failures.getLength(); i++) {
            failed.add(((Element) failures.item(i).getParentNode()).getAttribute("name"));
        }
        assertThat(failed).containsExactly("vector decode", "vector decode: history");
        assertThat(root.getElementsByTagName("skipped").getLength()).isEqualTo(1);
    }
}
