#!/bin/bash -eu
# Builds all targets as OSS-Fuzz wants them: CXX, CXXFLAGS, LIB_FUZZING_ENGINE and OUT are its own. Started in the folder of the project.
for source in fuzz/*.cpp; do
    name=$(basename "$source" .cpp)
    [ "$name" != replay ] || continue
    $CXX $CXXFLAGS -std=c++20 -Iinclude "$source" $LIB_FUZZING_ENGINE -o "$OUT/fuzz_$name"
    printf '[libfuzzer]\ndict = smtp.dict\nmax_len = 4096\n' >"$OUT/fuzz_$name.options"
done
cp fuzz/smtp.dict "$OUT/"
cases=$(mktemp -d)
python3 tests/cases.py --corpus "$cases"
python3 - "$cases" "$OUT" <<'END'
import pathlib, sys, zipfile
cases, out = map(pathlib.Path, sys.argv[1:])
for target in sorted(out.glob("fuzz_*.options")):
    name = target.stem.removeprefix("fuzz_")
    with zipfile.ZipFile(out / f"fuzz_{name}_seed_corpus.zip", "w") as corpus:
        for folder in pathlib.Path("fuzz/corpus", name), cases / name:
            for seed in sorted(folder.glob("*")) if folder.is_dir() else ():
                corpus.write(seed, f"{folder.parent.name}_{seed.name}")
END
rm -r "$cases"
