// Command lines: cutting them out of a stream, parsing them, writing what was parsed, and the recogniser of the tests.
#include "../tests/unit/oracle.hpp"
#include "fuzz.hpp"

#include <ehlo/command_reader.hpp>

#include <optional>
#include <vector>

using namespace ehlo;
using fuzz::check;

namespace {

// ---- lines ----

struct lines {
    std::vector<std::string> found;  // the line, or the name of its fault
    std::size_t consumed = 0;
    bool operator==(lines const&) const = default;
};

lines read_lines(std::string_view in, std::size_t limit, leniency tolerate, fuzz::arrival how) {
    lines all;
    line_reader reader;
    all.consumed = fuzz::deliver(in, how, [&](std::string_view pending, bool&) {
        std::size_t used = 0;
        for (;;) {
            auto const line = reader.next(pending.substr(used), limit, tolerate);
            used += line.consumed;
            if (line.need_more()) {
                check(pending.size() - used <= limit + 1, "no more is kept than a line may be long");
                return used;
            }
            check(line.consumed != 0, "a line is consumed");
            if (line.failed()) fuzz::check_failure(line.error(), limit + in.size(), verb::unknown);
            all.found.push_back(line.ready()
                                    ? '=' + std::string(*line)
                                    : std::string(name(line.error().code)) + std::to_string(line.error().at));
        }
    });
    return all;
}

// Find the line end, then look for faults before it.
lines expect_lines(std::string_view in, std::size_t limit, bool bare_lf) {
    lines all;
    for (;;) {
        std::string_view const rest = in.substr(all.consumed);
        std::size_t const at = bare_lf ? rest.find('\n') : rest.find("\r\n");
        if (at == rest.npos) return all;
        std::size_t const size = bare_lf && at > 0 && rest[at - 1] == '\r' ? at - 1 : at;
        std::size_t const whole = bare_lf ? at + 1 : at + 2;
        std::string_view const line = rest.substr(0, size);
        std::size_t const bad = line.find_first_of(std::string_view("\r\n\0", 3));
        if (whole > limit)
            all.found.push_back("line_too_long" + std::to_string(limit));
        else if (bad == line.npos)
            all.found.push_back('=' + std::string(line));
        else
            all.found.push_back((line[bad] == '\r'   ? "bare_cr"
                                 : line[bad] == '\n' ? "bare_lf"
                                                     : "nul_octet") +
                                std::to_string(bad));
        all.consumed += whole;
    }
}

void check_lines(std::string_view in) {
    for (std::size_t const limit : {std::size_t{24}, std::size_t{2048}})
        for (bool const bare_lf : {false, true}) {
            lines const right = expect_lines(in, limit, bare_lf);
            for (auto const how : fuzz::arrivals) {
                lines const found =
                    read_lines(in, limit, bare_lf ? leniency(rule::bare_lf_line) : strict, how);
                check(found.found == right.found, "lines are cut at their ends");
                check(found.consumed >= right.consumed, "whole lines are consumed");
            }
        }
}

// ---- one step from octets to commands, against the three ----

// The parts of a command that its parser works out, told as text; all views as offsets.
struct tell {
    std::string_view in;
    std::string text{};

