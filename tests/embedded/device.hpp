// What the programs of this folder ask of a device.
#pragma once

#include <cstddef>

// Octets of the connection. `receive` waits until there are some; 0: the connection is lost.
extern "C" std::size_t device_receive(char* to, std::size_t room) noexcept;
extern "C" bool device_send(char const* from, std::size_t size) noexcept;
// A flash file, or what a sensor says.
extern "C" std::size_t device_read(char* to, std::size_t room) noexcept;
extern "C" void device_store(char const* from, std::size_t size) noexcept;
// What the device is for: true if all went well.
extern "C" bool device_main() noexcept;
