package dev.assay.conformance.suite;

/// How much of the suite is run.
public enum Profile {
    /// The required rules.
    CORE {
        @Override
        public boolean includes(Rule rule) {
            return rule.kind() == Rule.Kind.REQUIRED;
        }
    },
    /// Every rule.
    FULL {
        @Override
        public boolean includes(Rule rule) {
            return true;
        }
    };

    /// Whether a rule is run.
    public abstract boolean includes(Rule rule);
}
