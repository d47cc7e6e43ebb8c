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
    std::string key, row;
    bool for_each_octet;
};

std::vector<figure> figures() {
    std::vector<figure> all;
    for (char const* item : {"command", "command_a_read", "command_lenient", "command_lines", "command_split", "command_lines_by_octets", "path",
                             "mail_write", "rcpt_write", "reply", "reply_with_lines", "reply_by_octets", "capabilities", "ehlo_answer",
                             "reply_write", "capabilities_write", "base64_encode_short", "base64_decode_short", "xtext_encode", "xtext_decode",
                             "server_noop", "server_hello", "server_mail", "server_rcpt", "server_bad_sequence", "server_bad_path",
                             "server_unknown_parameter", "server_unknown_verb", "client_mail", "client_rcpt", "session", "session_auth",
                             "session_login", "session_bdat", "session_lenient", "session_tolerated", "session_noop", "client_session",
                             "client_login", "client_bdat", "observed_session", "relayed_session"})
        all.push_back({item, item, false});
    for (auto const& kind : workload::rare_commands) {
        std::string const name = "command_" + std::string(kind.name);
        all.push_back({name, name, false});
    }
    auto octets = [&all](std::string const& key, std::string const& row) { all.push_back({key + "_per_octet", row, true}); };
    for (char const* row : {"content_by_octets", "base64_encode", "base64_decode", "observed_commands", "observed_replies", "observed_content",
                            "relayed_commands", "relayed_replies", "relayed_content"})
        octets(row, row);
    octets("content", "content_decode/text");
    octets("content_base64", "content_decode/base64");
    octets("content_dotted", "content_decode/dotted");
    octets("content_only_dots", "content_decode/only-dots");
    octets("content_bare", "content_decode/bare");
    octets("content_spans", "content_spans/text");
    octets("content_encode", "content_encode/text");
    octets("content_encode_only_dots", "content_encode/only-dots");
    for (std::string const row : {"server_content", "server_content_stored"}) {
        octets(row, row + "/text");
        octets(row + "_base64", row + "/base64");
        octets(row + "_dotted", row + "/dotted");
        octets(row + "_only_dots", row + "/only-dots");
    }
    for (char const* text : {"ascii", "mixed", "cyrillic"}) octets(std::string("utf8_") + text, std::string("utf8/") + text);
    return all;
}

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
    for (figure const& f : figures()) {
        bench::row r{};
        for (auto const& e : rows)
            if (e.name == f.row) r = e.make(in);
        if (!r.pass) {
            std::fprintf(stderr, "no row %s\n", f.row.c_str());
            return 1;
        }
        if (!r.loop) r.loop = [] {};
        bench::count_pass(r.pass);
        bench::count_pass(r.loop);
        std::printf("%s %zu\n", f.key.c_str(), f.for_each_octet ? r.octets : r.items);
    }
} catch (std::exception const& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
}
