package dev.assay.architecture;

import static com.tngtech.archunit.base.DescribedPredicate.alwaysTrue;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.GeneralCodingRules.ACCESS_STANDARD_STREAMS;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Who may use whom, and what the reference must not do. Checked on the classes of every module.
class ArchitectureTest {
    private static final String ENGINE_API = "engine-api";
    private static final String REFERENCE = "reference-impl";
    private static final String PLAN = "execution-plan";
    private static final String VECTOR = "vector-impl";
    private static final String CUDA = "cuda-impl";
    private static final String GOLDEN = "golden-outputs";
    private static final String CONFORMANCE = "conformance-tests";
    private static final String MUTANTS = "mutants";
    private static final String PERF = "perf-suite";
    private static final String KERNELS = "kernel-benchmarks";
    private static final String REPORTS = "reports";
    private static final String ADAPTERS = "adapters";
    private static final String CLI = "cli";

    private static final Path ROOT = Files.exists(Path.of("engine-api")) ? Path.of("") : Path.of("..");

    private static final JavaClasses MAIN = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("dev.assay");

    private static final JavaClasses MAIN_AND_OFFENDERS = new ClassFileImporter().importPackages("dev.assay");

    /// Rules of which the offenders among the tests break each one.
    static Stream<ArchRule> rules() {
        return Stream.of(
                layeredArchitecture()
                        .consideringOnlyDependenciesInLayers()
                        .layer(ENGINE_API)
                        .definedBy("dev.assay.engine..", "dev.assay.config..", "dev.assay.checkpoint..")
                        .layer(REFERENCE)
                        .definedBy("dev.assay.reference..")
                        .layer(GOLDEN)
                        .definedBy("dev.assay.golden..")
                        .layer(CONFORMANCE)
                        .definedBy("dev.assay.conformance..")
                        .layer(MUTANTS)
                        .definedBy("dev.assay.mutants..")
                        .layer(REPORTS)
                        .definedBy("dev.assay.report..")
                        .layer(CLI)
                        .definedBy("dev.assay.cli..")
                        .layer(PERF)
                        .definedBy("dev.assay.perf..")
                        .layer(KERNELS)
                        .definedBy("dev.assay.kernels..")
                        // Optional: modules to come. modulesAreSeen() fails if one has code that is not seen.
                        .optionalLayer(PLAN)
                        .definedBy("dev.assay.plan..")
                        .optionalLayer(VECTOR)
                        .definedBy("dev.assay.vector..")
                        .optionalLayer(CUDA)
                        .definedBy("dev.assay.cuda..")
                        .optionalLayer(ADAPTERS)
                        .definedBy("dev.assay.adapter..")
                        .whereLayer(ENGINE_API)
                        .mayNotAccessAnyLayer()
                        .whereLayer(REPORTS)
                        .mayNotAccessAnyLayer()
                        .whereLayer(REFERENCE)
                        .mayOnlyAccessLayers(ENGINE_API)
                        .whereLayer(PLAN)
                        .mayOnlyAccessLayers(ENGINE_API)
                        .whereLayer(GOLDEN)
                        .mayOnlyAccessLayers(ENGINE_API)
                        .whereLayer(ADAPTERS)
                        .mayOnlyAccessLayers(ENGINE_API)
                        .whereLayer(VECTOR)
                        .mayOnlyAccessLayers(ENGINE_API, PLAN)
                        .whereLayer(CUDA)
                        .mayOnlyAccessLayers(ENGINE_API, PLAN)
                        .whereLayer(CONFORMANCE)
                        .mayOnlyAccessLayers(ENGINE_API, GOLDEN, REPORTS)
                        .whereLayer(MUTANTS)
                        .mayOnlyAccessLayers(ENGINE_API, PLAN, GOLDEN, CONFORMANCE, REPORTS)
                        .whereLayer(PERF)
                        .mayOnlyAccessLayers(ENGINE_API, PLAN, REPORTS)
                        .whereLayer(KERNELS)
                        .mayOnlyAccessLayers(ENGINE_API, PLAN, REPORTS, PERF, VECTOR, REFERENCE)
                        .as("modules use only the modules that docs/decisions/0001 lets them use")
                        .because("an engine that shares code with what judges it cannot be judged by it"),
                classes()
                        .should()
                        .resideInAnyPackage(
                                "dev.assay.engine..",
                                "dev.assay.config..",
                                "dev.assay.checkpoint..",
                                "dev.assay.reference..",
                                "dev.assay.plan..",
                                "dev.assay.vector..",
                                "dev.assay.cuda..",
                                "dev.assay.golden..",
                                "dev.assay.conformance..",
                                "dev.assay.mutants..",
                                "dev.assay.perf..",
                                "dev.assay.kernels..",
                                "dev.assay.report..",
                                "dev.assay.adapter..",
                                "dev.assay.cli..")
                        .because("a package outside every module escapes the rule about modules"),
                slices().matching("dev.assay.reference.(*)..")
                        .should()
                        .notDependOnEachOther()
                        .ignoreDependency(
                                alwaysTrue(),
                                resideInAnyPackage(
                                        "dev.assay.reference.math..",
                                        "dev.assay.reference.cache..",
                                        "dev.assay.reference.decoder.."))
                        .because("one architecture must be readable, and wrong, without another"),
                noClasses()
                        .that(resideInAPackage("dev.assay.reference.*.."))
                        .should()
                        .dependOnClassesThat(areEngineApiBesidesTaps())
                        .because("the arithmetic of an architecture knows no sessions, options or capabilities"),
                noClasses()
                        .that()
                        .resideInAPackage("dev.assay.reference..")
                        .should()
                        .callMethod(Math.class, "fma", double.class, double.class, double.class)
                        .orShould()
                        .callMethod(Math.class, "fma", float.class, float.class, float.class)
                        .because("the reference rounds products and sums as its numeric contract says, not fused"),
                noClasses()
                        .that()
                        .resideInAPackage("dev.assay.reference..")
                        .should()
                        .dependOnClassesThat()
                        .resideInAnyPackage("java.util.stream..", "java.lang.foreign..", "jdk.incubator..")
                        .because("the reference is plain loops whose order of summation can be read off"),
                noClasses()
                        .that()
                        .resideInAPackage("dev.assay.reference..")
                        .should()
                        .dependOnClassesThat()
                        .resideInAPackage("java.util.concurrent..")
                        .orShould()
                        .dependOnClassesThat()
                        .belongToAnyOf(Thread.class, ThreadLocal.class)
                        .because("the reference has one thread and no state but its cache"),
                noClasses()
                        .that()
                        .resideOutsideOfPackage("dev.assay.cli..")
                        .and()
                        .doNotHaveFullyQualifiedName("dev.assay.adapter.stdio.Host")
                        .should(ACCESS_STANDARD_STREAMS)
                        .because("only the command and the host of an engine print; a library returns or throws"),
                slices().matching("dev.assay.(**)")
                        .should()
                        .beFreeOfCycles()
                        .because("packages that need each other are one package"));
    }

