// Every command: split, parse, write. RFC 5321 4.1.1, RFC 821 4.1.2.
#pragma once

#include <ehlo/parameters.hpp>
#include <ehlo/path.hpp>
#include <ehlo/verb.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ehlo::inline v0::inline EHLO_TARGET {

/// A command line cut in two. Borrows from the line.
struct command_line {
    v0::verb verb;                ///< `unknown` if `name` is no verb that ehlo knows
    std::string_view name;        ///< the verb as it stands
    std::string_view arguments;   ///< what follows the SP after it, without trailing white space
    leniency tolerated{};         ///< spaces_after_verb
};

/// The commands, typed. All views borrow from the line.
namespace cmd {
/// HELO, EHLO, LHLO.
struct hello {
    v0::verb verb;
    host name;  ///< under rule::any_hello_name whatever stood there, as a domain; what was tolerated stands in it
};
/// MAIL and its sisters SEND, SOML, SAML.
struct mail {
    v0::verb verb;
    path from;
    mail_parameters parameters;
    leniency tolerated;
};
struct rcpt {
    path to;
    rcpt_parameters parameters;
    leniency tolerated;
};
/// VRFY, EXPN. `smtputf8` is RFC 6531's token after the string; `utf8reply` that of RFC 5336, which it replaced.
struct vrfy {
    v0::verb verb;
    std::string_view string;
    bool smtputf8;
    bool utf8reply = false;
    leniency tolerated{};
};
/// HELP, NOOP, VERB: the argument may be empty.
struct noop {
    v0::verb verb;
    std::string_view argument;
    leniency tolerated{};
};
/// Nothing but the verb.
template <verb V>
struct no_argument {
    static constexpr v0::verb verb = V;
};
using data = no_argument<verb::data>;
using rset = no_argument<verb::rset>;
using quit = no_argument<verb::quit>;
using turn = no_argument<verb::turn>;
using starttls = no_argument<verb::starttls>;  ///< RFC 3207
using onex = no_argument<verb::onex>;          ///< sendmail
}  // namespace cmd

namespace detail {
// The verbs whose argument is free text: a space before it is a part of it, and no departure.
constexpr bool takes_text(verb v) noexcept {
    return v == verb::vrfy || v == verb::expn || v == verb::help || v == verb::noop || v == verb::verbose;
}

// Any line, white space and all.
EHLO_NOINLINE constexpr result<command_line> split_rare(std::string_view line, syntax const& rules) noexcept {
    while (!line.empty() && (line.back() == ' ' || line.back() == '\t')) line.remove_suffix(1);
    if (line.empty()) return fail(errc::empty_line, 0);
    std::size_t const end = find_first<charset(" ")>(line);
    command_line split{find_verb(detail::sub(line, 0, end)), detail::sub(line, 0, end), detail::sub(line, end == line.size() ? end : end + 1)};
    if (rules.tolerate.has(rule::spaces_after_verb) && !takes_text(split.verb)) {
        while (!split.arguments.empty() && split.arguments.front() == ' ') {
            split.arguments.remove_prefix(1);
            split.tolerated = rule::spaces_after_verb;
        }
    }
    if (split.verb == verb::unknown) {
        std::string_view const rest = split.arguments;
        std::size_t const last_word = rest.size() < 6 ? 0 : find_last<charset(" ")>(rest, 0, rest.size());
        if (istarts_with(detail::sub(rest, last_word), " HTTP/") || iequals(split.name, "Host:"))
            return fail(errc::http_request, 0);
    }
    return split;
}
}  // namespace detail

