# An overlay port, of the tree that it lies in: vcpkg install ehlo --overlay-ports=.github/packaging/vcpkg
set(VCPKG_BUILD_TYPE release) # headers, and a source that is compiled into the program
get_filename_component(SOURCE_PATH "${CMAKE_CURRENT_LIST_DIR}/../../../.." ABSOLUTE)

vcpkg_cmake_configure(SOURCE_PATH "${SOURCE_PATH}" OPTIONS -DEHLO_TESTS=OFF -DEHLO_EXAMPLES=OFF)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(CONFIG_PATH share/cmake/ehlo)
vcpkg_fixup_pkgconfig()
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
