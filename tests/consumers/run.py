#!/usr/bin/env python3
"""Uses ehlo as another project would: run.py KIND WORK_DIRECTORY

Gets the library in the way KIND names, builds main.cpp against it with warnings as errors, runs it, and compares the
version it prints with version.hpp. So it does with main.c, but only once for each build system, for the C interface takes long
to compile; elsewhere its source must be found. Exits 77 when a tool that this kind needs is missing.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PACKAGING = ROOT / ".github/packaging"
WORK = pathlib.Path(sys.argv[2]).resolve()
CMAKE = os.environ.get("CMAKE", "cmake")
CC = os.environ.get("CC", "cc")
CXX = os.environ.get("CXX", "c++")
VERSION = re.search(r' version = "(.+?)"', (ROOT / "include/ehlo/version.hpp").read_text())[1]


def headers_of(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


HEADERS = headers_of(ROOT / "include/ehlo")
WARNINGS = "-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Werror"

os.environ["CXXFLAGS"] = os.environ.get("CXXFLAGS", "") + " " + WARNINGS
if shutil.which("ninja"):
    os.environ["CMAKE_GENERATOR"] = "Ninja"


def run(*command, cwd=None):
    command = [str(c) for c in command]
    print("$", " ".join(command), flush=True)
    done = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
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


def build(c, *command):
    """Names what to build to the command, and runs it; `c`: with the C interface."""
    programs = ["consumer", *["consumer_c"] * c]
    quiet(run(*command, *programs))
    check(*(WORK / "build" / p for p in programs))


def with_cmake(kind, *options, c=False):
    quiet(run(CMAKE, "-S", HERE, "-B", WORK / "build", f"-DKIND={kind}", "--warn-uninitialized", *options))
    build(c, CMAKE, "--build", WORK / "build", "--target")


def with_pkg_config(prefix, include, c=False):
    os.environ["PKG_CONFIG_PATH"] = str(prefix / "share/pkgconfig")
    flags = run("pkg-config", "--cflags", "ehlo").split()
    if [f"-I{include}"] != [os.path.normpath(f) for f in flags]:
        sys.exit(f"expected -I{include}")
    if run("pkg-config", "--modversion", "ehlo").strip() != VERSION:
        sys.exit(f"expected version {VERSION}")
    headers = headers_of(include / "ehlo")
    if headers != HEADERS:
        sys.exit(f"installed {headers}, not {HEADERS}")
    run(CXX, "-std=c++20", *os.environ["CXXFLAGS"].split(), *flags, HERE / "main.cpp", "-o", WORK / "consumer")
    check(WORK / "consumer")
    source = run("pkg-config", "--variable=c_source", "ehlo").strip()
    if not os.path.samefile(source, include / "ehlo/ehlo_c.cpp"):
        sys.exit(f"c_source is {source}")
    if not c:
        return
    run(CXX, "-std=c++20", *os.environ["CXXFLAGS"].split(), *flags, "-c", source, "-o", WORK / "ehlo_c.o")
    run(CC, "-std=c99", *flags, "-c", HERE / "main.c", "-o", WORK / "main_c.o")
    run(CXX, *os.environ["CXXFLAGS"].split(), WORK / "main_c.o", WORK / "ehlo_c.o", "-o", WORK / "consumer_c")
    check(WORK / "consumer_c")


def with_find_package(prefix, c=False):
    with_cmake("find_package", f"-DCMAKE_PREFIX_PATH={prefix}", f"-DVERSION={VERSION}", c=c)


def find_package():
    with_find_package(installed())


def absolute_includedir():
    include = WORK / "elsewhere/include"
    prefix = installed(f"-DCMAKE_INSTALL_INCLUDEDIR={include}")
    with_find_package(prefix)
    if shutil.which("pkg-config"):
        with_pkg_config(prefix, include)


def relocated():
    with_find_package(moved(), c=True)


def add_subdirectory():
    with_cmake("add_subdirectory", f"-DEHLO={source()}", c=True)


def fetchcontent():
    with_cmake("fetchcontent", f"-DEHLO={source()}")


def module():
    """With the tools that are known to do modules."""
    for tool in ("ninja", "clang++-19", "clang-scan-deps-19"):
        need(tool)
    version = re.search(r"version (\d+)\.(\d+)", run(CMAKE, "--version"))
    if (int(version[1]), int(version[2])) < (3, 28):
        print(f"no modules in CMake {version[0]}")
        sys.exit(77)
    os.environ["CXX"] = "clang++-19"
    with_cmake("module", f"-DEHLO={source()}", "-DEHLO_MODULE=ON")


def pkg_config():
    need("pkg-config")
    prefix = moved()
    with_pkg_config(prefix, prefix / "include", c=True)


def with_meson(project, c=False):
    for name in ("main.cpp", "main.c", "meson.build"):
        shutil.copy(HERE / name, project)
    # The fallback even where some ehlo is installed.
    quiet(run("meson", "setup", "--wrap-mode=forcefallback", WORK / "build", project), "catch2", "benchmark", "python")
    build(c, "meson", "compile", "-C", WORK / "build")


def meson_subproject():
    need("meson")
    project = WORK / "project"
    (project / "subprojects").mkdir(parents=True)
    source().rename(project / "subprojects/ehlo")
    with_meson(project)


def meson_install():
    need("meson")
    need("pkg-config")
    prefix = WORK / "prefix"
    run("meson", "setup", "-Dauto_features=disabled", f"--prefix={prefix}", WORK / "build", source())
    run("meson", "install", "-C", WORK / "build")
    with_pkg_config(prefix, prefix / "include")


def debian():
    """The package that Debian's tools build, unpacked elsewhere."""
    need("dpkg-buildpackage")
    need("dh")
    copy = source().rename(WORK / f"ehlo-{VERSION}")
    shutil.copytree(PACKAGING / "debian", copy / "debian")
    os.environ.pop("CMAKE_GENERATOR", None)  # debhelper has its own
    run("dpkg-buildpackage", "--build=binary", "--unsigned-changes", "--no-pre-clean", "--no-check-builddeps", cwd=copy)
    package = WORK / f"libehlo-dev_{VERSION}-1_all.deb"
    root = WORK / "root"
    run("dpkg-deb", "--extract", package, root)
    headers = headers_of(root / "usr/include/ehlo")
    if headers != HEADERS:
        sys.exit(f"the package has {headers}, not {HEADERS}")
    with_find_package(root / "usr")


