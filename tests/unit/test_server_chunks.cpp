// RFC 3030 2: the octets of a chunk are never read as commands, whatever the line before them looks like. A line that ehlo refuses
// and that another reader may take for a BDAT hides a chunk: the session has to end there.
#include "catch.hpp"

#include "machine.hpp"

#include <cstdlib>
#include <optional>
#include <set>

namespace test_server_chunks {

namespace {

using namespace machine;

constexpr ehlo::policy policy_of(ehlo::service service, bool lenient) {
    ehlo::policy p;
    p.service = service;
    p.max_errors = 1000000;
    if (lenient) p.grammar.tolerate = ehlo::leniency::all();
    return p;
}

// --- what a laxer reader sees; nothing here is ehlo's ---

bool is_control(char c) { return static_cast<unsigned char>(c) < 32 || c == 127; }
bool is_blank(char c) { return is_control(c) || c == ' ' || static_cast<unsigned char>(c) > 127; }
std::string strip(std::string s) {
    while (!s.empty() && is_blank(s.front())) s.erase(0, 1);
    while (!s.empty() && is_blank(s.back())) s.pop_back();
    return s;
}
bool begins_with_bdat(std::string const& part) {
    std::string const s = strip(part);
    std::string verb = s.substr(0, 4);
    for (char& c : verb) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    return verb == "BDAT" && (s.size() == 4 || is_blank(s[4]) || !std::isalpha(static_cast<unsigned char>(s[4])));
}
std::vector<std::string> parts(std::string const& line) {
    std::vector<std::string> list(1);
    for (char const c : line) {
        if (c == '\r' || c == '\n' || c == '\0') list.emplace_back();
        else list.back() += c;
    }
    return list;
}
// One that cuts lines at any CR, LF or NUL, trims white space and controls, and folds case; or drops controls (but not the end of a
// line that is one to ehlo).
bool laxly_bdat(std::string const& line, bool lf_ends) {
    for (std::string const& part : parts(line))
        if (begins_with_bdat(part)) return true;
    std::string visible;
    for (std::size_t i = 0; i <= line.size(); ++i) {
        bool const ends = i == line.size() || (line[i] == '\n' && (lf_ends || (i != 0 && line[i - 1] == '\r')));
        if (ends && begins_with_bdat(visible)) return true;
        if (ends) visible.clear();
        else if (!is_control(line[i]) || line[i] == '\t') visible += line[i];
    }
    return false;
}
// The size in a BDAT that nobody can misread.
std::optional<std::size_t> size_of(std::string s) {
    while (!s.empty() && (s.back() == ' ' || s.back() == '\t')) s.pop_back();
    if (!begins_with_bdat(s) || s.size() < 6 || (s[0] != 'B' && s[0] != 'b')) return std::nullopt;
    std::size_t at = s.find_first_not_of(' ', 4);
    if (at == 4 || at == s.npos) return std::nullopt;
    std::size_t const end = (std::min)(s.find_first_not_of("0123456789", at), s.size());
    if (end == at || end - at > 6) return std::nullopt;
    std::string rest = s.substr(end);
    for (char& c : rest) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    if (!rest.empty() && rest != " LAST") return std::nullopt;
    return static_cast<std::size_t>(std::stoul(s.substr(at)));
}

// --- all lines that are near to one ---

constexpr std::string_view edits("\t\r\n\0\v\f\x7F\xA0 x2B", 12);

void near(std::string const& line, std::set<std::string>& all) {
    for (std::size_t i = 0; i <= line.size(); ++i)
        for (char const c : edits) all.insert(line.substr(0, i) + c + line.substr(i));
    for (std::size_t i = 0; i < line.size(); ++i) {
        for (char const c : edits) all.insert(line.substr(0, i) + c + line.substr(i + 1));
        all.insert(line.substr(0, i) + line.substr(i + 1));
        if (i + 1 < line.size()) all.insert(line.substr(0, i) + line[i + 1] + line[i] + line.substr(i + 2));
        std::string folded = line;
        folded[i] = static_cast<char>(std::tolower(static_cast<unsigned char>(folded[i])));
        all.insert(folded);
    }
}

// Says yes to everything, and knows whether a command of the chunk came through.
struct witness {
    bool evil = false;
    int resets = 0;
    ehlo::reply on(ehlo::cmd::hello const&) { return ehlo::replies::ok; }
    ehlo::reply on(ehlo::cmd::mail const& c) { return evil |= c.from.local_part() == "evil", ehlo::replies::ok; }
    ehlo::reply on(ehlo::cmd::rcpt const&) { return ehlo::replies::ok; }
    void on(ehlo::content const&) {}
    ehlo::reply on(ehlo::end_of_content const&) { return ehlo::replies::ok; }
    void on(ehlo::answered const& a) { resets += a.verb == ehlo::verb::rset; }
};
constexpr std::string_view evil_chunk = "RSET\r\nMAIL FROM:<evil@x.y>\r\n";
static_assert(evil_chunk.size() == 28);
std::string chunk_of(std::size_t size) {
    std::string s;
    while (s.size() < size) s += evil_chunk;
    return s.substr(0, size);
}

struct verdict {
    bool closed, evil;
    std::string said;
    bool operator==(verdict const&) const = default;
};
template <class Server>
verdict run(Server server, std::string_view octets, std::size_t piece = static_cast<std::size_t>(-1)) {
    loop<Server, witness> l(server);
    for (std::size_t at = 0; at < octets.size() && !l.closed; at += piece < octets.size() ? piece : octets.size()) l.feed(octets.substr(at, piece));
    return {l.closed, l.handler.evil || l.handler.resets != 0, l.output};
}
template <class Server>
Server in_transaction_with(std::string_view hello) {
    loop<Server, witness> l;
    l.feed(std::string(hello) + " me.example\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\n");
    if (l.server.where() != ehlo::state::rcpt) FAIL("no transaction");
    return l.server;
}

template <class Server>
void check_line(Server const& start, std::string const& line, bool in_pieces) {
    // A real BDAT before a real CRLF, after which the rest is content to everybody.
    std::size_t const first = line.find("\r\n");
    if (first != line.npos && size_of(line.substr(0, first))) return;
    bool const lax = laxly_bdat(line, Server::rules.grammar.tolerate.has(ehlo::rule::bare_lf_line));
    std::optional<std::size_t> const size = size_of(parts(line).back());
    std::string const octets = line + "\r\n" + chunk_of(size.value_or(evil_chunk.size())) + "NOOP\r\n";
    verdict const v = run(start, octets);
    if (lax ? v.evil || (!v.closed && !size) : v.closed && !strip(line).empty()) {
        // Where it is no BDAT to the reader above, all that ends a session is one in pieces: a verb after other controls than those.
        std::string visible;
        for (char const c : line)
            if (!is_blank(c)) visible += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
        bool const in_pieces_only = !lax && v.closed && visible.find("BDAT") != visible.npos;
        CAPTURE(line, octets, v.said);
        CHECK(in_pieces_only);
    }
    if (!in_pieces) return;
    for (std::size_t const piece : {1u, 2u, 3u, 5u, 7u}) {
        if (run(start, octets, piece) == v) continue;
        CAPTURE(line, piece);
        CHECK(run(start, octets, piece).said == v.said);
        CHECK(run(start, octets, piece) == v);
    }
}

}  // namespace

TEST_CASE("RFC 3030 2: a line within two edits of BDAT never lets its chunk through as commands") {
    std::set<std::string> one, two;
    for (char const* const line : {"BDAT 28", "BDAT 28 LAST", "NOOP\nBDAT 28 LAST"}) near(line, one);
    std::set<std::string> near_to_shortest;
    near("BDAT 28", near_to_shortest);
    for (std::string const& line : near_to_shortest) near(line, two);
    std::set<std::string> drawn;
    generate::rng r(3030);
    for (std::string const& line : one) {
        if (near_to_shortest.contains(line)) continue;
        std::set<std::string> next;
        near(line, next);
        for (std::string const& more : next)
            if (r.one_in(30)) drawn.insert(more);
    }
    CHECK(two.size() > 15000);
    CHECK(drawn.size() > 2000);
    auto const sweep = [&]<class Server>(std::type_identity<Server>, std::string_view hello) {
        Server const start = in_transaction_with<Server>(hello);
        for (std::string const& line : one) check_line(start, line, true);
        for (auto const* lines : {&two, &drawn}) {
            unsigned n = 0;
            for (std::string const& line : *lines)
                if (n++ % generate::every(6) == 0) check_line(start, line, false);
        }
    };
    sweep(std::type_identity<ehlo::basic_server<policy_of(ehlo::service::smtp, false)>>{}, "EHLO");
    sweep(std::type_identity<ehlo::basic_server<policy_of(ehlo::service::smtp, true)>>{}, "EHLO");
    sweep(std::type_identity<ehlo::basic_server<policy_of(ehlo::service::lmtp, false)>>{}, "LHLO");
    sweep(std::type_identity<ehlo::basic_server<policy_of(ehlo::service::lmtp, true)>>{}, "LHLO");
}

TEST_CASE("RFC 3030 2: a line too long that may be a BDAT ends the session, wherever it is cut") {
    using server = ehlo::basic_server<policy_of(ehlo::service::smtp, false)>;
    server const start = in_transaction_with<server>("EHLO");
    std::size_t const limit = server::rules.max_line;
    std::string const blanks(limit, ' '), text(limit, 'x'), tabs(limit + 100, '\t'), zeros(limit, '0');
    std::vector<std::string> lines = {
        "BDAT " + zeros + "28",  "bdat" + blanks + "28 LAST", blanks + "BDAT 28",        tabs + "BDAT 28 LAST", text + "\nBDAT 28",
        text + "\r \tBDAT 28",   text + "\0 BDAT 28"s,        "BDAT" + tabs,             blanks + "BDAT",       text + "\nBDAT",
        "NOOP " + text + "\rBDAT\t28", std::string(limit, '\0') + "BDAT 28",             "B\0D\0A\0T\0"s + text,
    };
    // The verb across the place where the line begins to be thrown away.
    for (std::size_t before = limit - 12; before <= limit + 2; ++before) {
        lines.push_back(std::string(before, ' ') + "BDAT 28");
        lines.push_back(std::string(before, 'x') + "\nBDAT 28");
        lines.push_back(std::string(before, 'x') + "\r BDAT 28");
    }
    generate::rng r(7);
    for (std::string const& line : lines) {
        CAPTURE(line.substr(0, 8), line.size());
        std::string const octets = line + "\r\n" + std::string(evil_chunk) + "NOOP\r\n";
        verdict const whole = run(start, octets);
        CHECK(whole.closed);
        CHECK_FALSE(whole.evil);
        CHECK(whole.said.starts_with("500 5.5.2 "));
        for (std::size_t const piece : {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{1000}, limit - 1, limit, limit + 1, r.between(4, 999)})
            CHECK(run(start, octets, piece) == whole);
    }
    // And those that nobody takes for one are thrown away, and the session goes on.
    for (std::string const& line : {text + " BDAT 28", "BDATA" + text, "NOOP" + blanks + "BDAT 28", text + "\nNOOP BDAT 28"}) {
        verdict const v = run(start, line + "\r\nNOOP\r\n");
        CHECK_FALSE(v.closed);
        CHECK(codes(v.said) == std::vector{500, 250});
        CHECK(run(start, line + "\r\nNOOP\r\n", 1) == v);
    }
    // What was found in one line is forgotten in the next.
    CHECK(codes(run(start, text + "BDA\r\nT 28\r\nNOOP\r\n").said) == std::vector{500, 500, 250});
}

TEST_CASE("RFC 3030 2: in every state a line that may be a BDAT ends the session, and is told as one") {
    struct ears : full_recorder {
        bool refuses = false;
        using full_recorder::on;
        ehlo::reply on(ehlo::connected const&) { return refuses ? ehlo::replies::no_mail_here : ehlo::reply("220 hello"); }
    };
    struct {
        std::string_view line, reply;
        ehlo::errc fault;
        std::uint32_t at;
    } const cases[] = {
        {" BDAT 28", "500 5.5.2 ", ehlo::errc::unknown_verb, 0},
        {"BDAT\t28 LAST", "500 5.5.2 ", ehlo::errc::unknown_verb, 0},
        {"BDAT\r 28", "500 5.5.2 ", ehlo::errc::bare_cr, 4},
        {"BDAT\0 28"sv, "500 5.5.2 ", ehlo::errc::nul_octet, 4},
        {"NOOP\nBDAT 28 LAST", "500 5.5.2 ", ehlo::errc::bare_lf, 4},
        {"BDAT28", "500 5.5.2 ", ehlo::errc::unknown_verb, 0},
        {"\xEF\xBB\xBF" "BDAT 28", "500 5.5.2 ", ehlo::errc::unknown_verb, 0},
        {"RSET \x0B" "BDAT 28", "501 5.5.4 ", ehlo::errc::unexpected_argument, 5},
        {"BDAT 28 LAST now", "501 5.5.4 ", ehlo::errc::unexpected_argument, 12},
        {"BDAT", "501 5.5.4 ", ehlo::errc::missing_argument, 4},
        {"bdat 0x1C", "501 5.5.4 ", ehlo::errc::bad_number, 6},
    };
    constexpr std::string_view before[] = {"", "EHLO me\r\n", "EHLO me\r\nMAIL FROM:<a@b>\r\n", "EHLO me\r\nMAIL FROM:<a@b>\r\nRCPT TO:<a@b>\r\n", "refused"};
    for (std::string_view const start : before)
        for (auto const& c : cases) {
            CAPTURE(start, c.line);
            loop<ehlo::server, ears> l;
            l.handler.refuses = start == "refused";
            l.run();
            if (!l.handler.refuses) l.feed(start);
            bool const open = in_transaction(l.server.where()), refused = l.server.where() == ehlo::state::refused;
            std::string const said = l.say(std::string(c.line) + "\r\n" + std::string(evil_chunk));
            // Where nothing but QUIT is heard, a line that can be read is 503.
            bool const readable = refused && c.fault != ehlo::errc::bare_cr && c.fault != ehlo::errc::bare_lf && c.fault != ehlo::errc::nul_octet &&
                                  !c.line.starts_with("BDAT") && !c.line.starts_with("bdat");
            if (!readable && !(refused && c.fault == ehlo::errc::unknown_verb)) {
                CHECK(said.starts_with(c.reply));
                CHECK(l.handler.answers.back().fault == std::optional(ehlo::fail(c.fault, c.at)));
            }
            CHECK(codes(said).size() == 1);
            CHECK(l.closed);
            CHECK(l.pending == evil_chunk);
            CHECK(l.handler.answers.back().verb == ehlo::verb::bdat);
            CHECK(l.handler.answers.back().event == ehlo::event::shutdown);
            CHECK(l.handler.abandoned == (open ? 1 : 0));
        }
}

}  // namespace test_server_chunks
