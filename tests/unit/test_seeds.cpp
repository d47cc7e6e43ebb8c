// Runs what four texts about SMTP say: see seeds.hpp.

#include "seeds.hpp"

#include <ehlo/dispatch.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace seeds {
namespace {

// --- servers with exactly the rules of a row ---

constexpr ehlo::policy tolerating(leniency rules, bool modes = false) {
    ehlo::policy p;
    p.grammar.tolerate = rules;
    p.mail_modes = modes;
    p.offers = ehlo::extension::help;  // RFC 821: no enhanced codes, so that lines can be compared as they are printed
    return p;
}

// Says what the dialogue has it say.
struct actor : recorder {
    std::string code, text;  // of the next answer
    std::vector<ehlo::answered> answers;
    using recorder::on;
    ehlo::reply next(ehlo::reply const& otherwise) const {
        return code.empty() ? otherwise : ehlo::reply(static_cast<unsigned>(std::stoi(code)), text);
    }
    ehlo::reply on(ehlo::cmd::mail const& c) { return recorder::on(c), next(ehlo::replies::ok); }
    ehlo::reply on(ehlo::cmd::rcpt const& c) {
        recorder::on(c);
        return next(c.to.local_part() == "green" ? ehlo::replies::no_such_user : ehlo::replies::ok);
    }
    ehlo::reply on(ehlo::cmd::data const&) { return next(ehlo::replies::start_content); }
    ehlo::reply on(ehlo::end_of_content const& e) { return recorder::on(e), next(ehlo::replies::ok); }
    void on(ehlo::answered const& a) { answers.push_back(a); }
};

// Calls f with a server (in its loop) that has these rules and no others.
template <class F>
void with_server(leniency rules, bool modes, std::string_view name, F&& f) {
    auto const run = [&]<class Server>(std::type_identity<Server>) {
        loop<Server, actor> l{Server(name)};
        l.run();
        f(l);
    };
    if (modes) return run(std::type_identity<ehlo::basic_server<tolerating({}, true)>>{});
    if (rules == leniency{}) return run(std::type_identity<ehlo::basic_server<tolerating({})>>{});
    if (rules == rule::missing_domain) return run(std::type_identity<ehlo::basic_server<tolerating(rule::missing_domain)>>{});
    if (rules == rule::space_after_colon)
        return run(std::type_identity<ehlo::basic_server<tolerating(rule::space_after_colon)>>{});
    if (rules == rule::spaces_in_route) return run(std::type_identity<ehlo::basic_server<tolerating(rule::spaces_in_route)>>{});
    FAIL("a row with rules that no server here has");
}

ehlo::syntax grammar(leniency rules) {
    ehlo::syntax s;
    s.tolerate = rules;
    return s;
}

// What a command line is taken for, and what is wrong with it.
std::optional<ehlo::failure> judge(std::string_view line, leniency rules, leniency& tolerated) {
    auto const split = ehlo::split_command(line);
    if (!split) return split.error();
    return visit_command(*split, grammar(rules), [&](auto const& c) {
        if constexpr (requires { c.tolerated; }) tolerated = c.tolerated;
    });
}

std::string spelled(std::optional<ehlo::failure> const& f) {
    return f ? std::string(name(f->code)) + " " + std::to_string(f->at) : "nothing";
}

}  // namespace

// --- the runners ---

void command(row const& r) {
    leniency tolerated;
    CHECK(spelled(judge(r.text, ehlo::strict, tolerated)) == spelled(r.strict));
    with_server({}, r.modes, "mit.edu", [&](auto& l) {
        l.say(r.before);
        state const where = l.server.where();
        std::string const said = l.say(std::string(r.text) + "\r\n");
        CHECK(codes(said) == std::vector{static_cast<int>(r.strict ? r.strict_code : r.code)});
        if (r.strict) {
            CHECK(l.server.where() == where);
            CHECK(spelled(l.handler.answers.back().fault) == spelled(r.strict));
        }
    });
    if (r.strict && r.rules.empty()) {  // no rule helps
        CHECK(judge(r.text, leniency::all(), tolerated).has_value());
        return;
    }
    if (r.rules.empty()) return;
    CHECK(!judge(r.text, r.rules, tolerated));
    CHECK(tolerated == r.rules);
    with_server(r.rules, false, "mit.edu", [&](auto& l) {
        l.say(r.before);
        CHECK(codes(l.say(std::string(r.text) + "\r\n")) == std::vector{static_cast<int>(r.code)});
    });
}

