#!/usr/bin/env bash
# Runs what the templates run, one part after the other, and compares the merged report with that of a whole run.
#
#   deploy/dry-run.sh [PARTS] [verify options]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
parts=${1:-3}
[[ $# == 0 ]] || shift
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# 1 and 3 are verdicts; anything else is a fault.
judged() {
    local code=0
    "$@" >/dev/null || code=$?
    [[ $code == 0 || $code == 1 || $code == 3 ]] || exit "$code"
    printf '%s\n' "$code"
}

expected=$(judged ./assay verify "$@" --out "$folder/whole")
for part in $(seq "$parts"); do
    judged ./assay verify "$@" --shard "$part/$parts" --out "$folder/part-$part" >/dev/null
done
found=$(judged ./assay merge "$folder"/part-* --out "$folder/merged")

# Times and command lines are their own.
timeless() {
    sed -E '/"(milliseconds|started_at|command)" *:/d' "$1"
}
diff <(timeless "$folder/whole/report.json") <(timeless "$folder/merged/report.json")
[[ $expected == "$found" ]] || { echo "a whole run exits with $expected, the merged one with $found" >&2; exit 1; }
echo "the report of $parts parts equals that of a whole run, exit code $found"
