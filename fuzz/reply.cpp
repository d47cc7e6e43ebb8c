// Replies: every split against the whole, the recogniser of the tests, and writing what was read.
#include "../tests/unit/oracle.hpp"
#include "fuzz.hpp"

#include <vector>

using namespace ehlo;
using fuzz::check;

namespace {

// What a stream of octets was read as.
struct reading {
    std::vector<std::string> replies;  // code, number of lines, octets
    std::size_t consumed = 0;
    bool failed = false;
    failure fault{};
    bool operator==(reading const&) const = default;
};

void check_reply(reply_view const& r);

reading read(std::string_view in, reply_limits const& limits, fuzz::arrival how) {
    reading all;
    reply_reader reader;
    all.consumed = fuzz::deliver(in, how, [&](std::string_view pending, bool& stop) {
        std::size_t used = 0;
        for (;;) {
            auto const r = reader.next(pending.substr(used), limits);
            if (r.ready()) {
                std::string_view before = pending.substr(used, r.consumed);
                check(r.consumed != 0 && before.ends_with(r->octets()), "a reply is what was consumed");
                before.remove_suffix(r->octets().size());
                check(before.empty() != r->tolerated().has(rule::empty_line_between_replies), "what stands before a reply is told");
                for (; !before.empty(); before.remove_prefix(2)) check(before.starts_with("\r\n"), "only empty lines are passed over");
                all.replies.push_back(std::to_string(r->code()) + ' ' + std::to_string(r->line_count()) +
                                      ' ' + std::to_string(r->tolerated().bits) + ' ' +
                                      std::string(r->octets()));
                if (how == fuzz::arrival::whole) check_reply(*r);
                check(r.consumed <= limits.total && r->line_count() <= limits.lines, "limits are kept");
                check(!reader.in_reply(), "after a reply nothing is half read");
                used += r.consumed;
                continue;
            }
            check(r.consumed == 0, "what is no reply is not consumed");
            if (r.failed()) {
                all.failed = stop = true;
                all.fault = r.error();
                fuzz::check_failure(all.fault, pending.size() - used, verb::unknown);
            }
            return used;
        }
    });
    return all;
}

template <class Write>
std::string written(Write&& write) {
    fuzz::block buffer(4096 + 4 * fuzz::current.size());  // not more: a block of 128 KiB costs as much as all the rest
    writer out(buffer.data(), buffer.size());
    auto const size = write(out);
    check(size && *size == out.size() && out.ok(), "what was read can be written");
    std::string const text(out.text());
    fuzz::block tight(text.size() - 1);
    writer small(tight.data(), tight.size());
    auto const refused = write(small);
    check(!refused && refused.error().code == errc::output_full && small.size() == 0,
          "what does not fit is not written at all");
    return text;
}

std::string without_spaces(std::string_view text) {
    std::string out;
    for (char c : text)
        if (c != ' ') out += c;
    return out;
}

void check_written(reply const& meant) {
    std::string const text = written([&](writer& out) { return write_reply(out, meant); });
    reply_limits limits;
    limits.line = max_reply_line;
    limits.total = 1u << 20;
    limits.lines = 60000;
    auto const back = parse_reply(text, limits);
    check(back.ready() && back.consumed == text.size(), "what is written is one reply", text);
    check(back->code() == meant.code, "its code is the one meant", text);
    std::string joined;
    for (std::string_view line : back->lines()) {
        if (meant.enhanced) {
            status s;
            std::size_t const n = detail::scan_status(line, s);
            check(n != 0 && s == meant.enhanced, "every line carries the status", text);
            line.remove_prefix(n);
        }
        joined += line;
    }
    check(without_spaces(joined) == without_spaces(meant.text), "its text is the one meant", text);
    if (back->line_count() == 1 && !meant.enhanced)
        check(text == std::to_string(meant.code) + ' ' + std::string(meant.text) + "\r\n",
              "a short reply is one line", text);
}

void check_reply(reply_view const& r) {
    unsigned lines = 0;
    for (std::string_view line : r.lines()) {
        ++lines;
        check(fuzz::lies_in(line, r.octets()), "a line is a part of the reply");
        bool const controls = r.tolerated().has(rule::controls_in_reply);
        check(line.find_first_of(controls ? std::string_view("\n") : std::string_view("\r\n\0", 3)) == line.npos,
              "a line holds no LF, and CR or NUL by leave only");
        capability const c = split_capability(line);
        check(fuzz::lies_in(c.keyword, line) && fuzz::lies_in(c.parameters, line),
              "a capability is a part of its line");
        if (controls || r.tolerated().has(rule::odd_reply_code)) continue;   // such are not written
        check_written(reply(r.code(), line));
        if (auto const s = r.enhanced()) check_written(reply(r.code(), *s, line));
    }
    check(is_reply_code(r.code()) != r.tolerated().has(rule::odd_reply_code) || r.tolerated().has(rule::mixed_reply_codes), "an odd code is told of");
    check(lines == r.line_count(), "lines() are as many as line_count()");
    if (auto const s = r.enhanced())
        check(s->valid() && s->class_digit == r.code() / 100, "a status is of its reply's class");
    if (r.octets().size() <= 200 && r.tolerated().empty() && r.code() / 10 % 10 <= 5)  // the grammar has no others
        check(oracle::matches(oracle::Reply_line, r.octets()), "what is taken for a reply is Reply-line",
              r.octets());

    auto const c = parse_capabilities(r);
    check(c.has_value() == (r.code() == 250), "a reply of code 250 can be an answer to EHLO");
    if (!c) return;
    std::string const text =
        written([&](writer& out) { return write_capabilities(out, "mx.example", "hello", *c); });
    auto const again = parse_reply(text);
    check(again.ready() && again.consumed == text.size(), "capabilities are written as one reply", text);
    auto const back = parse_capabilities(*again);
    check(back && back->offered == c->offered, "capabilities read as they were written", text);
    if (c->has(extension::size)) check(back->size == c->size, "SIZE reads as it was written", text);
}

void check_status(std::string_view text) {
    auto const s = parse_status(text);
    if (text.size() <= 200)
        check(s.has_value() == oracle::matches(oracle::status_code, text), "a status is status-code");
    if (s)
        check(written([&](writer& out) { return write_status(out, *s); }) == text,
              "a status is written as it was read");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size > 4096) return 0;
    fuzz::current = fuzz::as_text(data, size);
    reply_limits small;
    small.line = 40;
    small.total = 100;
    small.lines = 4;
    small.tolerate = of_replies;
    for (auto const& limits : {reply_limits(), small}) {
        reading const whole = read(fuzz::current, limits, fuzz::arrival::whole);
        for (auto const how : {fuzz::arrival::octets, fuzz::arrival::pieces})
            check(read(fuzz::current, limits, how) == whole, "a split does not change what is read");
    }
    if (size <= 200 && oracle::matches(oracle::Reply_line, fuzz::current)) {
        auto const r = parse_reply(fuzz::current);
        check(r.ready() && r.consumed == size, "Reply-line is taken for a reply");
    }
    check_status(fuzz::current);
    return 0;
}