void reply_code(row const& r) {
    CHECK(!ehlo::meaning(r.code).empty());
    CHECK(ehlo::is_reply_code(r.code));
    char buffer[100];
    ehlo::writer out(buffer);
    REQUIRE(write_reply(out, ehlo::reply(r.code, r.says)));
    CHECK(out.text() == std::to_string(r.code) + " " + std::string(r.says) + "\r\n");
    auto const read = ehlo::parse_reply(out.text());
    REQUIRE(read.ready());
    CHECK(read->code() == r.code);
    CHECK(*read->lines().begin() == r.says);
    // Once as one line, once as several: "any command may be answered by several lines".
    std::string const line = std::string(out.text()), many = std::to_string(r.code) + "-one\r\n" + line;
    CHECK(ehlo::parse_reply(many)->line_count() == 2);
    for (std::string const& text : {line, many}) {
        // The client takes it where a code of its class can stand.
        ehlo::client c;
        char more[512];
        ehlo::writer w(more);
        REQUIRE(c.receive("220 ready\r\n").ready());
        if (r.code == 220) continue;
        REQUIRE(c.helo(w, "usc.edu"));
        REQUIRE(c.receive("250 mit.edu\r\n").ready());
        REQUIRE(c.mail(w, "<Smith@usc.edu>"));
        if (r.code / 100 == 3) {
            REQUIRE(c.receive("250 OK\r\n").ready());
            REQUIRE(c.rcpt(w, "<Jones@mit.edu>"));
            REQUIRE(c.receive("250 OK\r\n").ready());
            REQUIRE(c.data(w));
        }
        auto const got = c.receive(text);
        REQUIRE(got.ready());
        CHECK(got->accepted == (r.code < 400));
        CHECK(got->reply.code() == r.code);
        CHECK(c.over() == (r.code == 421));
    }
}

void first_digit(row const& r) {
    unsigned const digit = static_cast<unsigned>(r.text[0] - '0');
    for (unsigned code = digit * 100; code < digit * 100 + 60; ++code) {
        CHECK(static_cast<unsigned>(ehlo::class_of(code)) == digit);
        CHECK(ehlo::is_positive(code) == (digit == 2 || digit == 3));
        if (code == 421) continue;
        // Whatever the other digits and the text, RCPT is accepted or not, and DATA goes on or not.
        std::string const text = std::to_string(code) + " 250 550 354 OK\r\n";
        ehlo::client c;
        char more[512];
        ehlo::writer w(more);
        REQUIRE(c.receive("220 ready\r\n").ready());
        REQUIRE(c.helo(w, "usc.edu"));
        REQUIRE(c.receive("250 mit.edu\r\n").ready());
        REQUIRE(c.mail(w, "<Smith@usc.edu>"));
        REQUIRE(c.receive("250 OK\r\n").ready());
        REQUIRE(c.rcpt(w, "<Jones@mit.edu>"));
        if (digit == 3) {
            REQUIRE(c.receive("250 OK\r\n").ready());
            REQUIRE(c.data(w));
        }
        auto const got = c.receive(text);
        REQUIRE(got.ready());
        CHECK(got->accepted == (digit != 5));
        CHECK(c.where() == (digit == 2 ? state::rcpt : digit == 3 ? state::content : state::mail));
    }
}

template <class F>
std::string written(F&& f) {
    char buffer[300];
    ehlo::writer out(buffer);
    auto const n = f(out);
    if (!n) return std::string(out.text());  // must be empty
    CHECK(*n == out.size());
    return std::string(out.text());
}

void route(row const& r) {
    auto const strict = ehlo::parse_path(r.text);
    CHECK(spelled(strict ? std::nullopt : std::optional(strict.error())) == spelled(r.strict));
    auto const p = ehlo::parse_path(r.text, ehlo::path_role::any, grammar(r.rules));
    REQUIRE(p);
    CHECK(p->tolerated() == r.rules);
    CHECK(written([&](auto& out) { return write_path(out, *p); }) == r.says);
    auto const again = ehlo::parse_path(r.says);
    REQUIRE(again);
    CHECK(again->address() == p->address());
    auto a = p->route().begin(), b = again->route().begin();
    for (; a != p->route().end() && b != again->route().end(); ++a, ++b) CHECK(*a == *b);
    CHECK(!(a != p->route().end()));
    CHECK(!(b != again->route().end()));
}

std::vector<std::string_view> parts(std::string_view text, std::string_view separator) {
    std::vector<std::string_view> list;
    for (;;) {
        std::size_t const end = text.find(separator);
        list.push_back(text.substr(0, end));
        if (end == std::string_view::npos) return list;
        text.remove_prefix(end + separator.size());
    }
}

