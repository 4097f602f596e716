#!/usr/bin/env bash
# Compiles src/main/cuda to the PTX in src/main/resources. Needs nvcc of CUDA 13, and nothing of a GPU.
#
# nvcc writes the newest version of PTX, which older drivers refuse; what the kernels use is in older ones. So the header
# is rewritten to the oldest version that has it: 7.4 (drivers for CUDA 11.4) for sm_75, 8.1 (CUDA 12.1) for sm_90 and
# sm_90a, which are wide.cu and rounded.cu alone; a hint that these versions do not know is left out, and ptxas, if it is
# there, assembles the result as a check.
#
# The first line of each file records the sources, which a test compares.
set -euo pipefail
cd "$(dirname "$0")"

readonly sources=src/main/cuda
readonly out=src/main/resources/dev/assay/cuda/ptx

for source in "$sources"/*.cu; do
    name=$(basename "$source" .cu)
    case $name in
        wide | rounded) targets=90a:8.1 ;;
        *) targets='75:7.4 90:8.1' ;;
    esac
    for target in $targets; do
        sm=${target%:*}
        version=${target#*:}
        mkdir -p "$out/sm_$sm"
        ptx=$out/sm_$sm/$name.ptx
        raw=$(mktemp)
        nvcc -std=c++17 -O3 -arch="compute_$sm" -ptx -diag-suppress 177 -o "$raw" "$source"
        {
            printf '// sources %s\n' "$(cat "$sources"/*.h "$source" | sha256sum | cut -d' ' -f1)"
            sed -e '/^\/\//d' -e '/^$/d' -e "s/^\.version .*/.version $version/" \
                -e '/\.pragma "used_bytes_mask/d' "$raw"
        } >"$ptx"
        rm "$raw"
        ! command -v ptxas >/dev/null || ptxas -arch="sm_$sm" -o /dev/null "$ptx"
    done
done
