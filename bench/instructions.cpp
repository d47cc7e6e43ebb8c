// Instructions for each item: run by bench/instructions.sh under valgrind's callgrind. Two passes are counted for each line
// that is printed, that of the row and that of its empty loop; the number is that of the items in a pass.
//
//     ehlo_instructions [--workload=DIR]
#include "counted.hpp"
#include "rows.hpp"

#include <cstdio>
#include <cstdlib>
#include <exception>

namespace {

// What is printed for each row, and guarded: a key, its row, and whether a unit is an octet instead of an item.
struct figure {
    char const* key;
    char const* row;
    bool for_each_octet = false;
};
constexpr figure figures[] = {
    {"command", "command"},
    {"path", "path"},
    {"reply", "reply"},
    {"capabilities", "capabilities"},
    {"content_per_octet", "content_decode/text", true},
    {"session", "session"},
    {"client_session", "client_session"},
    {"ehlo_answer", "ehlo_answer"},
    {"command_lines", "command_lines"},
    {"command_split", "command_split"},
    {"command_write", "command_write"},
    {"reply_write", "reply_write"},
    {"capabilities_write", "capabilities_write"},
    {"content_base64_per_octet", "content_decode/base64", true},
    {"content_dotted_per_octet", "content_decode/dotted", true},
    {"content_only_dots_per_octet", "content_decode/only-dots", true},
    {"content_bare_per_octet", "content_decode/bare", true},
    {"content_spans_per_octet", "content_spans/text", true},
    {"content_encode_per_octet", "content_encode/text", true},
    {"content_encode_only_dots_per_octet", "content_encode/only-dots", true},
    {"content_by_octets_per_octet", "content_by_octets", true},
    {"command_lines_by_octets", "command_lines_by_octets"},
    {"reply_by_octets", "reply_by_octets"},
    {"session_noop", "session_noop"},
    {"observed_session", "observed_session"},
    {"observed_commands_per_octet", "observed_commands", true},
    {"observed_replies_per_octet", "observed_replies", true},
    {"observed_content_per_octet", "observed_content", true},
    {"base64_encode_per_octet", "base64_encode", true},
    {"base64_decode_per_octet", "base64_decode", true},
    {"xtext_encode", "xtext_encode"},
    {"xtext_decode", "xtext_decode"},
};

}  // namespace

int main(int argc, char** argv) try {
    std::string folder;
    for (int i = 1; i < argc; ++i) {
        std::string_view const argument = argv[i];
        if (!argument.starts_with("--workload=")) {
            std::fprintf(stderr, "what is %s?\n", argv[i]);
            return 2;
        }
        folder = argument.substr(11);
    }
    bench::inputs in(folder);
    auto const rows = bench::all_rows();
    for (figure const& f : figures) {
        bench::row r{};
        for (auto const& e : rows)
            if (e.name == f.row) r = e.make(in);
        if (!r.pass) {
            std::fprintf(stderr, "no row %s\n", f.row);
            return 1;
        }
        if (!r.loop) r.loop = [] {};
        bench::count_pass(r.pass);
        bench::count_pass(r.loop);
        std::printf("%s %zu\n", f.key, f.for_each_octet ? r.octets : r.items);
    }
} catch (std::exception const& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
}
