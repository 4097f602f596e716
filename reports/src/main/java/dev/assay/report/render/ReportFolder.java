package dev.assay.report.render;

import dev.assay.report.AtomicFile;
import dev.assay.report.Report;
import dev.assay.report.ReportException;
import dev.assay.report.ReportJson;
import java.nio.file.Path;

/// A folder with a report in every form that there is: `report.json`, and beside it what is made of it.
///
/// | file | for |
/// |---|---|
/// | `report.json` | programs; the others hold nothing that is not in it |
/// | `report.html` | people |
/// | `report.md` | a pull request, or the summary of a build |
/// | `junit.xml` | build servers |
/// | `report.sarif` | code scanning |
/// | `report.csv` | spreadsheets and notebooks |
public final class ReportFolder {
    private ReportFolder() {}

    /// Writes every file, each of them whole or not at all, `report.json` first.
    ///
    /// @throws ReportException if one cannot be written
    public static void write(Report report, Path folder) {
        ReportJson.write(report, folder.resolve("report.json"));
        AtomicFile.write(folder.resolve("report.html"), HtmlReport.render(report));
        AtomicFile.write(folder.resolve("report.md"), MarkdownReport.render(report));
        AtomicFile.write(folder.resolve("junit.xml"), JunitReport.render(report));
        AtomicFile.write(folder.resolve("report.sarif"), SarifReport.render(report));
        AtomicFile.write(folder.resolve("report.csv"), CsvReport.render(report));
    }
}
