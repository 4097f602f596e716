package dev.assay.report.certificate;

/// A certificate does not hold: it was changed after it was signed, or another key signed it.
public final class CertificateException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public CertificateException(String message) {
        super(message);
    }
}
