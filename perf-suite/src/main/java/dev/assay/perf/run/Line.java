package dev.assay.perf.run;

import java.util.List;
import java.util.Optional;
import org.apache.commons.statistics.distribution.TDistribution;

/// Seconds over work, by least squares: through the origin where all points have the same work, else with an intercept
/// (Draper and Smith, *Applied Regression Analysis*, 3rd edition, sections 1.2 to 1.4).
///
/// @param intercept seconds
/// @param slope seconds for each unit of work, above 0
/// @param meanWork of the points
/// @param spreadOfWork sum of the squared distances from the mean; 0 where the line goes through the origin
/// @param variance of the points about the line
/// @param freedom degrees of it, at least 1
/// @param points their number
record Line(
        double intercept,
        double slope,
        double meanWork,
        double spreadOfWork,
        double variance,
        int freedom,
        int points) {
    private static final double CONFIDENCE = 0.95;

    /// Seconds at some work, with the ends of their 95 % confidence interval, all above 0.
    record At(Line line, double value, double low, double high) {}

    /// The line; nothing if there are too few points to tell how far they scatter, or it does not rise.
    static Optional<Line> through(List<Point> points) {
        int n = points.size();
        double meanWork = points.stream().mapToDouble(Point::work).average().orElseThrow();
        double meanSeconds =
                points.stream().mapToDouble(Point::seconds).average().orElseThrow();
        double squares = 0;
        double products = 0;
        for (Point point : points) {
            squares += (point.work() - meanWork) * (point.work() - meanWork);
            products += (point.work() - meanWork) * (point.seconds() - meanSeconds);
        }
        boolean one = points.stream().mapToDouble(Point::work).distinct().count() == 1;
        double slope = one ? meanSeconds / meanWork : products / squares;
        double intercept = one ? 0 : meanSeconds - slope * meanWork;
        int freedom = one ? n - 1 : n - 2;
        if (freedom < 1 || !(slope > 0)) {
            return Optional.empty();
        }
        double residuals = 0;
        for (Point point : points) {
            double residual = point.seconds() - intercept - slope * point.work();
            residuals += residual * residual;
        }
        return Optional.of(new Line(intercept, slope, meanWork, one ? 0 : squares, residuals / freedom, freedom, n));
    }

    /// The mean seconds at that work; nothing if their interval reaches down to 0.
    Optional<At> at(double work) {
        double value = intercept + slope * work;
        double distance = work - meanWork;
        double deviation = spreadOfWork == 0
                ? Math.sqrt(variance / points) * work / meanWork
                : Math.sqrt(variance * (1.0 / points + distance * distance / spreadOfWork));
        double half = deviation * TDistribution.of(freedom).inverseCumulativeProbability((1 + CONFIDENCE) / 2);
        return value - half > 0 ? Optional.of(new At(this, value, value - half, value + half)) : Optional.empty();
    }
}