/// Cuts a line (without its CRLF) at its first SP. Trailing SP and HTAB are dropped (RFC 5321 4.1.1). The verb may be
/// unknown: that is for the caller to refuse. Borrows from `line`. Errors: empty_line; http_request for the first line of
/// an HTTP request and for a "Host:" line, whose sender is a web browser that somebody turns against the server.
EHLO_INLINE constexpr result<command_line> split_command(std::string_view line EHLO_LIFETIMEBOUND, syntax const& rules = strict_syntax) noexcept {
    // Verbs of 4 letters are nearly all there is: one look-up, and no search for the SP.
    char const* const p = line.data();
    std::size_t const size = line.size();
    if (size >= 4) {
        verb const v = detail::find_verb4(p);
        bool const bare = size == 4;
        // The last octet before p[5]: after "MAIL " there is none.
        if (v != verb::unknown && (bare || (p[4] == ' ' && p[size - 1] != ' ' && p[size - 1] != '\t' && p[5] != ' '))) [[likely]]
            return command_line{v, {p, 4}, {p + (bare ? 4 : 5), size - (bare ? 4 : 5)}};
    }
    return detail::split_rare(line, rules);
}
template <detail::temporary Text>
result<command_line> split_command(Text&&, syntax const& = strict_syntax) = delete;

namespace detail {

// Where `keyword` and its colon should stand: spaces between the two, or the place of the fault.
EHLO_NOINLINE constexpr bool scan_keyword(cursor& c, std::string_view keyword, errc otherwise) noexcept {
    if (c.end()) return c.stop(errc::missing_argument);
    while (!c.end() && c.at < keyword.size() && to_upper(c.peek()) == keyword[c.at]) ++c.at;
    if (c.at != keyword.size()) return c.stop(otherwise);
    std::size_t const behind = c.at;
    while (c.next_is(' ') && c.tolerate(rule::space_before_colon)) ++c.at;
    return c.skip(':') || c.stop(otherwise, c.at > behind && c.end() ? c.at : behind);
}
EHLO_NOINLINE constexpr void skip_after_colon(cursor& c) noexcept {
    while ((c.next_is(' ') && c.tolerate(rule::space_after_colon)) || (c.next_is('\t') && c.tolerate(rule::tab_after_colon))) ++c.at;
}
// "FROM:" / "TO:"
EHLO_INLINE constexpr bool scan_colon_word(cursor& c, path_role role) noexcept {
    char const* const p = c.text.data();
    if (role == path_role::forward) {
        if (c.text.size() >= 3 && (p[0] & '\xDF') == 'T' && (p[1] & '\xDF') == 'O' && p[2] == ':') [[likely]] c.at = 3;
        else if (!scan_keyword(c, "TO", errc::expected_to)) return false;
    } else {
        if (c.text.size() >= 5 && fold4(p) == fold4("FROM") && p[4] == ':') [[likely]] c.at = 5;
        else if (!scan_keyword(c, "FROM", errc::expected_from)) return false;
    }
    if (!c.next_is('<')) [[unlikely]] skip_after_colon(c);
    return true;
}

// Whether a path without its brackets reads as a parameter, keyword ["=" value], as in "MAIL FROM: BODY=7BIT": then there is no
// path. A registered keyword tells it; any other one does if no domain shows that it is an address.
EHLO_NOINLINE constexpr bool reads_as_parameter(path const& p) noexcept {
    std::string_view const text = p.address();
    std::size_t const end = find_first<~chars::esmtp_keyword>(text);
    bool const value = end != text.size() && text[end] == '=';
    if (end == 0 || (!value && end != text.size())) return false;
    return find_parameter(sub(text, 0, end)) || (value && p.domain().empty());
}

// "FROM:" / "TO:", the path, and the parameters after one SP. `path_at`: where the path begins, if a fast attempt at it was made in
// vain; 0 if nobody has looked.
template <class Parameters, class Known>
EHLO_INLINE constexpr bool scan_envelope(cursor& c, path_role role, path& p, Parameters& parameters, std::size_t path_at, Known known) noexcept {
    if (path_at != 0) {
        c.at = path_at;
        if (!path_access::read(c, role, p)) return false;
    } else {
        if (!scan_colon_word(c, role)) return false;
        leniency const before = c.tolerated;   // in front of the path: not the path's
        c.tolerated = strict;
        if (!path_access::take(c, role, p)) return false;
        c.tolerated |= before;
    }
    if (p.tolerated().has(rule::missing_brackets) && reads_as_parameter(p)) [[unlikely]]
        return c.stop(errc::expected_path, c.at - p.text().size());
    if (!c.end() && !c.skip(' ')) return c.stop(errc::unexpected_argument);
    return parameter_access::scan(c, parameters, known);
}

constexpr result<std::string_view> free_text(std::string_view text, syntax const& rules, leniency& tolerated) noexcept {
    std::size_t const bad = find_first<chars::unsafe>(text);
    if (bad != text.size())
        return fail(text[bad] == '\r' ? errc::bare_cr : text[bad] == '\n' ? errc::bare_lf : errc::nul_octet, bad);
    std::size_t const wide = find_first<chars::non_ascii>(text);
    if (wide == text.size()) return text;
    if (!rules.smtputf8 && !rules.tolerate.has(rule::utf8_without_smtputf8)) return fail(errc::non_ascii, wide);
    std::size_t const broken = find_bad_utf8(text);
    if (broken != text.size()) return fail(errc::bad_utf8, broken);
    if (!rules.smtputf8) tolerated |= rule::utf8_without_smtputf8;
    return text;
}

}  // namespace detail

