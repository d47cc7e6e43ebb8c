// LMTP (RFC 2033): the server machine as in session.cpp, with a reply for each recipient.
#include "server_oracle.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size > 8192) return 0;
    fuzz::current = fuzz::as_text(data, size);
    fuzz::check_servers(fuzz::current, "L", {"", "yc", "opl"});
    return 0;
}
