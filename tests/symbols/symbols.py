#!/usr/bin/env python3
"""What the objects of ehlo ask of a program, and what they share: symbols.py INCLUDE_DIRECTORY COMPILER [FLAG...]

1. Without exceptions and type information, use.cpp needs memcpy, memmove, memset, memcmp, memchr and strlen, and nothing else: no
   allocator, no exception, nothing of the standard library. On x86-64 also __cpu_model, which the compiler's own library sets at the
   start of a program: content asks it for AVX2. Where the compiler is told of AVX2, that is not needed either.
2. So does every function of every header, called or not (GCC can be told to keep them all).
3. Two objects of one program, compiled for two processors, share no code of ehlo, and run side by side.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
INCLUDE, COMPILER, FLAGS = (sys.argv[1], sys.argv[2], sys.argv[3:]) if len(sys.argv) > 2 else sys.exit(__doc__)
ALLOWED = {"memcpy", "memmove", "memset", "memcmp", "memchr", "strlen"}
ALLOWED |= {"bcmp"}  # what Clang makes of memcmp(...) == 0, where there is a C library that has it
SMALL = ["-Os", "-fno-exceptions", "-fno-rtti"]
LINKER = {"_GLOBAL_OFFSET_TABLE_"}
OPT_IN = {"std_error.hpp", "format.hpp"}  # they are there for the standard library
faults = []


def out_of(*command):
    p = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    if p.returncode != 0:
        sys.exit(f"{' '.join(command)}:\n{p.stdout}")
    return p.stdout


def compile(source, name, *flags):
    target = os.path.join(work, name)
    out_of(COMPILER, *FLAGS, "-std=c++20", f"-I{INCLUDE}", *flags, "-c", str(source), "-o", target)
    return target


def undefined(target):
    return {line.split()[-1] for line in out_of("nm", "-u", target).splitlines() if line.strip()} - LINKER


def use(name, dispatches, *flags):
    """The object, after a look at what it asks for."""
    target = compile(HERE / "use.cpp", f"{name}.o", *SMALL, f"-DUSE=use_{name}", *flags)
    found = undefined(target)
    print(f"{name}: {' '.join(sorted(found))}")
    if not found:
        faults.append(f"{name}: nothing is undefined: that is no use of ehlo")
    faults.extend(f"{name} asks for {symbol}" for symbol in sorted(found - ALLOWED - ({"__cpu_model"} if dispatches else set())))
    return target


def functions_ask_for_little():
    """Follows what each function of ehlo refers to, through all that is not ehlo's."""
    source = pathlib.Path(work) / "all.cpp"
    headers = sorted(p.relative_to(pathlib.Path(INCLUDE, "ehlo")).as_posix() for p in pathlib.Path(INCLUDE, "ehlo").rglob("*.hpp") if p.name not in OPT_IN)
    source.write_text("".join(f"#include <ehlo/{h}>\n" for h in headers))
    target = compile(source, "all.o", *SMALL, "-ffunction-sections", "-fdata-sections", "-fkeep-inline-functions")
    section_of, asked, section = {}, {}, None
    for line in out_of("objdump", "-t", target).splitlines():
        if m := re.match(r"[0-9a-f]+ .{7} (\S+)\t[0-9a-f]+ +(?:\.hidden )?(\S+)$", line):
            section_of[m[2]] = m[1]
    for line in out_of("objdump", "-r", target).splitlines():
        if m := re.match(r"RELOCATION RECORDS FOR \[(.+)\]:", line):
            section = m[1]
        elif m := re.match(r"[0-9a-f]+ R_\S+ +(\S+?)(?:[-+]0x[0-9a-f]+)?$", line):
            asked.setdefault(section, set()).add(m[1])
    roots = [s for s in set(section_of.values()) if re.match(r"\.text\.(?:\w+\.)?_ZZ?NK?4ehlo", s)]
    if len(roots) < 500:
        sys.exit(f"only {len(roots)} functions of ehlo were kept")
    allowed = ALLOWED | LINKER | ({"__cpu_model"} if X86_64 else set())
    for root in roots:
        todo, seen = [(root, ())], {root}
        while todo:
            section, way = todo.pop()
            for name in asked.get(section, ()):
                to = section_of.get(name, name)
                if to == "*UND*":
                    if name not in allowed:
                        faults.append(f"{root} asks for {name}" + "".join(f", by {w}" for w in way))
                elif to not in seen:
                    seen.add(to)
                    todo.append((to, (*way, to)))
    print(f"{len(roots)} functions of {len(headers)} headers")


