#!/usr/bin/env python3
"""Uses ehlo as another project would: run.py KIND WORK_DIRECTORY

Gets the library in the way KIND names, builds main.cpp against it with warnings as errors, runs it, and compares the
version it prints with version.hpp. Exits 77 when a tool that this kind needs is missing.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
WORK = pathlib.Path(sys.argv[2]).resolve()
CMAKE = os.environ.get("CMAKE", "cmake")
CC = os.environ.get("CC", "cc")
CXX = os.environ.get("CXX", "c++")
VERSION = re.search(r' version = "(.+?)"', (ROOT / "include/ehlo/version.hpp").read_text())[1]
HEADERS = sorted(p.name for p in (ROOT / "include/ehlo").iterdir())
WARNINGS = "-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Werror"

os.environ["CXXFLAGS"] = os.environ.get("CXXFLAGS", "") + " " + WARNINGS
if shutil.which("ninja"):
    os.environ["CMAKE_GENERATOR"] = "Ninja"


def run(*command):
    command = [str(c) for c in command]
    print("$", " ".join(command), flush=True)
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    print(done.stdout, flush=True)
    if done.returncode != 0:
        sys.exit(f"failed with {done.returncode}")
    return done.stdout


def need(tool):
    if not shutil.which(tool):
        print(f"no {tool}")
        sys.exit(77)


def quiet(output, *words):
    for word in ("warning", "deprecat", *words):
        if word in output.lower():
            sys.exit(f"not quiet: {word}")


def check(*programs):
    for program in programs:
        printed = run(program).strip()
        if printed != VERSION:
            sys.exit(f"printed {printed}, not {VERSION}")


def source():
    """What a user of the source needs: the headers and a build file, and none of the tests."""
    copy = WORK / "source"
    shutil.copytree(ROOT / "include", copy / "include")
    for name in ("CMakeLists.txt", "meson.build"):
        shutil.copy(ROOT / name, copy)
    return copy


def installed(*options):
    prefix = WORK / "prefix"
    quiet(run(CMAKE, "-S", source(), "-B", WORK / "ehlo", f"-DCMAKE_INSTALL_PREFIX={prefix}", "--warn-uninitialized",
              "-DEHLO_TESTS=OFF", "-DEHLO_EXAMPLES=OFF", *options))
    run(CMAKE, "--install", WORK / "ehlo")
    return prefix


def moved():
    prefix = installed()
    other = prefix.rename(WORK / "moved")
    for path in other.rglob("*"):
        if path.is_file() and str(prefix) in path.read_text():
            sys.exit(f"{path} names the old prefix")
    return other


def with_cmake(kind, *options):
    quiet(run(CMAKE, "-S", HERE, "-B", WORK / "build", f"-DKIND={kind}", "--warn-uninitialized", *options))
    quiet(run(CMAKE, "--build", WORK / "build"))
    check(WORK / "build/consumer", WORK / "build/consumer_c")


def with_pkg_config(prefix, include):
    os.environ["PKG_CONFIG_PATH"] = str(prefix / "share/pkgconfig")
    flags = run("pkg-config", "--cflags", "ehlo").split()
    if [f"-I{include}"] != [os.path.normpath(f) for f in flags]:
        sys.exit(f"expected -I{include}")
    if run("pkg-config", "--modversion", "ehlo").strip() != VERSION:
        sys.exit(f"expected version {VERSION}")
    headers = sorted(p.name for p in (include / "ehlo").iterdir())
    if headers != HEADERS:
        sys.exit(f"installed {headers}, not {HEADERS}")
    run(CXX, "-std=c++20", *os.environ["CXXFLAGS"].split(), *flags, HERE / "main.cpp", "-o", WORK / "consumer")
    source = run("pkg-config", "--variable=c_source", "ehlo").strip()
    run(CXX, "-std=c++20", *os.environ["CXXFLAGS"].split(), *flags, "-c", source, "-o", WORK / "ehlo_c.o")
    run(CC, "-std=c99", *flags, "-c", HERE / "main.c", "-o", WORK / "main_c.o")
    run(CXX, *os.environ["CXXFLAGS"].split(), WORK / "main_c.o", WORK / "ehlo_c.o", "-o", WORK / "consumer_c")
    check(WORK / "consumer", WORK / "consumer_c")


def with_find_package(prefix):
    with_cmake("find_package", f"-DCMAKE_PREFIX_PATH={prefix}", f"-DVERSION={VERSION}")


def find_package():
    with_find_package(installed())


def absolute_includedir():
    include = WORK / "elsewhere/include"
    prefix = installed(f"-DCMAKE_INSTALL_INCLUDEDIR={include}")
    with_find_package(prefix)
    if shutil.which("pkg-config"):
        with_pkg_config(prefix, include)


def relocated():
    with_find_package(moved())


def add_subdirectory():
    with_cmake("add_subdirectory", f"-DEHLO={source()}")


def fetchcontent():
    with_cmake("fetchcontent", f"-DEHLO={source()}")


def pkg_config():
    need("pkg-config")
    prefix = moved()
    with_pkg_config(prefix, prefix / "include")


def meson_subproject():
    need("meson")
    project = WORK / "project"
    (project / "subprojects").mkdir(parents=True)
    for name in ("main.cpp", "main.c", "meson.build"):
        shutil.copy(HERE / name, project)
    source().rename(project / "subprojects/ehlo")
    # The fallback even where some ehlo is installed.
    quiet(run("meson", "setup", "--wrap-mode=forcefallback", WORK / "build", project), "catch2", "benchmark", "python")
    quiet(run("meson", "compile", "-C", WORK / "build"))
    check(WORK / "build/consumer", WORK / "build/consumer_c")


def meson_install():
    need("meson")
    need("pkg-config")
    prefix = WORK / "prefix"
    run("meson", "setup", "-Dauto_features=disabled", f"--prefix={prefix}", WORK / "build", source())
    run("meson", "install", "-C", WORK / "build")
    with_pkg_config(prefix, prefix / "include")


shutil.rmtree(WORK, ignore_errors=True)
WORK.mkdir(parents=True)
globals()[sys.argv[1]]()
