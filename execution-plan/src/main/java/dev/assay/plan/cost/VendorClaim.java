package dev.assay.plan.cost;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What the vendor of a model says of its size, in the vendor's words.
///
/// @param total as `671B`
/// @param active as `37B`; empty where nothing is said
public record VendorClaim(String total, String active) {
    private static final BigDecimal BILLION = BigDecimal.valueOf(1_000_000_000);

    private static final Pattern BILLIONS = Pattern.compile("(\\d+(?:\\.\\d+)?)B");

    /// Conventions by which the claimed active parameters come out: those whose count, in billions, rounds to the
    /// first number claimed at as many decimals; or, where none does, those whose further decimals are cut off to
    /// it.
    public List<ActiveConvention> matching(ParameterCount parameters) {
        Matcher matcher = BILLIONS.matcher(active);
        if (!matcher.find()) {
            return List.of();
        }
        var claimed = new BigDecimal(matcher.group(1));
        List<ActiveConvention> rounded = matching(parameters, claimed, RoundingMode.HALF_UP);
        return rounded.isEmpty() ? matching(parameters, claimed, RoundingMode.DOWN) : rounded;
    }

    private static List<ActiveConvention> matching(
            ParameterCount parameters, BigDecimal claimed, RoundingMode rounding) {
        List<ActiveConvention> matching = new ArrayList<>();
        for (ActiveConvention convention : ActiveConvention.values()) {
            BigDecimal billions =
                    BigDecimal.valueOf(parameters.active(convention)).divide(BILLION);
            if (billions.setScale(claimed.scale(), rounding).compareTo(claimed) == 0) {
                matching.add(convention);
            }
        }
        return List.copyOf(matching);
    }
}
