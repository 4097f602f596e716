package dev.assay.report.render;

import java.util.List;
import java.util.OptionalLong;

/// What is counted of a model from its configuration.
///
/// @param parameters of the whole model
/// @param active of these, what one token uses, without the input embedding
/// @param cacheBytes of one sequence at each context of the line-up; empty where the model does not reach it or no plan
/// of
///     it is made
/// @param vendor what its maker says, empty if nothing
/// @param counted whether we counted; else the figures are others' counts
public record ModelFacts(
        String name,
        String architecture,
        long parameters,
        long active,
        List<OptionalLong> cacheBytes,
        String vendor,
        boolean counted) {
    public ModelFacts {
        if (active < 1 || active > parameters) {
            throw new IllegalArgumentException(name + ": " + active + " of " + parameters + " parameters active");
        }
        cacheBytes = List.copyOf(cacheBytes);
    }
}
