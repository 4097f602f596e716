#!/usr/bin/env bash
# Compiles src/main/cuda to the PTX in src/main/resources, and assembles that of compute capability 9.0 to cubins. Needs
# nvcc and ptxas of CUDA 13, and nothing of a GPU.
#
# nvcc writes the newest version of PTX, which older drivers refuse; what the kernels use is in older ones. So the header
# is rewritten to the oldest version that has it: 7.4 (drivers for CUDA 11.4) for sm_75, 8.1 (CUDA 12.1) for sm_90 and
# sm_90a, which are wide.cu and rounded.cu alone; a hint that these versions do not know is left out, and so is a hash of
# the working folder in names. ptxas assembles the result; what it makes of sm_75 is a check, and not kept.
#
# The first line of each PTX file records the sources, cubin/SHA256SUMS each cubin with the PTX that it was assembled
# from. A test compares both.
set -euo pipefail
cd "$(dirname "$0")"

readonly sources=src/main/cuda
readonly out=src/main/resources/dev/assay/cuda

rm -rf "$out/cubin"
for source in "$sources"/*.cu; do
    name=$(basename "$source" .cu)
    case $name in
        wide | rounded) targets=90a:8.1 ;;
        *) targets='75:7.4 90:8.1' ;;
    esac
    for target in $targets; do
        sm=sm_${target%:*}
        version=${target#*:}
        mkdir -p "$out/ptx/$sm"
        ptx=$out/ptx/$sm/$name.ptx
        raw=$(mktemp)
        nvcc -std=c++17 -O3 -arch="${sm/sm/compute}" -ptx -diag-suppress 177 -o "$raw" "$source"
        {
            printf '// sources %s\n' "$(cat "$sources"/*.h "$source" | sha256sum | cut -d' ' -f1)"
            sed -e '/^\/\//d' -e '/^$/d' -e "s/^\.version .*/.version $version/" \
                -e '/\.pragma "used_bytes_mask/d' -e 's/_INTERNAL_[0-9a-f]\{8\}_/_INTERNAL_00000000_/g' "$raw"
        } >"$ptx"
        ptxas -arch="$sm" -o "$raw" "$ptx"
        if [[ $sm != sm_75 ]]; then
            mkdir -p "$out/cubin/$sm"
            gzip -9 -n <"$raw" >"$out/cubin/$sm/$name.cubin.gz"
            (cd "$out/cubin" && sha256sum "../ptx/$sm/$name.ptx" "$sm/$name.cubin.gz" >>SHA256SUMS)
        fi
        rm "$raw"
    done
done