    void put(std::uint64_t n) { (text += std::to_string(n)) += ' '; }
    void put(std::string_view part) {
        put(static_cast<std::uint64_t>(part.data() - in.data()));
        put(std::uint64_t{part.size()});
    }
    void put(leniency set) { put(std::uint64_t{set.bits}); }
    void put(host const& h) { put(h.text), put(static_cast<std::uint64_t>(h.kind)), put(h.tolerated); }
    void put(path const& p) {
        put(static_cast<std::uint64_t>(p.kind())), put(p.text()), put(p.local_part()), put(p.domain()), put(p.address());
        put(static_cast<std::uint64_t>(p.domain_kind())), put(p.tolerated());
        for (std::string_view const hop : p.route()) put(hop);
    }
    void put(parameter_list const& all) {
        put(all.all().text()), put(std::uint64_t{all.present().bits});
        put(all.unknown_at() ? std::uint64_t{*all.unknown_at()} + 1 : 0);
    }
    void put(cmd::hello const& c) { put(static_cast<std::uint64_t>(c.verb)), put(c.name); }
    void put(cmd::mail const& c) {
        put(static_cast<std::uint64_t>(c.verb)), put(c.from), put(static_cast<parameter_list const&>(c.parameters));
        put(c.parameters.size() ? *c.parameters.size() : 1), put(c.parameters.body() ? static_cast<std::uint64_t>(*c.parameters.body()) : 9);
        put(c.tolerated);
    }
    void put(cmd::rcpt const& c) { put(c.to), put(static_cast<parameter_list const&>(c.parameters)), put(c.tolerated); }
    void put(cmd::vrfy const& c) { put(static_cast<std::uint64_t>(c.verb)), put(c.string), put(std::uint64_t{c.smtputf8}); }
    void put(cmd::noop const& c) { put(static_cast<std::uint64_t>(c.verb)), put(c.argument); }
    // The rest have no quick way: that they were called is enough.
    template <class Command>
    void put(Command const&) {
        text += "rest ";
    }
    void operator()(auto const& c) { put(c); }
};

void check_one_step(std::string_view in) {
    std::size_t const limit = 200;
    for (auto const& d : fuzz::dialects)
        for (auto const how : {fuzz::arrival::whole, fuzz::arrival::pieces}) {
            command_reader one;
            line_reader lines;
            fuzz::deliver(in, how, [&](std::string_view pending, bool&) {
                std::size_t used = 0;
                for (;;) {
                    std::string_view const rest = pending.substr(used);
                    tell found{rest}, expected{rest};
                    auto const r = one.next(rest, limit, d.rules, found);
                    auto const line = lines.next(rest, limit, d.rules.tolerate);
                    check(r.consumed == line.consumed && r.need_more() == line.need_more(), "one step takes what a line takes", d.name);
                    check(one.discarding() == lines.discarding(), "both throw away alike", d.name);
                    used += r.consumed;
                    if (line.need_more()) {
                        check(found.text.empty(), "no command before its line", d.name);
                        return used;
                    }
                    std::optional<failure> fault;
                    verb v{};
                    if (line.failed()) {
                        fault = line.error();
                    } else if (auto const split = split_command(*line, d.rules); !split) {
                        fault = split.error();
                    } else {
                        v = split->verb;
                        fault = visit_command(*split, d.rules, expected);
                    }
                    check(r.failed() == fault.has_value(), "one step refuses what the three refuse", d.name);
                    if (fault) check(r.error() == *fault, "and tells the same place", name(fault->code));
                    else check(*r == v, "and the same verb", d.name);
                    check(found.text == expected.text, "one step reads what the three read", found.text + "| " + expected.text);
                }
            });
        }
}

// ---- commands ----

template <class Write>
std::string written(Write&& write, std::string_view context) {
    fuzz::block buffer(2 * context.size() + 64);
    writer out(buffer.data(), buffer.size());
    auto const size = write(out);
    check(size && *size == out.size() && out.size() > 2, "what was read can be written",
          size ? context : name(size.error().code));
    std::string const text(out.text());
    check(text.ends_with("\r\n") && text.find_first_of("\r\n") == text.size() - 2,
          "what is written is one line", text);
    fuzz::block tight(text.size() - 1);
    writer small(tight.data(), tight.size());
    auto const refused = write(small);
    check(!refused && refused.error().code == errc::output_full && small.size() == 0,
          "what does not fit is not written at all");
    return text.substr(0, text.size() - 2);
}

bool same_parameters(parameter_range a, parameter_range b) {
    auto x = a.begin();
    auto y = b.begin();
    for (; x != a.end() && y != b.end(); ++x, ++y)
        if ((*x).keyword != (*y).keyword || (*x).value != (*y).value) return false;
    return !(x != a.end()) && !(y != b.end());
}

// Each command is written from what was parsed, and parsed again. Only strict commands have to come back.
struct write_back {
    std::string_view line;
    syntax const& rules;