void relay(row const& r) {
    auto const given = parts(r.text, "|"), wanted = parts(r.says, "|");
    auto const parse = [&](std::string_view text) {
        auto const p = ehlo::parse_path(text, ehlo::path_role::any, grammar(r.rules));
        REQUIRE(p);
        return *p;
    };
    ehlo::path const from = parse(given.at(0)), to = parse(given.at(1));
    if (wanted.at(1).empty()) {
        CHECK(to.route().empty());
        CHECK(written([&](auto& out) { return write_relayed_forward_path(out, to); }).empty());
        return;
    }
    // The host that relays is the first one of the route.
    CHECK(*to.route().begin() == given.at(2));
    std::string const reverse = written([&](auto& out) { return write_relayed_reverse_path(out, from, given.at(2)); });
    std::string const forward = written([&](auto& out) { return write_relayed_forward_path(out, to); });
    auto const canonical = [&](std::string_view text) {
        ehlo::path const p = parse(text);
        return written([&](auto& out) { return write_path(out, p); });
    };
    CHECK(reverse == canonical(wanted.at(0)));
    CHECK(forward == canonical(wanted.at(1)));
    // What is sent on is strict, and nothing is sent on that does not fit the caller's buffer.
    CHECK(ehlo::parse_reverse_path(reverse));
    CHECK(ehlo::parse_forward_path(forward));
    for (std::size_t room = 0; room < reverse.size(); ++room) {
        exact buffer(room);
        ehlo::writer out(buffer.data(), room);
        CHECK(!write_relayed_reverse_path(out, from, given.at(2)));
        CHECK(out.size() == 0);
    }
    // The whole way through a server that tolerates the spaces, to the command that it would send on.
    with_server(r.rules, false, given.at(2), [&](auto& l) {
        l.say(helo);
        CHECK(codes(l.say("MAIL FROM:" + std::string(given.at(0)) + "\r\nRCPT TO:" + std::string(given.at(1)) + "\r\n")) ==
              std::vector{250, 250});
        CHECK(l.handler.open.from == given.at(0));
        CHECK(l.handler.open.to.at(0) == given.at(1));
    });
}

// A line of a dialogue: who says it, what, and for the client what strict RFC 5321 says of it and has instead.
struct spoken {
    std::string_view who, text, strict, instead;
};
std::vector<spoken> script(std::string_view text) {
    std::vector<spoken> list;
    for (std::string_view line : parts(text, "\n")) {
        if (line.empty()) continue;
        std::size_t const space = line.find(' ');
        auto const columns = parts(line.substr(space + 1), " | ");
        list.push_back({line.substr(0, space), columns[0], columns.size() > 1 ? columns[1] : "", columns.size() > 2 ? columns[2] : ""});
    }
    return list;
}

// The server's side under these rules. `exact_text`: where handlers give the text, it is the dialogue's.
template <class Loop>
void serve(Loop& l, std::vector<spoken> const& lines, leniency rules, bool exact_text) {
    std::string said = l.output;  // the greeting
    for (std::size_t i = 0; i < lines.size(); ++i) {
        spoken const& line = lines[i];
        CAPTURE(line.text);
        if (line.who == "S?") continue;
        if (line.who == "S") {
            REQUIRE(!said.empty());
            std::size_t const end = said.find("\r\n");
            CHECK(said.substr(0, 3) == line.text.substr(0, 3));
            // A handler gives the text of these; the rest is ehlo's own.
            ehlo::event const e = l.handler.answers.back().event;
            if (exact_text && (e == ehlo::event::mail || e == ehlo::event::rcpt || e == ehlo::event::data || e == ehlo::event::content_end))
                CHECK(said.substr(0, end) == line.text);
            said.erase(0, end + 2);
            continue;
        }
        if (l.output.size() == said.size() && i == 0) said.clear();  // a dialogue that does not show the greeting
        // What the dialogue will have the server say to this.
        std::size_t next = i + 1;
        while (next < lines.size() && lines[next].who == "S?") ++next;
        l.handler.code.clear();
        if (exact_text && next < lines.size() && lines[next].who == "S") {
            l.handler.code = lines[next].text.substr(0, 3);
            l.handler.text = lines[next].text.substr((std::min)(lines[next].text.size(), std::size_t{4}));
        }
        if (!line.strict.empty()) {
            leniency tolerated;
            CHECK(spelled(judge(line.text, ehlo::strict, tolerated)) == line.strict);
            if (auto const fault = judge(line.text, rules, tolerated)) {
                // No rule tolerates it: refused, and then said as it should be.
                CHECK(codes(l.say(std::string(line.text) + "\r\n")) == std::vector{fault->code == errc::unknown_verb ? 500 : 501});
                CHECK(spelled(l.handler.answers.back().fault) == line.strict);
                said = l.say(std::string(line.instead) + "\r\n");
                continue;
            }
        }
        said += l.say(std::string(line.text) + "\r\n");
    }
    CHECK(said.empty());
}

