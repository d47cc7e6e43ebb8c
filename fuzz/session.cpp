// The server machine: whatever pieces the input comes in and whatever room there is, the same calls and the same replies, and
// those that the RFCs allow. An input is as server.hpp says.
#include "server_oracle.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size > 8192) return 0;
    fuzz::current = fuzz::as_text(data, size);
    fuzz::check_servers(fuzz::current, "", {"", "yc", "olnw", "tapy"});
    return 0;
}
