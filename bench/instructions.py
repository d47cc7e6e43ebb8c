#!/usr/bin/env python3
"""Instructions per item, counted by valgrind's callgrind: machines are noisy, counts are not.

    bench/instructions.sh [--workload=DIR] [--native] [--json]
        what this compiler (CXX, or g++) makes of ehlo, with -O3, and with -march=native if asked for (without AVX-512)
    bench/instructions.sh --check
        the guard: fails if a count is more than 3 % over the one kept in instructions.json
    bench/instructions.sh --update
        keeps the counts of now
    bench/instructions.sh --self-test
        whether the guard would see a row that got 4 % slower

--check and --update are about CXX if it is set, and else about g++ and clang++-19; each with -O3 and with
-O3 -march=x86-64-v3 (AVX2). What could make counts differ from machine to machine is held fast: valgrind shows every
program the same processor, if the real one has AVX2; the environment is empty, so that the stack begins at the same place;
and glibc's memcpy may not use `rep movsb`, which counts as one instruction for each octet. Counts of another version of
the compiler, of glibc or of valgrind are not compared.
"""
import argparse, concurrent.futures, json, os, platform, re, shutil, subprocess, sys, tempfile, time
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCES = sorted(HERE.glob("work/*.cpp"))
KEPT = HERE / "instructions.json"
TOLERANCE = 0.03
GUARDED = [], ["-march=x86-64-v3"]
# valgrind does not know AVX-512.
NATIVE = ["-march=native"] + ["-mno-avx512f"] * (" avx512f " in Path("/proc/cpuinfo").read_text())
NOT_COMPARED = 77


def run(*command, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}:\n{done.stdout}{done.stderr}")
    return done.stdout


def compiler_version(cxx):
    return f"{Path(cxx).name.split('-')[0]} {run(cxx, '-dumpfullversion', '-dumpversion').strip()}"


def build(source, cxx, flags, program, *libraries, driver="-O3", works=None):
    """A program of all of work/, or of those files that are named, each by itself, and of one more, whose optimisation is `driver`.
    That is the last: of an inline function that both have, the linker takes the first."""
    jobs = [(path, "-O3") for path in SOURCES if works is None or path.stem in works] + [(HERE / source, driver)]
    objects = [f"{program}.{path.stem}.o" for path, _ in jobs]
    options = ["-std=c++20", "-DNDEBUG", *flags, "-I", HERE.parent / "include"]
    if "clang" in cxx:   # it makes the same of a header that is compiled before, in less time; GCC takes more
        header = HERE.parent / "include/ehlo/ehlo.hpp"
        run(cxx, *options, "-O3", "-x", "c++-header", header, "-o", f"{program}.pch")
        options += ["-include-pch", f"{program}.pch"]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda job, to: run(cxx, *options, job[1], "-c", job[0], "-o", to), jobs, objects))
    run(cxx, *objects, "-o", program, *libraries)


def counted(source, cxx, flags, arguments=(), works=None):
    """Runs a program under callgrind: the lines it prints, and the counts of its calls of count_pass() in their order."""
    with tempfile.TemporaryDirectory() as folder:
        build(source, cxx, flags, Path(folder, "count"), driver="-O1", works=works)  # what it does itself is not counted, and takes long to compile
        environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LD_BIND_NOW": "1",
                       "GLIBC_TUNABLES": "glibc.cpu.x86_rep_movsb_threshold=0x7fffffff:"
                                         "glibc.cpu.x86_rep_stosb_threshold=0x7fffffff"}
        # The counts begin anew each time that counted_passes is left; the file of its n-th call is out.n.
        lines = run("valgrind", "--tool=callgrind", "--toggle-collect=counted_passes", "--dump-after=counted_passes",
                    "--callgrind-out-file=out", "./count", *arguments, cwd=folder, env=environment).split("\n")[:-1]
        files = sorted(Path(folder).glob("out.*"), key=lambda path: int(path.suffix[1:]))
        totals = [int(re.search(r"^totals: (\d+)", file.read_text(), re.M)[1]) for file in files]
        return lines, [twice - once for once, twice in zip(totals[::2], totals[1::2])]


def count(cxx, flags, workload=None):
    """Instructions per item of each row, in the order of the program."""
    arguments = [f"--workload={Path(workload).resolve()}"] if workload else []
    lines, passes = counted("instructions.cpp", cxx, flags, arguments)
    counts = {}
    for line, work, loop in zip(lines, passes[::2], passes[1::2], strict=True):
        name, items = line.split()
        counts[name] = float(f"{(work - loop) / int(items):.5g}")
    return counts


