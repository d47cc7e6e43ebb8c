"""Conan 2, of the tree that it lies in: conan create .github/packaging/conan"""
import os
import re

from conan import ConanFile
from conan.tools.cmake import CMake, CMakeToolchain, cmake_layout
from conan.tools.files import copy, load


class Ehlo(ConanFile):
    name = "ehlo"
    license = "BSL-1.0"
    description = "SMTP for C++20 and C: parsers, writers and sessions; no allocation, no I/O"
    package_type = "header-library"
    settings = "os", "compiler", "build_type", "arch"
    no_copy_source = True

    def root(self):
        return os.path.join(self.recipe_folder, "..", "..", "..")

    def set_version(self):
        text = load(self, os.path.join(self.root(), "include", "ehlo", "version.hpp"))
        self.version = re.search(r' version = "(.+?)"', text)[1]

    def export_sources(self):
        for pattern in ("include/*", "CMakeLists.txt", "LICENSE"):
            copy(self, pattern, self.root(), self.export_sources_folder)

    def layout(self):
        cmake_layout(self)

    def generate(self):
        toolchain = CMakeToolchain(self)
        toolchain.cache_variables.update(EHLO_TESTS=False, EHLO_EXAMPLES=False)
        toolchain.generate()

    def package(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.install()
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))

    def package_id(self):
        self.info.clear()

    def package_info(self):
        # The package's own ehlo-config.cmake has both targets, ehlo::ehlo and ehlo::c.
        self.cpp_info.set_property("cmake_find_mode", "none")
        self.cpp_info.builddirs = [os.path.join("share", "cmake", "ehlo")]
        self.cpp_info.bindirs = self.cpp_info.libdirs = []
