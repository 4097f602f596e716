package dev.assay.report.render;

import java.util.Locale;

/// Coordinates for SVG.
///
/// The drawings are written here and not by a chart library: their colours must follow the style sheet into the dark
/// and onto paper, their bars the width of the page, and the page must not need a script to be read. XChart draws
/// through AWT with fixed colours; uPlot and ECharts draw on a canvas at run time.
final class Drawing {
    private Drawing() {}

    /// A coordinate, a hundredth being finer than any screen.
    static String number(double value) {
        String text = String.format(Locale.ROOT, "%.2f", value);
        return text.contains(".") ? text.replaceFirst("\\.?0+$", "") : text;
    }

    /// A share of the width as percentage, within 0 and 100.
    static String width(double share) {
        return number(100 * Math.clamp(share, 0, 1)) + "%";
    }

    /// An axis whose values are powers of ten apart.
    ///
    /// @param low value at `from`
    /// @param high value at `to`
    /// @param from coordinate
    /// @param to coordinate
    record LogAxis(double low, double high, double from, double to) {
        /// The coordinate of a value; those that lie outside, are 0 or are not finite stand at the end that is
        /// nearer.
        double at(double value) {
            double clamped = Double.isNaN(value) ? high : Math.clamp(value, low, high);
            return from + (to - from) * Math.log(clamped / low) / Math.log(high / low);
        }
    }
}