/// helo = "HELO" SP Domain;  ehlo = "EHLO" SP ( Domain / address-literal ); LHLO (RFC 2033 4.1) as EHLO. The part after
/// the SP.
/// An address literal is accepted after HELO too: RFC 5321 4.1.3 wants it of hosts without a name.
/// Text after the name is refused, or dropped under rule::text_after_hello. Under rule::any_hello_name what no other rule makes
/// right is the name as it stands, nothing too; only controls are refused.
/// Errors: missing_argument, and those of parse_host. The name is ASCII even where SMTPUTF8 is in use (RFC 6531 3.7.1).
constexpr result<cmd::hello> parse_hello(verb v, std::string_view arguments EHLO_LIFETIMEBOUND, syntax const& rules = strict_syntax) noexcept {
    syntax ascii = rules;
    ascii.smtputf8 = false;
    result<host> name = arguments.empty() ? fail(errc::missing_argument, 0) : parse_host(arguments, ascii);
    if (name) [[likely]] return cmd::hello{v, *name};
    std::size_t const space = detail::find_first<charset(" ")>(arguments);
    if (space != arguments.size() && rules.tolerate.has(rule::text_after_hello)) {
        name = parse_host(detail::sub(arguments, 0, space), ascii);
        if (name) {
            name->tolerated |= rule::text_after_hello;
            auto const text = detail::free_text(detail::sub(arguments, space), ascii, name->tolerated);
            if (!text) name = fail(text.error().code, space + text.error().at);
        }
    }
    if (!name && rules.tolerate.has(rule::any_hello_name)) {
        constexpr charset controls = ~(chars::textstring + chars::non_ascii);
        bool const outer = !arguments.empty() && (chars::wsp.contains(arguments.front()) || chars::wsp.contains(arguments.back()));
        if (!outer && detail::find_first<controls>(arguments) == arguments.size())
            name = host{arguments, host_kind::domain, rule::any_hello_name};
    }
    if (!name) return name.error();
    return cmd::hello{v, *name};
}
template <detail::temporary Text>
result<cmd::hello> parse_hello(verb, Text&&, syntax const& = strict_syntax) = delete;

