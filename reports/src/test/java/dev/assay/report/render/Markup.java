package dev.assay.report.render;

import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Pattern;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

/// Reads pages to test them.
final class Markup {
    /// Style and script are ours and no XML.
    static final Pattern OWN = Pattern.compile("(?s)<(style|script)>(.*?)</\\1>");

    private Markup() {}

    /// The page as XML: the templates close all that they open, so that whatever does not parse came from a text.
    static Document parse(String html) throws Exception {
        String xml = OWN.matcher(html).replaceAll("").replace("<!DOCTYPE html>", "");
        return DocumentBuilderFactory.newDefaultInstance()
                .newDocumentBuilder()
                .parse(new InputSource(new StringReader(JunitReport.legal(xml))));
    }

    static List<Element> elements(Document page) {
        return elements(page.getDocumentElement(), "*");
    }

    static List<Element> elements(Element in, String tag) {
        NodeList nodes = in.getElementsByTagName(tag);
        List<Element> elements = new ArrayList<>();
        for (int i = 0; i < nodes.getLength(); i++) {
            elements.add((Element) nodes.item(i));
        }
        return elements;
    }

    static String text(Document page) {
        return page.getDocumentElement().getTextContent();
    }

    /// What a page allows the browser that has no address and allows no other style and script than its own.
    static String closedPolicy(String html) throws Exception {
        StringBuilder policy = new StringBuilder("default-src 'none'; base-uri 'none'; form-action 'none'");
        MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
        OWN.matcher(html).results().forEach(own -> {
            byte[] digest = sha256.digest(own.group(2).getBytes(StandardCharsets.UTF_8));
            policy.append("; ")
                    .append(own.group(1))
                    .append("-src 'sha256-")
                    .append(Base64.getEncoder().encodeToString(digest))
                    .append("'");
        });
        return policy.toString();
    }

    /// What the page says that it allows.
    static String policy(String html) throws Exception {
        return elements(parse(html)).stream()
                .filter(element -> element.getAttribute("http-equiv").equals("Content-Security-Policy"))
                .map(element -> element.getAttribute("content"))
                .findFirst()
                .orElseThrow();
    }
}
