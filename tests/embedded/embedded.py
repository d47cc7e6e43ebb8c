#!/usr/bin/env python3
"""Programs for a Cortex-M4, without exceptions, type information and operating system: what they ask for, how large they are, that they run.

    embedded.py            compiles them; fails if one asks for more than ASKED, holds what is NOT_OFFERED, is 1 % larger than sizes.json
                           says, or does not do its work
    embedded.py --write    the same, and writes the sizes to sizes.json
    embedded.py --list     and prints what takes most
    embedded.py --wasm     that they run as WebAssembly (clang++-19, WASI, node)

A size is that of code and tables of ehlo and the program: what the linker keeps, without the C library. They run under qemu-arm, where it is.
"""
import json
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
INCLUDE = HERE.parent.parent / "include"
SIZES = HERE / "sizes.json"
GCC = "arm-none-eabi-g++"
FLAGS = ("-std=c++20 -Os -mcpu=cortex-m4 -mthumb -fno-exceptions -fno-rtti -fno-threadsafe-statics -ffunction-sections -fdata-sections "
         "-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Werror").split()
WASM_FLAGS = [f for f in FLAGS if not f.startswith("-m") and "-sections" not in f]
RUN_WASM = """
const { WASI } = require("wasi"), wasi = new WASI({ version: "preview1", returnOnExit: true });
const program = new WebAssembly.Module(require("fs").readFileSync(process.argv[1]));
process.exit(wasi.start(new WebAssembly.Instance(program, { wasi_snapshot_preview1: wasi.wasiImport })));
"""
# Of the C library, of the compiler's own (64 bits on a machine of 32), and of the device.
ASKED = set("memcpy memmove memset memcmp memchr strlen __aeabi_ldivmod __aeabi_uldivmod __aeabi_lmul __ctzdi2 __clzdi2 __popcountdi2 "
            "__popcountsi2 device_receive device_send device_read device_store".split())
# What reads the parameters and verbs that the server does not offer. A policy that is known when it is compiled has nothing of them.
NOT_OFFERED = ("parse_ret parse_envid parse_auth parse_auth_identity parse_by parse_holdfor parse_holduntil parse_mt_priority parse_mtrk parse_solicit "
               "parse_submitter parse_transid parse_notify parse_orcpt parse_rrvs parse_alt_address parse_xtext find_conflict parse_burl "
               "parse_etrn parse_atrn parse_xclient").split()
REPORT = "Subject: 21.5 degrees\r\n\r\n..5 more than yesterday\r\n.\r\n"
EHLO = "250-mx\r\n250-8BITMIME\r\n250-SIZE 100000\r\n250 AUTH PLAIN\r\n"
# What it is told each time it has said that (or replied with that code); then what it stored.
CLIENT = [("MAIL FROM:<sensor@example.org>\r\n", "250 ok\r\n"), ("RCPT TO:<reports@example.org>\r\n", "250 ok\r\n"), ("DATA\r\n", "354 go\r\n"),
          (REPORT, "250-2.0.0 taken\r\n250 2.0.0 as 1\r\n"), ("QUIT\r\n", "221 bye\r\n")]
PROGRAMS = {
    "reply": ([("", "250-half\r\n"), ("", "250 ok\r\n")], ""),
    "mail_client": ([("", "220 mx\r\n"), ("EHLO [192.0.2.7]\r\n", EHLO), *CLIENT], ""),
    "submission": ([("", "220 mx\r\n"), ("EHLO [192.0.2.7]\r\n", EHLO), ("AUTH PLAIN AHNlbnNvcgBzZWNyZXQ=\r\n", "235 2.7.0 in\r\n"), *CLIENT], ""),
    "server": ([("220", "EHLO me.example\r\n"), ("250", "MAIL FROM:<ann@me.example>\r\n"), ("250", "RCPT TO:<bob@example.org>\r\n"),
                ("550", "RCPT TO:<bob@Device.Example.org>\r\n"), ("250", "DATA\r\n"), ("354", "a line\r\n..a dot\r\n.\r\n"), ("250", "QUIT\r\n"),
                ("221", "")], "a line\r\n.a dot\r\n"),
}
faults = []
signal.alarm(120)  # a program that says too little is waited for


def out_of(*command):
    p = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if p.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}:\n{p.stdout}")
    return p.stdout


def kept(name, work):
    """What the linker keeps of a program, as one object."""
    one, all_ = work / f"{name}.o", work / f"{name}.kept.o"
    out_of(GCC, *FLAGS, f"-I{INCLUDE}", "-c", HERE / f"{name}.cpp", "-o", one)
    out_of("arm-none-eabi-ld", "-r", "--gc-sections", "-e", "device_main", one, "-o", all_)
    return all_


def sections(target):
    """{name: size} of what takes room."""
    found = {}
    for line in out_of("arm-none-eabi-objdump", "-h", "-w", target).splitlines():
        if m := re.match(r" *\d+ (\S+) +([0-9a-f]{8}) .*\bALLOC\b", line):
            found[m[1]] = found.get(m[1], 0) + int(m[2], 16)
    return found