    // The rest of the commands: what is written reads as the same arguments.
    template <class Write>
    void same_arguments(Write&& write) const {
        std::string const text = written(write, line);
        auto const split = split_command(line), back = split_command(text);
        check(back && back->verb == split->verb, "a verb reads as it was written", text);
    }
    void operator()(cmd::auth const& c) const {
        same_arguments([&](writer& out) { return write_auth(out, c); });
    }
    void operator()(cmd::bdat const& c) const {
        same_arguments([&](writer& out) { return write_bdat(out, c.size, c.last); });
    }
    void operator()(cmd::burl const& c) const {
        same_arguments([&](writer& out) { return write_burl(out, c.url, c.last); });
    }
    void operator()(cmd::etrn const& c) const {
        same_arguments([&](writer& out) { return write_etrn(out, c.option, c.node); });
    }
    void operator()(cmd::atrn const& c) const {
        same_arguments([&](writer& out) { return write_atrn(out, c.domains); });
    }
    void operator()(cmd::xclient const& c) const {
        same_arguments([&](writer& out) { return write_xclient(out, c.verb, c.attributes.text()); });
    }

    command_line again(std::string const& text) const {
        auto const split = split_command(text);
        check(split.has_value(), "what is written is a command", text);
        return *split;
    }
    void operator()(cmd::hello const& c) const {
        check(fuzz::lies_in(c.name.text, line), "a name is a part of the line");
        std::string const text =
            written([&](writer& out) { return write_hello(out, c.verb, c.name.text); }, line);
        auto const back = parse_hello(c.verb, again(text).arguments);
        check(back && back->name.text == c.name.text && back->name.kind == c.name.kind,
              "a name reads as it was written", text);
    }
    void operator()(cmd::mail const& c) const {
        parameter_range const all = c.parameters.all();
        check(fuzz::lies_in(c.from.text(), line) && fuzz::lies_in(all.text(), line),
              "parts of a command lie in it");
        mail_options raw;
        raw.others = all.text();
        std::string text =
            written([&](writer& out) { return write_mail(out, c.from.text(), raw, c.verb); }, line);
        auto back = parse_mail(again(text).arguments, strict_syntax, c.verb);
        check(back && back->from.text() == c.from.text() && back->parameters.all().text() == all.text(),
              "MAIL reads as it was written", text);

        std::string others;
        for (parameter const p : all) {
            auto const id = find_parameter(p.keyword);
            if (id && c.parameters.has(*id)) continue;
            if (!others.empty()) others += ' ';
            others += p.keyword;
            if (p.value) (others += '=') += *p.value;
        }
        mail_options typed = to_options(c.parameters);
        typed.others = others;
        text = written([&](writer& out) { return write_mail(out, c.from.text(), typed, c.verb); }, line);
        back = parse_mail(again(text).arguments, strict_syntax, c.verb);
        check(back && back->parameters.size() == c.parameters.size() &&
                  back->parameters.body() == c.parameters.body() &&
                  back->parameters.present() == c.parameters.present() &&
                  back->parameters.envid() == c.parameters.envid() && back->parameters.by() == c.parameters.by() &&
                  back->parameters.holduntil() == c.parameters.holduntil() &&
                  back->parameters.unknown_at().has_value() == c.parameters.unknown_at().has_value(),
              "parameters read as they were written", text);
        check(c.parameters.unknown_at().has_value() == !others.empty(), "unknown parameters are told apart");
    }
    void operator()(cmd::rcpt const& c) const {
        parameter_range const all = c.parameters.all();
        check(fuzz::lies_in(c.to.text(), line) && fuzz::lies_in(all.text(), line),
              "parts of a command lie in it");
        std::string const text =
            written([&](writer& out) { return write_rcpt(out, c.to.text(), all.text(), rules); }, line);
        auto const back = parse_rcpt(again(text).arguments, rules);
        check(back && back->to.text() == c.to.text() && same_parameters(back->parameters.all(), all),
              "RCPT reads as it was written", text);
    }
    void operator()(cmd::vrfy const& c) const {
        std::string const argument = std::string(c.string) + (c.smtputf8 ? " SMTPUTF8" : c.utf8reply ? " UTF8REPLY" : "");
        std::string const text =
            written([&](writer& out) { return write_argument(out, c.verb, argument); }, line);
        auto const back = parse_vrfy(c.verb, again(text).arguments);
        check(back && back->string == c.string && back->smtputf8 == c.smtputf8,
              "a string reads as it was written", text);
        if (is_string(c.string) && c.string.size() <= 200)
            check(oracle::matches(oracle::String, c.string, c.smtputf8), "a string is String");
    }
    void operator()(cmd::noop const& c) const {
        std::string const text =
            written([&](writer& out) { return write_argument(out, c.verb, c.argument); }, line);
        auto const back = parse_noop(c.verb, again(text).arguments);
        check(back && back->argument == c.argument, "a remark reads as it was written", text);
    }
    template <verb V>
    void operator()(cmd::no_argument<V> const&) const {
        std::string const text = written([](writer& out) { return write_no_argument(out, V); }, line);
        check(again(text).verb == V, "a bare verb reads as it was written", text);
    }
};

// What the recogniser knows nothing of: values, repetition, and address literals after HELO.
bool beyond_oracle(errc code) {
    return code == errc::duplicate_parameter || code == errc::conflicting_parameters || code == errc::bad_parameter_value ||
           code == errc::bad_xtext || code == errc::bad_date_time ||
           !fuzz::is_about_grammar(code);
}

void check_oracle(std::string_view line, command_line const& split, std::optional<failure> fault, bool utf8) {
    if (split.verb > verb::turn) return;  // an extension's: the oracle has RFC 5321 and RFC 821 only
    bool const matches = oracle::matches(oracle::command, line, utf8);
    bool const named_by_literal = split.verb == verb::helo && split.arguments.starts_with('[');
    if (fault) {
        check(!matches || beyond_oracle(fault->code), "a command is taken for one", name(fault->code));
        return;
    }
    // MAIL may ask for SMTPUTF8 itself, VRFY and EXPN too.
    check(matches || named_by_literal || oracle::matches(oracle::command, line, true),
          "what is taken for a command is one");
    auto const parts = oracle::split_command(line, true);
    if (!parts) return;
    check(parts->verb == name(split.verb), "its verb is right");
    auto const offset = split.arguments.find(parts->argument);
    check(parts->argument.empty() || offset != split.arguments.npos, "its argument is right");
}

void check_line(std::string_view line) {
    auto const split = split_command(line);
    if (!split) {
        fuzz::check_failure(split.error(), line.size(), verb::unknown);
        return;
    }
    check(fuzz::lies_in(split->name, line) && fuzz::lies_in(split->arguments, line),
          "the parts of a line lie in it");
    check((split->verb == verb::unknown) || iequals(split->name, name(split->verb)), "a verb is its name");

    bool strictly_right = false;
    for (auto const& d : fuzz::dialects) {
        bool called = false;
        auto const fault = visit_command(*split, d.rules, [&](auto const& c) {
            called = true;
            if (d.rules.tolerate.empty()) {
                bool const wide = detail::find_first<chars::non_ascii>(line) != line.size();
                // MAIL and the lookups are written by the strict rules, which want them to name SMTPUTF8 themselves.
                if (!wide || !d.rules.smtputf8) write_back{line, d.rules}(c);
            }
            if constexpr (requires { c.tolerated; })
                if (strictly_right)
                    check(c.tolerated.empty(), "what is right is not tolerated but accepted", d.name);
        });
        check(called == !fault.has_value(), "a command is parsed or refused");
        if (fault) fuzz::check_failure(*fault, line.size(), split->verb);
        check(!strictly_right || !fault, "leniency only ever adds", d.name);
        if (&d == fuzz::dialects) strictly_right = !fault;
        if (line.size() <= 200 && d.rules.tolerate.empty())
            check_oracle(line, *split, fault, d.rules.smtputf8);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size > 4096) return 0;
    fuzz::current = fuzz::as_text(data, size);
    check_lines(fuzz::current);
    check_one_step(fuzz::current);
    // The whole input is a line too, whatever it holds: a parser may be given anything.
    check_line(fuzz::block(fuzz::current).view());
    std::size_t at = 0;
    for (std::size_t end; (end = fuzz::current.find("\r\n", at)) != fuzz::current.npos; at = end + 2)
        check_line(fuzz::block(fuzz::current.substr(at, end - at)).view());
    return 0;
}