def meson_wrap():
    """As a wrap of an archive that was fetched before."""
    need("meson")
    project, name = WORK / "project", f"ehlo-{VERSION}"
    cache = project / "subprojects/packagecache"
    cache.mkdir(parents=True)
    archive = shutil.make_archive(cache / name, "gztar", source().rename(WORK / name).parent, name)
    wrap = run(sys.executable, PACKAGING / "wrap/make_wrap.py", archive, f"https://example.org/{name}.tar.gz")
    (project / "subprojects/ehlo.wrap").write_text(wrap)
    with_meson(project, c=True)


def recipes():
    """What cannot be tried here, for lack of the tools: at least they speak of this version, and can be read."""
    vcpkg = json.loads((PACKAGING / "vcpkg/ehlo/vcpkg.json").read_text())
    spack, conan = ((PACKAGING / f).read_text() for f in ("spack/package.py", "conan/conanfile.py"))
    changelog = (PACKAGING / "debian/changelog").read_text()
    for recipe, version in (("vcpkg", vcpkg["version"]), ("spack", re.search(r'version\("(.+?)"', spack)[1]),
                            ("debian", re.match(r"ehlo \((.+?)-1\)", changelog)[1])):
        if version != VERSION:
            sys.exit(f"{recipe} speaks of {version}, not of {VERSION}")
    for text in (spack, conan):
        compile(text, "recipe", "exec")
    pattern = re.search(r're.search\(r(.+?), text\)', conan)[1].strip("'")
    if re.search(pattern, (ROOT / "include/ehlo/version.hpp").read_text())[1] != VERSION:
        sys.exit("conan reads another version")


shutil.rmtree(WORK, ignore_errors=True)
WORK.mkdir(parents=True)
globals()[sys.argv[1]]()
