"""Spack, of a tree that is there: spack repo add a repository with this as packages/ehlo/package.py, then
spack dev-build --source-path TREE ehlo@0.2.0"""
from spack.package import *


class Ehlo(CMakePackage):
    """SMTP for C++20 and C: parsers, writers and sessions; no allocation, no I/O."""

    license("BSL-1.0")

    version("0.2.0")

    depends_on("cmake@3.16:", type="build")
    depends_on("cxx", type="build")

    def cmake_args(self):
        return ["-DEHLO_TESTS=OFF", "-DEHLO_EXAMPLES=OFF"]