def objects_share_nothing(*objects):
    code = []
    for target in objects:
        lines = (re.match(r"[0-9a-f]+ ([TWi]) (.*)", line) for line in out_of("nm", "-C", target).splitlines())
        code.append({m[2] for m in lines if m and "ehlo" in m[2]})
    print(f"{len(code[0])} and {len(code[1])} functions that the linker would make one of")
    if min(map(len, code)) < 50:
        faults.append(f"{len(code[0])} and {len(code[1])} functions of ehlo: too few to say anything")
    faults.extend(f"of both objects: {name}" for name in sorted(code[0] & code[1]))
    main = pathlib.Path(work) / "main.cpp"
    main.write_text(r"""
#include <cstddef>
#include <cstdio>
#include <string>
std::size_t use_plain(char const*, std::size_t);
std::size_t use_wide(char const*, std::size_t);
int main() {
    std::string in = "LHLO a\r\nEHLO client.example\r\nMAIL FROM:<ann@client.example> SIZE=9\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n";
    for (int i = 0; i < 200; ++i) in += std::string(static_cast<std::size_t>(i), i % 3 == 0 ? '.' : 'x') + "\r\n";
    in += "\r\n.\r\nQUIT\r\n";
    std::string const replies = "220 mx\r\n250-mx\r\n250 PIPELINING\r\n250 ok\r\n250 ok\r\n354 go\r\n250 ok\r\n221 bye\r\n";
    bool const wide = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2");
    std::size_t sum = 0;
    for (std::string const& text : {in, replies, std::string("<a@b>"), std::string()}) {
        std::size_t const plain = use_plain(text.data(), text.size());
        if (wide && plain != use_wide(text.data(), text.size())) return 1;
        sum += plain;
    }
    std::printf("%zu%s\n", sum, wide ? "" : ", and no AVX2 here");
    return sum < 1000;
}
""")
    program = os.path.join(work, "both")
    out_of(COMPILER, *FLAGS, "-std=c++20", str(main), *objects, "-o", program)
    p = subprocess.run([program], stdout=subprocess.PIPE, text=True)
    print(f"linked, they say {p.stdout.strip()}")
    if p.returncode != 0:
        faults.append(f"two objects in one program: exit status {p.returncode}: {p.stdout}")


# 64 bits on a machine of 32: the compiler's own library divides and counts.
TARGET = out_of(COMPILER, *FLAGS, "-dM", "-E", "-x", "c++", "/dev/null")
X86_64 = "#define __x86_64__ " in TARGET
if "#define __SIZEOF_POINTER__ 4" in TARGET:
    ALLOWED |= {f"__{what}" for what in "udivdi3 umoddi3 udivmoddi4 divdi3 moddi3 divmoddi4 muldi3 ctzdi2 clzdi2 popcountdi2 ashldi3 lshrdi3".split()}
with tempfile.TemporaryDirectory() as work:
    plain = use("plain", X86_64)
    if "clang" not in out_of(COMPILER, "--version"):
        functions_ask_for_little()
    if X86_64:
        objects_share_nothing(plain, use("wide", False, "-mavx2", "-mbmi2"))
for fault in faults[:40]:
    print("FAILED", fault)
print(f"{len(faults)} faults")
sys.exit(bool(faults))