def environment():
    return f"glibc {platform.libc_ver()[1]}, {run('valgrind', '--version').strip()}"


def compare(kept, now, where):
    """The lines to print, and how many rows are worse."""
    lines, worse = [], 0
    for name in kept.keys() | now.keys():
        if name not in kept or name not in now:
            lines.append(f"{where}: {name} is {'new' if name in now else 'gone'}: --update")
            worse += 1
        elif now[name] > kept[name] * (1 + TOLERANCE):
            lines.append(f"WORSE: {where}: {name}: {kept[name]} -> {now[name]} instructions, {now[name] / kept[name] - 1:+.1%}")
            worse += 1
        elif now[name] < kept[name] * (1 - TOLERANCE):
            lines.append(f"better: {where}: {name}: {kept[name]} -> {now[name]} instructions, "
                         f"{now[name] / kept[name] - 1:+.1%}: --update keeps it so")
    return sorted(lines), worse


def self_test():
    kept = json.loads(KEPT.read_text())["counts"]
    failed = 0
    for where, counts in kept.items():
        for name in counts:
            slower, noise, quicker = (compare(counts, counts | {name: counts[name] * factor}, where)
                                      for factor in (1.04, 1.02, 0.96))
            right = (slower[1] == 1 and f"WORSE: {where}: {name}:" in slower[0][0] and noise == ([], 0)
                     and quicker[1] == 0 and "better" in quicker[0][0])
            if not right:
                failed += 1
                print(f"FAILED: the guard is blind to {name} of {where}")
    print(f"{sum(map(len, kept.values())) - failed} passed, {failed} failed")
    return failed > 0 or not kept


def counts_of(compilers):
    jobs = [(cxx, flags) for cxx in compilers for flags in GUARDED]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:  # valgrind runs one thread at a time
        return dict(zip([" ".join([compiler_version(cxx), "-O3", *flags]) for cxx, flags in jobs], pool.map(lambda job: count(*job), jobs)))


def update(compilers):
    kept = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    old = kept.get("counts", {}) if kept.get("environment") == environment() else {}
    counts = {**old, **counts_of(compilers)}
    KEPT.write_text(json.dumps({"environment": environment(), "date": time.strftime("%Y-%m-%d"), "counts": counts}, indent=1) + "\n")
    print(f"{KEPT.name}: {', '.join(counts)}")


def check(compilers):
    kept = json.loads(KEPT.read_text())
    if kept["environment"] != environment():
        print(f"not compared: the counts kept are of {kept['environment']}, this is {environment()}")
        return NOT_COMPARED
    known = {name.split(" -O3")[0] for name in kept["counts"]}
    for cxx in compilers[:]:
        version = compiler_version(cxx) if shutil.which(cxx) else f"{cxx}, which is not here"
        if version not in known:
            print(f"not compared: no counts are kept of {version}, only of {', '.join(sorted(known))}")
            compilers.remove(cxx)
    if not compilers:
        return NOT_COMPARED
    passed = failed = 0
    for where, now in counts_of(compilers).items():
        lines, worse = compare(kept["counts"].get(where, {}), now, where)
        print("\n".join(lines) if lines else f"{where}: {len(now)} counts as they were")
        failed += worse
        passed += len(now) - worse
    print(f"{passed} passed, {failed} failed")
    return failed > 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workload", metavar="DIR", help="read W1 to W4 from there instead of making them")
    parser.add_argument("--native", action="store_true", help="-march=native")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    modes = parser.add_mutually_exclusive_group()
    for mode in "check", "update", "self-test":
        modes.add_argument(f"--{mode}", action="store_true")
    options = parser.parse_args()
    if options.self_test:
        return self_test()
    if options.check or options.update:
        if " avx2 " not in Path("/proc/cpuinfo").read_text():
            print("not compared: without AVX2 valgrind shows another processor, and glibc takes other ways")
            return NOT_COMPARED
        compilers = [os.environ["CXX"]] if os.environ.get("CXX") else ["g++", "clang++-19"]
        return check(compilers) if options.check else update(compilers)
    counts = count(os.environ.get("CXX") or "g++", NATIVE if options.native else [], options.workload)
    if options.json:
        print(json.dumps(counts))
    else:
        for name, n in counts.items():
            print(f"{name:36} {n:12g}")


if __name__ == "__main__":
    sys.exit(main())