namespace detail {
// A MAIL with octets over 127 in its path, or with a fault. The parameter that allows these octets stands after them.
template <class Known>
EHLO_NOINLINE constexpr void mend_mail(result<cmd::mail>& r, cursor const& c, bool read, verb v, std::size_t path_at, Known known) noexcept {
    // What SMTPUTF8 in the same command allows was not tolerated.
    if (read ? !r->parameters.smtputf8() : c.error.code != errc::non_ascii) {
        if (!read) r = c.error;
        return;
    }
    syntax wide = c.rules;
    wide.smtputf8 = true;
    cursor again{c.text, wide};
    cmd::mail m{v, {}, {}, {}};
    if (!scan_envelope(again, path_role::reverse, m.from, m.parameters, path_at, known)) {
        r = again.error;
    } else if (!m.parameters.smtputf8()) {
        r = c.error;
    } else {
        m.tolerated = again.tolerated;
        r = m;
    }
}
template <class Known = known_parameters<>>
EHLO_INLINE constexpr result<cmd::mail> read_mail(std::string_view arguments, syntax const& rules, verb v, std::size_t path_at = 0, Known known = {}) noexcept {
    // One object to return, filled where it stands.
    result<cmd::mail> r{to_be_filled()};
    cursor c{arguments, rules};
    r->verb = v;
    bool const read = scan_envelope(c, path_role::reverse, r->from, r->parameters, path_at, known);
    r->tolerated = c.tolerated;
    if (!read || c.tolerated.has(rule::utf8_without_smtputf8)) [[unlikely]] mend_mail(r, c, read, v, path_at, known);
    return r;
}
template <class Known = known_parameters<>>
EHLO_INLINE constexpr result<cmd::rcpt> read_rcpt(std::string_view arguments, syntax const& rules, std::size_t path_at = 0, Known known = {}) noexcept {
    result<cmd::rcpt> r{to_be_filled()};
    cursor c{arguments, rules};
    bool const read = scan_envelope(c, path_role::forward, r->to, r->parameters, path_at, known);
    r->tolerated = c.tolerated;
    if (!read) [[unlikely]] r = c.error;
    return r;
}
}  // namespace detail

/// mail = "MAIL FROM:" Reverse-path [SP Mail-parameters]; SEND, SOML and SAML alike. The part after "MAIL SP".
/// Octets over 127 in the path need the parameter SMTPUTF8 in the same command (RFC 6531 3.4).
/// Errors: missing_argument, expected_from, unexpected_argument (after the path), those of parse_reverse_path and of
/// parse_mail_parameters; `at` counts from the first octet of `arguments`.
constexpr result<cmd::mail> parse_mail(std::string_view arguments EHLO_LIFETIMEBOUND, syntax const& rules = strict_syntax, verb v = verb::mail) noexcept {
    return detail::read_mail(arguments, rules, v);
}
template <detail::temporary Text>
result<cmd::mail> parse_mail(Text&&, syntax const& = strict_syntax, verb = verb::mail) = delete;

/// rcpt = "RCPT TO:" ( "<Postmaster@" Domain ">" / "<Postmaster>" / Forward-path ) [SP Rcpt-parameters]. The part after
/// "RCPT SP". `rules.smtputf8` should say whether the MAIL command had SMTPUTF8. Errors: as parse_mail.
constexpr result<cmd::rcpt> parse_rcpt(std::string_view arguments EHLO_LIFETIMEBOUND, syntax const& rules = strict_syntax) noexcept {
    return detail::read_rcpt(arguments, rules);
}
template <detail::temporary Text>
result<cmd::rcpt> parse_rcpt(Text&&, syntax const& = strict_syntax) = delete;

/// vrfy = "VRFY" SP String [SP "SMTPUTF8"]; EXPN alike; "UTF8REPLY" in the same place (RFC 5336 3.7.4.2). RFC 5321 3.5.1 wants servers to take local@domain, which String
/// does not cover: all that stands after the SP is the string. See is_string.
/// Errors: missing_argument, nul_octet, non_ascii (octets over 127 without a token), bad_utf8.
constexpr result<cmd::vrfy> parse_vrfy(verb v, std::string_view arguments EHLO_LIFETIMEBOUND, syntax const& rules = strict_syntax) noexcept {
    if (arguments.empty()) return fail(errc::missing_argument, 0);
    auto cut = [&arguments](std::string_view token) noexcept {
        if (arguments.size() <= token.size() || !iequals(detail::sub(arguments, arguments.size() - token.size()), token)) return false;
        arguments.remove_suffix(token.size());
        return true;
    };
    bool const utf8 = cut(" SMTPUTF8"), old = !utf8 && cut(" UTF8REPLY");
    syntax wide = rules;
    wide.smtputf8 = utf8 || old;
    cmd::vrfy l{v, {}, utf8, old, {}};
    auto const text = detail::free_text(arguments, wide, l.tolerated);
    if (!text) return text.error();
    l.string = *text;
    return l;
}
template <detail::temporary Text>
result<cmd::vrfy> parse_vrfy(verb, Text&&, syntax const& = strict_syntax) = delete;

