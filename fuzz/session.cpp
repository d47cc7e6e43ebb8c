// The server machine: whatever pieces the input comes in and whatever room there is, the same calls and the same replies.
#include "server.hpp"

using namespace ehlo;

namespace {

constexpr policy patient = [] {
    policy p;
    p.max_errors = 1000;
    return p;
}();
constexpr policy easy = [] {
    policy p;
    p.offers = extension::pipelining;
    p.bare = bare_octets::normalize;
    p.mail_modes = true;
    p.max_line = 512;
    p.grammar.tolerate = leniency::all();
    return p;
}();
constexpr policy passing = [] {
    policy p;
    p.bare = bare_octets::pass;
    p.max_message = 65536;
    p.max_recipients = 100;
    return p;
}();

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size > 8192) return 0;
    fuzz::current = fuzz::as_text(data, size);
    fuzz::check_server<patient>(fuzz::current);
    fuzz::check_server<easy>(fuzz::current);
    fuzz::check_server<passing>(fuzz::current);
    return 0;
}
