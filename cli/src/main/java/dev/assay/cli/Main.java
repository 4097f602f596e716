package dev.assay.cli;

/// The `assay` command.
final class Main {
    private Main() {}

    public static void main(String[] args) {
        System.out.println(args.length == 1 && args[0].equals("--version") ? "assay 0.1.0-SNAPSHOT" : "nothing yet");
    }
}