void exchange(row const& r) {
    with_server({}, false, "mit.edu", [&](auto& l) { serve(l, script(r.text), {}, false); });
}

void dialogue(row const& r) {
    auto const lines = script(r.text);
    // Strict: each marked line is refused, at its place; said as RFC 5321 has it, the dialogue runs.
    with_server({}, false, r.says, [&](auto& l) { serve(l, lines, {}, true); });
    // With the rules of the row: only what no rule can mean is refused.
    with_server(r.rules, false, r.says, [&](auto& l) {
        serve(l, lines, r.rules, true);
        CHECK(l.closed);
        std::string content;
        bool in_content = false;
        for (spoken const& line : lines) {
            if (line.who != "C") in_content = in_content || line.text.starts_with("354");
            else if (in_content && line.text == ".") in_content = false;
            else if (in_content) content += std::string(line.text.substr(line.text.starts_with('.') ? 1 : 0)) + "\r\n";
        }
        REQUIRE(l.handler.delivered.size() == 1);
        CHECK(l.handler.delivered[0].content == content);
    });
    // The client's side: it writes the lines of RFC 5321, and takes the server's lines as they are printed.
    ehlo::client c;
    std::string wrote;
    bool content = false;
    auto const hear = [&](std::string_view text) {
        std::string const octets = std::string(text) + "\r\n";
        auto const got = c.receive(octets);
        REQUIRE(got.ready());
        CHECK(got.consumed == octets.size());
        CHECK(got->accepted == (text[0] < '4'));
    };
    if (lines[0].who == "C") hear("220 ready");
    for (spoken const& line : lines) {
        CAPTURE(line.text);
        if (line.who == "S?") {
            ehlo::client copy = c;
            CHECK(copy.receive(std::string(line.text) + "\r\n").failed());  // it would break the session
            continue;
        }
        if (line.who == "S") {
            hear(line.text);
            content = c.where() == state::content;
            continue;
        }
        char buffer[300];
        ehlo::writer out(buffer);
        if (content) {
            if (line.text == ".") CHECK(c.end_content(out).done());
            else CHECK(c.content(std::string(line.text.substr(!line.text.empty() && line.text[0] == '.' ? 1 : 0)) + "\r\n", out).done());
            CHECK(out.text() == std::string(line.text) + "\r\n");
            continue;
        }
        std::string_view const right = line.instead.empty() ? line.text : line.instead;
        auto const split = ehlo::split_command(right);
        REQUIRE(split);
        auto const path = [](std::string_view text) { return text.substr(text.find('<')); };
        switch (split->verb) {
        case verb::helo: CHECK(c.helo(out, split->arguments)); break;
        case verb::mail:
            if (line.strict.starts_with("missing_domain")) {  // the client does not write what strict readers refuse
                auto const no = c.mail(out, path(line.text));
                CHECK((!no && no.error().code == errc::missing_domain && out.size() == 0));
            }
            CHECK(c.mail(out, path(right)));
            break;
        case verb::rcpt: CHECK(c.rcpt(out, path(right))); break;
        case verb::data: CHECK(c.data(out)); break;
        case verb::quit: CHECK(c.quit(out)); break;
        default: FAIL("a verb that no dialogue has"); break;
        }
        CHECK(ehlo::iequals(out.text(), std::string(right) + "\r\n"));
    }
    CHECK(c.where() == state::closed);
}

TEST_CASE("seeds: what four texts about SMTP say") {
    for (row const& r : table) {
        CAPTURE(r.in, r.text, r.says, r.code);
        r.run(r);
    }
}

TEST_CASE("seeds: the table is whole") {
    // The verbs and the codes of the documents, counted.
    auto const count = [](unsigned document, void (*run)(row const&)) {
        std::vector<std::string> seen;
        for (row const& r : table) {
            if ((r.in & document) == 0 || r.run != run) continue;
            std::string what = run == command ? std::string(name(ehlo::split_command(r.text)->verb)) : std::to_string(r.code);
            if (!what.empty() && std::find(seen.begin(), seen.end(), what) == seen.end()) seen.push_back(what);
        }
        return seen.size();
    };
    CHECK(count(drkb, command) == 13);
    CHECK(count(realcoding, command) == 13);
    CHECK(count(delphi_world, command) == 14);
    CHECK(count(telnet, command) == 10);
    CHECK(count(delphi_world, reply_code) == 21);
    CHECK(count(telnet, reply_code) == 20);
    CHECK(count(drkb, reply_code) == 3);
}

}  // namespace seeds
