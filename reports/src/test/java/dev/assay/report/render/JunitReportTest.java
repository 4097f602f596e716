package dev.assay.report.render;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;
import javax.xml.XMLConstants;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.transform.stream.StreamSource;
import javax.xml.validation.Schema;
import javax.xml.validation.SchemaFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;
import org.xml.sax.SAXException;

class JunitReportTest {
    /// What the schemas of Surefire and Jenkins, which no artifact holds, have in common and we use.
    private static final String XSD = """
            <xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
              <xs:element name="testsuites">
                <xs:complexType>
                  <xs:sequence><xs:element ref="testsuite" minOccurs="1" maxOccurs="unbounded"/></xs:sequence>
                  <xs:attributeGroup ref="totals"/>
                </xs:complexType>
              </xs:element>
              <xs:element name="testsuite">
                <xs:complexType>
                  <xs:sequence><xs:element ref="testcase" minOccurs="1" maxOccurs="unbounded"/></xs:sequence>
                  <xs:attributeGroup ref="totals"/>
                  <xs:attribute name="timestamp" type="zoneless"/>
                </xs:complexType>
              </xs:element>
              <xs:attributeGroup name="totals">
                <xs:attribute name="name" type="xs:string" use="required"/>
                <xs:attribute name="tests" type="xs:nonNegativeInteger" use="required"/>
                <xs:attribute name="failures" type="xs:nonNegativeInteger" use="required"/>
                <xs:attribute name="errors" type="xs:nonNegativeInteger" use="required"/>
                <xs:attribute name="skipped" type="xs:nonNegativeInteger" use="required"/>
                <xs:attribute name="time" type="xs:decimal" use="required"/>
              </xs:attributeGroup>
              <xs:simpleType name="zoneless">
                <xs:restriction base="xs:dateTime">
                  <xs:pattern value="\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d"/>
                </xs:restriction>
              </xs:simpleType>
              <xs:element name="testcase">
                <xs:complexType>
                  <xs:choice minOccurs="0">
                    <xs:element name="failure" type="broken"/>
                    <xs:element name="error" type="broken"/>
                    <xs:element name="skipped">
                      <xs:complexType><xs:attribute name="message" type="xs:string"/></xs:complexType>
                    </xs:element>
                  </xs:choice>
                  <xs:attribute name="name" type="xs:string" use="required"/>
                  <xs:attribute name="classname" type="xs:string" use="required"/>
                  <xs:attribute name="time" type="xs:decimal" use="required"/>
                </xs:complexType>
              </xs:element>
              <xs:complexType name="broken">
                <xs:simpleContent>
                  <xs:extension base="xs:string">
                    <xs:attribute name="type" type="xs:string" use="required"/>
                    <xs:attribute name="message" type="xs:string"/>
                  </xs:extension>
                </xs:simpleContent>
              </xs:complexType>
            </xs:schema>
            """;

    private static Schema schema() throws SAXException {
        return SchemaFactory.newInstance(XMLConstants.W3C_XML_SCHEMA_NS_URI)
                .newSchema(new StreamSource(new StringReader(XSD)));
    }

    private static void validate(String xml) throws Exception {
        schema().newValidator().validate(new StreamSource(new StringReader(xml)));
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
    }

    /// The totals are those of the elements, at both levels.
    @ParameterizedTest
    @EnumSource(Reports.class)
    void countsRight(Reports of) throws Exception {
        Element root = parse(JunitReport.render(of.report())).getDocumentElement();
        counted(root);
        NodeList suites = root.getElementsByTagName("testsuite");
        assertThat(suites.getLength()).isPositive();
        for (int i = 0; i < suites.getLength(); i++) {
            counted((Element) suites.item(i));
        }
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