/// String = Atom / Quoted-string (RFC 5321 4.1.2): what VRFY and EXPN take by the letter.
[[nodiscard]] constexpr bool is_string(std::string_view text, syntax const& rules = strict_syntax) noexcept {
    detail::cursor c{text, rules};
    if (c.next_is('"')) return detail::scan_quoted_string(c) && c.end();
    while (c.next_in(chars::atext) || (c.next_is_wide() && rules.smtputf8))
        if (c.next_is_wide() ? !c.skip_wide() : (++c.at, false)) return false;
    return c.end() && !text.empty();
}

/// help = "HELP" [ SP String ];  noop = "NOOP" [ SP String ]. The rest of the line is the argument.
/// Errors: nul_octet, non_ascii, bad_utf8.
constexpr result<cmd::noop> parse_noop(verb v, std::string_view arguments EHLO_LIFETIMEBOUND, syntax const& rules = strict_syntax) noexcept {
    cmd::noop r{v, {}, {}};
    auto const text = detail::free_text(arguments, rules, r.tolerated);
    if (!text) return text.error();
    r.argument = *text;
    return r;
}
template <detail::temporary Text>
result<cmd::noop> parse_noop(verb, Text&&, syntax const& = strict_syntax) = delete;

/// data = "DATA";  rset = "RSET";  quit = "QUIT";  "TURN" of RFC 821; "STARTTLS" of RFC 3207 4. Errors: unexpected_argument.
template <verb V>
constexpr result<cmd::no_argument<V>> parse_no_argument(std::string_view arguments) noexcept {
    if (!arguments.empty()) return fail(errc::unexpected_argument, 0);
    return cmd::no_argument<V>{};
}

// Writers. Each writes one whole command line with its CRLF and returns the octets written, or writes nothing.
// Errors of all: output_full, unsafe_octet, and those of the parser of what they write: nothing is written that ehlo
// would not read under the `rules` given, strictly unless they say otherwise. `at` counts from the first octet of the value at
// fault; in parameters, from the first of them as they are written. Departures of spelling (see of_spelling) are never
// written: a path gets its brackets, and what was read under any rules can be passed on under the same ones.

namespace detail {
constexpr std::optional<failure> find_unsafe(std::string_view text) noexcept {
    std::size_t const bad = find_first<chars::unsafe>(text);
    return bad == text.size() ? std::nullopt : std::optional(fail(errc::unsafe_octet, bad));
}
constexpr syntax written(syntax rules) noexcept {
    rules.tolerate = rules.tolerate - of_spelling;
    return rules;
}
// A path as it is to be written, from however it is spelt.
constexpr result<path> read_path(std::string_view text, path_role role, syntax rules) noexcept {
    rules.tolerate |= rule::missing_brackets | rule::spaces_in_route;
    return parse_path(text, role, rules);
}
constexpr void put_path(writer& w, std::string_view text, result<path> const& p) noexcept {
    // No path has an octet that is unsafe, so these are looked for only in what is none.
    if (!p) {
        auto const bad = find_unsafe(text);
        w.refuse(bad ? *bad : p.error());
    } else if (p->tolerated().empty()) w.raw(text);
    else if (auto const n = write_path(w, *p); !n) w.refuse(n.error());
}
// A line that is no more than a verb and a path.
constexpr result<std::size_t> write_read_path(writer& out, std::string_view begin, std::string_view text, result<path> const& p) noexcept {
    return out.atomically([&](writer& w) {
        put_path(w.raw(begin), text, p);
        w.crlf();
    });
}
EHLO_INLINE constexpr result<std::size_t> write_path_line(writer& out, std::string_view begin, std::string_view text, path_role role,
                                                          syntax const& rules) noexcept {
    auto const p = read_path(text, role, rules);
    if (p && p->tolerated().empty())
        if (std::size_t const size = put_at_once(out, begin, text, "\r\n"); size != 0) [[likely]] return size;
    return write_read_path(out, begin, text, p);
}
// What is wrong with the arguments of MAIL, whose path ends at `path_end`, as a fault in the value that was given.
EHLO_NOINLINE constexpr failure place_in_value(failure const& f, std::size_t path_end, std::string_view path) noexcept {
    constexpr std::size_t from = 5;   // "FROM:"
    if (f.at > path_end) return fail(f.code, f.at - path_end - 1);
    // However the path was spelt, this is all that can be wrong with one that was read before.
    return fail(f.code, f.code == errc::non_ascii ? find_first<chars::non_ascii>(path) : f.at - from);
}
}  // namespace detail