def cortex_m4(name, work):
    """The command that runs the program. QEMU 7.2 cannot start one as a Cortex-M4; what that executes, the processors with an MMU do, too."""
    program = work / name
    flags = [f for f in FLAGS if f != "-Wpedantic"]
    out_of(GCC, *flags, "-fno-builtin", "-fno-tree-loop-distribute-patterns", "-c", HERE / "device.cpp", "-o", work / "device.o")
    out_of(GCC, *FLAGS, "-nostdlib", work / "device.o", work / f"{name}.kept.o", "-lgcc", "-o", program)
    return ["qemu-arm", "-cpu", "max", program]


def wasm(name, work):
    program = work / f"{name}.wasm"
    out_of("clang++-19", "--target=wasm32-wasi", *WASM_FLAGS, f"-I{INCLUDE}", HERE / "device.cpp", HERE / f"{name}.cpp", "-o", program)
    return ["node", "--no-warnings", "-e", RUN_WASM, program]


def run(name, command):
    """The dialogue of PROGRAMS: how many octets the program said."""
    script, stored = PROGRAMS[name]
    p = subprocess.Popen([str(c) for c in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0)
    said = 0
    for wants, tells in script:
        pattern = wants + r"(-.*\r\n" + wants + r")* .*\r\n" if wants.isdigit() else re.escape(wants)
        heard = b""
        while not re.fullmatch(pattern.encode(), heard) and (octets := p.stdout.read(4096)):
            heard += octets
        said += len(heard)
        if not re.fullmatch(pattern.encode(), heard):
            faults.append(f"{name} said {heard}, not {wants!r}")
            break
        p.stdin.write(tells.encode())
    p.stdin.close()
    p.stdin = None
    rest, errors = p.communicate(timeout=60)
    if p.returncode != 0 or rest or errors.decode() != stored:
        faults.append(f"{name}: exit status {p.returncode}, said {rest} last, stored {errors}")
    return said


def end():
    print(*(f"FAILED {f}" for f in faults), sep="\n", end="\n" if faults else "")
    print(f"{len(faults)} faults")
    sys.exit(bool(faults))


def main():
    if set(sys.argv[1:]) - {"--write", "--list", "--wasm"}:
        sys.exit(__doc__)
    if "--wasm" in sys.argv:
        with tempfile.TemporaryDirectory() as folder:
            for name in PROGRAMS:
                print(f"{name}: ran and said {run(name, wasm(name, pathlib.Path(folder)))} octets")
        return end()
    if not shutil.which(GCC):
        print(f"no {GCC}")
        sys.exit(77)
    version = out_of(GCC, "-dumpfullversion").strip()
    gate = json.loads(SIZES.read_text()) if SIZES.exists() else {}
    sizes = {}
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        for name in PROGRAMS:
            target = kept(name, work)
            taken = sections(target)
            sizes[name] = sum(taken.values())
            asked = {line.split()[-1] for line in out_of("arm-none-eabi-nm", "-u", target).splitlines()}
            faults.extend(f"{name} asks for {symbol}" for symbol in sorted(asked - ASKED))
            if "device_receive" not in asked:
                faults.append(f"{name} does not ask for device_receive: that is no program of a device")
            if name == "server":
                held = set(re.findall(r"\w+(?=\()", out_of("arm-none-eabi-nm", "-C", target)))
                faults.extend(f"{name} holds {symbol}" for symbol in sorted(held & set(NOT_OFFERED)))
                if "parse_bdat" not in held:
                    faults.append(f"{name}: names of functions are not found")   # what any server reads, to know where its octets end
            ran = f", ran and said {run(name, cortex_m4(name, work))} octets" if shutil.which("qemu-arm") else ""
            print(f"{name}: {sizes[name]} octets{ran}; asks for {' '.join(sorted(asked))}")
            if "--list" in sys.argv:
                for section, size in sorted(taken.items(), key=lambda s: -s[1])[:25]:
                    print(f"  {size:6} {out_of('c++filt', section.split('.', 2)[-1]).strip()[:150]}")
    if "--write" in sys.argv:
        SIZES.write_text(json.dumps({"compiler": version, "sizes": sizes}, indent=1) + "\n")
    elif version != gate["compiler"]:
        print(f"sizes.json is of GCC {gate['compiler']}, this is {version}: nothing to compare with")
    else:
        for name, size in sizes.items():
            was = gate["sizes"].get(name, 0)
            if size > 1.01 * was:
                faults.append(f"{name} has grown from {was} to {size} octets")
            elif size < 0.99 * was:
                print(f"{name} is down from {was} to {size} octets: --write keeps it so")
        faults.extend(f"there is no {name}" for name in gate["sizes"].keys() - sizes.keys())
    end()


main()
