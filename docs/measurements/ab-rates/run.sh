#!/usr/bin/env bash
# How often `assay ab` is right about changes whose size is known.
#
#   JAVA_HOME=/path/to/jdk-25 docs/measurements/ab-rates/run.sh OUT REPETITIONS
#
# Each repetition compares three times: a program with one that does 5 % more work, with itself, and with itself while
# another program keeps a processor busy. Prints each table into OUT and a summary. Leave the machine alone meanwhile.
set -euo pipefail
out=$(mkdir -p "$1" && cd "$1" && pwd)
repetitions=$2
root=$(cd "$(dirname "$0")/../../.." && pwd)
assay=$root/assay

"$assay" bench --shape qwen3-0.6b --layers 1 --engine vector --prompt 8 --decode 8 --repetitions 1 --quick \
    --out "$out/template" >/dev/null
modules=$(ls -td "$root"/.assay/*-*/ | head -1)
run="$JAVA_HOME/bin/java -p $modules --add-modules dev.assay.report,tools.jackson.databind -cp $out/classes PlantedSlowdown $out/template {out}"
"$JAVA_HOME/bin/javac" -p "$modules" --add-modules dev.assay.report,tools.jackson.databind -d "$out/classes" \
    "$(dirname "$0")/PlantedSlowdown.java"

compare() { # name, units of the candidate, options of ab
    "$assay" ab "${@:3}" --baseline "$run 20" --candidate "$run $2" --out "$out/$1" >"$out/$1.txt" 2>&1 || true
    rm -rf "${out:?}/$1"
}
for ((i = 1; i <= repetitions; i++)); do
    compare "slower-$i" 21
    compare "same-$i" 20
    sh -c 'while :; do :; done' &
    compare "noisy-$i" 20 --blocks 2
    kill $!
    wait $! 2>/dev/null || true
done
for condition in slower same noisy; do
    for metric in prefill decode; do
        echo "$condition, $metric:" $(cat "$out/$condition"-*.txt | grep "$metric " | grep -oE 'SLOWER|FASTER|EQUIVALENT|INCONCLUSIVE' | sort | uniq -c)
    done
done | tee "$out/summary.txt"