/// "EHLO SP host", "HELO SP host", "LHLO SP host".
constexpr result<std::size_t> write_hello(writer& out, verb v, std::string_view host, syntax const& rules = strict_syntax) noexcept {
    if (v != verb::helo && v != verb::ehlo && v != verb::lhlo) return fail(errc::bad_value, 0);
    if (auto const bad = detail::find_unsafe(host)) return *bad;
    if (auto const parsed = parse_hello(v, host, detail::written(rules)); !parsed) return parsed.error();
    return detail::write_line(out, name(v), host.empty() ? "" : " ", host);
}

/// "MAIL FROM:<path>". `from` is a reverse path, with its brackets or without. A program that calls no more than this has no code for
/// parameters in it.
constexpr result<std::size_t> write_mail(writer& out, std::string_view from) noexcept {
    return detail::write_path_line(out, "MAIL FROM:", from, path_role::reverse, strict_syntax);
}
/// "MAIL FROM:<path> parameters" (SEND, SOML, SAML alike).
constexpr result<std::size_t> write_mail(writer& out, std::string_view from, mail_options const& options,
                                         verb v = verb::mail, syntax const& rules = strict_syntax) noexcept {
    if (v != verb::mail && v != verb::send && v != verb::soml && v != verb::saml) return fail(errc::bad_value, 0);
    if (!options.others.empty())
        if (auto const bad = detail::find_unsafe(options.others)) return *bad;
    syntax const exact = detail::written(rules);
    auto begin = [v](writer& w) noexcept -> writer& { return v == verb::mail ? w.raw("MAIL FROM:") : w.raw(name(v)).raw(" FROM:"); };
    // A path that is right, and parameters whose types leave nothing to be wrong, need not be read back.
    constexpr parameter_ids plain = parameter_ids(parameter_id::size) | parameter_id::body | parameter_id::smtputf8;
    if (from.starts_with('<') && options.others.empty() && (given(options) - plain).empty() && parse_reverse_path(from, exact)) {
        // In one piece: to ask for each word whether there is room took a tenth of the whole.
        char tail[64], *end = tail;
        if (options.size) end = detail::put_octets(detail::put_octets(end, " SIZE="), detail::digits(*options.size).text());
        if (options.body) end = detail::put_octets(detail::put_octets(end, " BODY="), name(*options.body));
        if (options.smtputf8) end = detail::put_octets(end, " SMTPUTF8");
        end = detail::put_octets(end, "\r\n");
        std::string_view const rest{tail, static_cast<std::size_t>(end - tail)};
        if (v == verb::mail)
            if (std::size_t const size = detail::put_at_once(out, "MAIL FROM:", from, rest); size != 0) [[likely]] return size;
        return out.atomically([&](writer& w) { begin(w).raw(from).raw(rest); });
    }
    std::size_t const before = out.size();
    return out.atomically([&](writer& w) {
        constexpr charset odd = chars::unsafe + " ";
        begin(w);
        // What is spelt right is read only once: below.
        if (from.starts_with('<') && detail::find_first<odd>(from) == from.size()) {
            w.raw(from);
        } else {
            syntax wide = exact;
            wide.smtputf8 = true;  // whether it may be: see below
            detail::put_path(w, from, detail::read_path(from, path_role::reverse, wide));
        }
        std::size_t const path_end = w.size();
        detail::put_parameters(w, options, exact);
        if (!w.ok()) return;
        // The line is read back before it is ended: what cannot be read is not sent.
        std::string_view const written = detail::sub(w.text(), before + 5);
        if (auto const parsed = parse_mail(written, exact, v); !parsed) w.refuse(detail::place_in_value(parsed.error(), path_end - before - 5, from));
        w.crlf();
    });
}