    /// Rules about modules that have no code yet, or about code that no test can offend against.
    static Stream<ArchRule> rulesForLater() {
        return Stream.of(
                noClasses()
                        .that()
                        .resideOutsideOfPackages("dev.assay.vector.kernel..", "dev.assay.perf.ceiling..")
                        .should()
                        .dependOnClassesThat()
                        .resideInAPackage("jdk.incubator.vector..")
                        .because("vectors stay inside one method of a kernel: one that escapes is boxed"),
                noClasses()
                        .that()
                        .resideOutsideOfPackages("dev.assay.cuda.driver..", "dev.assay.cuda.device..")
                        .should()
                        .dependOnClassesThat()
                        .haveFullyQualifiedName("java.lang.foreign.Linker")
                        .because("native calls have one place"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource({"rules", "rulesForLater"})
    void theCodeKeepsTheRule(ArchRule rule) {
        rule.check(MAIN);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("rules")
    void theRuleFindsAnOffender(ArchRule rule) {
        assertThatThrownBy(() -> rule.check(MAIN_AND_OFFENDERS))
                .isInstanceOf(AssertionError.class)
                .hasMessageMatching("(?s).*(forbidden\\.Forbidden|nowhere\\.Homeless|reference\\.forbidden).*");
    }

    /// The rules would hold of an empty import: every class file of every module must be in it.
    @ParameterizedTest
    @MethodSource("modulesOfTheCommand")
    void modulesAreSeen(String module) throws IOException {
        long sources = sources(ROOT.resolve(module)).size();
        long seen = MAIN.stream()
                .filter(type -> type.isTopLevelClass() && !type.getSimpleName().equals("package-info"))
                // file:/.../engine-api/target/classes/... or jar:file:/.../engine-api/target/engine-api.jar!/...
                .filter(type ->
                        type.getSource().orElseThrow().getUri().toString().contains("/" + module + "/"))
                .count();

        assertThat(seen).as("classes of %s in the import", module).isPositive().isGreaterThanOrEqualTo(sources);
    }

    /// ArchUnit sees byte code, where every try-with-resources catches Throwable: this one reads the sources.
    @ParameterizedTest
    @MethodSource("modules")
    void nobodyCatchesThrowable(String module) throws IOException {
        Pattern catchAll = Pattern.compile("catch\\s*\\([^)]*\\bThrowable\\b");
        for (Path source : sources(ROOT.resolve(module))) {
            assertThat(catchAll.matcher(Files.readString(source)).find())
                    .as("%s catches Throwable, which hides a broken JVM behind a result", source)
                    .isFalse();
        }
    }

    /// Adapters of third-party engines run in processes of their own and are not on this class path, so their
    /// sources are read: an adapter knows the engine interface and its own package.
    @ParameterizedTest
    @MethodSource("hostedAdapters")
    void adaptersKnowTheEngineInterfaceOnly(String module) throws IOException {
        String own = "dev.assay.adapter." + module.substring(ADAPTERS.length() + 1);
        Pattern ours = Pattern.compile("\\bdev\\.assay\\.[a-z0-9.]+");
        List<Path> sources = sources(ROOT.resolve(module));
        assertThat(sources).isNotEmpty();
        for (Path source : sources) {
            assertThat(ours.matcher(Files.readString(source)).results().map(MatchResult::group))
                    .as("%s", source)
                    .allMatch(name -> Stream.of("dev.assay.engine", "dev.assay.config", "dev.assay.checkpoint", own)
                            .anyMatch(allowed -> name.equals(allowed) || name.startsWith(allowed + ".")));
        }
    }

    /// Adapters that run in processes of their own: those with options for that JVM.
    static List<String> hostedAdapters() throws IOException {
        return modules().stream()
                .filter(module -> Files.exists(ROOT.resolve(module).resolve("jvm.args")))
                .toList();
    }

    static List<String> modulesOfTheCommand() throws IOException {
        List<String> modules = new ArrayList<>(modules());
        modules.removeAll(hostedAdapters());
        return modules;
    }

    /// The modules in the root POM.
    static List<String> modules() throws IOException {
        List<String> modules = Pattern.compile("<module>([^<]+)</module>")
                .matcher(Files.readString(ROOT.resolve("pom.xml")))
                .results()
                .map((MatchResult match) -> match.group(1))
                .toList();
        assertThat(modules).contains(ENGINE_API, REFERENCE, GOLDEN, CONFORMANCE, REPORTS, CLI);
        return modules;
    }

    private static List<Path> sources(Path module) throws IOException {
        try (Stream<Path> files = Files.walk(module.resolve("src/main/java"))) {
            return files.filter(file -> file.toString().endsWith(".java"))
                    .filter(file -> !file.endsWith("package-info.java") && !file.endsWith("module-info.java"))
                    .toList();
        }
    }

    private static DescribedPredicate<JavaClass> areEngineApiBesidesTaps() {
        return resideInAPackage("dev.assay.engine..")
                .and(DescribedPredicate.not(JavaClass.Predicates.simpleNameStartingWith("Tap")))
                .as("are the engine interface, besides taps");
    }
}
