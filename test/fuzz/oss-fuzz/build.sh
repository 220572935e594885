#!/bin/bash -eu
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Builds all fuzz targets for OSS-Fuzz, which sets SRC, OUT, CC, CXX, CFLAGS, CXXFLAGS and
# LIB_FUZZING_ENGINE; the sources are in $SRC/holdover. For each target there are in $OUT: the
# program, its seeds (NAME_seed_corpus.zip), NAME.options, and NAME.dict if it has a dictionary. The
# libraries go with them, because GnuTLS needs one that distributions have only as a shared library.

cd "$SRC/holdover"
./configure --enable-scfilter --enable-debug --enable-ntp-signd
# Behind our own flags, so that those of OSS-Fuzz count. Its sanitizers do not go with fortified calls.
# shellcheck disable=SC2016  # $ORIGIN is for the loader
make -j"$(nproc)" B=build/fuzz CC="$CC" sanitizer="$CFLAGS" FUZZER= hardening= \
    FUZZING_ENGINE="$LIB_FUZZING_ENGINE" FUZZ_LD="$CXX $CXXFLAGS" \
    LDFLAGS='-Wl,--disable-new-dtags,-rpath,'\''$$ORIGIN/lib'\''' fuzz-programs

mkdir -p "$OUT/lib"
cp build/fuzz/targets/* "$OUT/"
# All but the libraries of C and of the compiler, which the machine that runs them has.
for program in build/fuzz/targets/*; do
    ldd "$program" | sed -n 's/.* => \(\/[^ ]*\) .*/\1/p'
done | sort -u | grep -Ev '/(libc|libm|libdl|libpthread|librt|libresolv|libgcc_s|libstdc\+\+)\.so' |
    xargs cp -Lt "$OUT/lib"
test/fuzz/oss-fuzz/seeds "$OUT"