/// "RCPT TO:<path>". `to` is a forward path, with its brackets or without; `rules.smtputf8` as for parse_rcpt.
constexpr result<std::size_t> write_rcpt(writer& out, std::string_view to, syntax const& rules = strict_syntax) noexcept {
    return detail::write_path_line(out, "RCPT TO:", to, path_role::forward, detail::written(rules));
}
/// "RCPT TO:<path> parameters".
constexpr result<std::size_t> write_rcpt(writer& out, std::string_view to, std::string_view parameters,
                                         syntax const& rules = strict_syntax) noexcept {
    syntax const exact = detail::written(rules);
    if (!parameters.empty())
        if (auto const bad = detail::find_unsafe(parameters)) return *bad;
    return out.atomically([&](writer& w) {
        w.raw("RCPT TO:");
        detail::put_path(w, to, detail::read_path(to, path_role::forward, exact));
        if (!parameters.empty()) {
            if (auto const parsed = parse_rcpt_parameters(parameters, exact); !parsed) w.refuse(parsed.error());
            w.raw(' ').raw(parameters);
        }
        w.crlf();
    });
}

/// Likewise, with typed parameters.
constexpr result<std::size_t> write_rcpt(writer& out, std::string_view to, rcpt_options const& options,
                                         syntax const& rules = strict_syntax) noexcept {
    syntax const exact = detail::written(rules);
    return out.atomically([&](writer& w) {
        w.raw("RCPT TO:");
        detail::put_path(w, to, detail::read_path(to, path_role::forward, exact));
        if (auto const n = write_parameters(w, options, exact); !n) w.refuse(n.error());
        w.crlf();
    });
}

/// "VRFY SP string", "EXPN SP string", "HELP [SP text]", "NOOP [SP text]", "VERB [SP text]".
constexpr result<std::size_t> write_argument(writer& out, verb v, std::string_view argument = {},
                                             syntax const& rules = strict_syntax) noexcept {
    if (auto const bad = detail::find_unsafe(argument)) return *bad;
    if (v == verb::vrfy || v == verb::expn) {
        if (auto const parsed = parse_vrfy(v, argument, detail::written(rules)); !parsed) return parsed.error();
    } else if (v == verb::help || v == verb::noop || v == verb::verbose) {
        if (auto const parsed = parse_noop(v, argument, detail::written(rules)); !parsed) return parsed.error();
    } else {
        return fail(errc::bad_value, 0);
    }
    // Trailing white space is not part of an argument when it is read: it could not come back.
    if (!argument.empty() && chars::wsp.contains(argument.back())) return fail(errc::bad_value, argument.size() - 1);
    return detail::write_line(out, name(v), argument.empty() ? "" : " ", argument);
}

/// "DATA", "RSET", "QUIT", "TURN", "STARTTLS", "ONEX"; also "HELP", "NOOP" and "VERB" alone.
constexpr result<std::size_t> write_no_argument(writer& out, verb v) noexcept {
    constexpr auto alone = set_of<verb>(verb::data) | verb::rset | verb::quit | verb::turn | verb::starttls | verb::onex | verb::help |
                           verb::noop | verb::verbose;
    if (!alone.has(v)) return fail(errc::bad_value, 0);
    return detail::write_line(out, name(v), "", "");
}

}  // namespace ehlo
