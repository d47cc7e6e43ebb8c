// The parsers against the oracle: generated sentences of each production and their mutations. Decoding and encoding of
// content are compared in test_content.cpp.
#include "support.hpp"

#include "generate.hpp"
#include "oracle.hpp"

#include <ehlo/command.hpp>
#include <ehlo/dispatch.hpp>
#include <ehlo/domain.hpp>
#include <ehlo/ehlo_answer.hpp>
#include <ehlo/mailbox.hpp>
#include <ehlo/parameters.hpp>
#include <ehlo/path.hpp>
#include <ehlo/reply_reader.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

using namespace ehlo;
using support::escaped;
using support::say;
using namespace std::string_literals;
using namespace std::string_view_literals;

namespace {

constexpr int rounds = generate::drawn(200000);

// The limits out of the way, as in the rules of the oracle.
constexpr syntax unlimited(bool utf8) {
    return {.tolerate = strict,
            .smtputf8 = utf8,
            .max_local_part = 0xFFFF,
            .max_domain = 0xFFFF,
            .max_path = 0xFFFF};
}
constexpr syntax limited(bool utf8) { return {.tolerate = strict, .smtputf8 = utf8}; }

// Every failure must be a place: what stands before it is not at fault alone, and it is not beyond the end.
bool placed(failure f, std::string_view text) { return f.at <= text.size(); }

// Draws `many` texts: sentences, their mutations, and halves of two sentences; `agree(text, utf8)` says whether oracle
// and library agree and sets `accepted`.
template <class Generate, class Agree>
void compare(unsigned seed, Generate&& make, Agree&& agree, int many = rounds) {
    generate::rng r(seed);
    std::size_t good = 0, bad = 0;
    std::string last;
    for (int i = 0; i < many; ++i) {
        // Sentences with UTF-8 are also read without, and the other way round.
        bool const wide = r.one_in(2), utf8 = r.one_in(8) ? !wide : wide;
        std::size_t const budget = r.one_in(1000) ? 200 : r.between(2, 8);
        std::string text = make(r, wide, budget);
        switch (r.below(4)) {
        case 0: break;
        case 1: {
            std::string const other = generate::splice(r, text, last);
            last = text;
            text = other;
            break;
        }
        default:
            last = text;
            generate::mutate(r, text);
            break;
        }
        bool accepted = false;
        std::string const what = agree(support::shared_fence().put(text), utf8, accepted);
        ++(accepted ? good : bad);
        if (!what.empty())
            FAIL_CHECK(escaped(text) << (utf8 ? " with" : " without") << " SMTPUTF8: " << what);
    }
    CHECK(good > static_cast<std::size_t>(many) / 10);
    CHECK(bad > static_cast<std::size_t>(many) / 10);
}

// A verdict of the oracle against a result of the library, and the failure's place.
template <class T>
std::string disagreement(bool oracle_accepts, result<T> const& r, std::string_view text) {
    if (oracle_accepts != r.has_value())
        return std::string("oracle ") + (oracle_accepts ? "accepts" : "refuses") + ", ehlo says " + say(r);
    if (!r && !placed(r.error(), text)) return "no place: " + say(r.error());
    return {};
}

// The smallest limit is 64 octets: the oracle need not be asked about less.
bool near_limits(std::string_view text) { return text.size() > 60; }

bool has_wide(std::string_view text) {
    for (char const c : text)
        if (static_cast<unsigned char>(c) > 127) return true;
    return false;
}

bool is_utf8(std::string_view text) {
    return oracle::matches(oracle::any(oracle::alt(oracle::range(0, 127), oracle::UTF8_non_ascii)), text);
}

// What ehlo looks at in the values of MAIL's parameters, beyond their grammar.
bool values_are_right(std::vector<oracle::parameter> const& all, bool mail) {
    for (std::size_t i = 0; i < all.size(); ++i)
        for (std::size_t k = 0; k < i; ++k)
            if (oracle::same_ignoring_case(all[i].keyword, all[k].keyword)) return false;
    if (!mail) return true;
    for (oracle::parameter const& p : all) {
        if (oracle::same_ignoring_case(p.keyword, "SIZE")) {
            if (!p.value || p.value->size() > 20 ||
                p.value->find_first_not_of("0123456789") != std::string::npos)
                return false;
            if (p.value->size() == 20 && *p.value > "18446744073709551615") return false;
        }
        if (oracle::same_ignoring_case(p.keyword, "BODY")) {
            if (!p.value || (!oracle::same_ignoring_case(*p.value, "7BIT") &&
                             !oracle::same_ignoring_case(*p.value, "8BITMIME") &&
                             !oracle::same_ignoring_case(*p.value, "BINARYMIME")))
                return false;
        }
        if (oracle::same_ignoring_case(p.keyword, "SMTPUTF8") && p.value) return false;
    }
    return true;
}

// Parameters with values of their own grammars, which are tested elsewhere: a refusal of one of them proves nothing here.
bool has_typed(std::vector<oracle::parameter> const& all, bool mail) {
    constexpr std::string_view of_mail[] = {"RET",        "ENVID",       "AUTH",    "BY",         "HOLDFOR",
                                            "HOLDUNTIL",  "MT-PRIORITY", "MTRK",    "SOLICIT",    "SUBMITTER",
                                            "REQUIRETLS", "CONPERM",     "TRANSID", "ALT-ADDRESS"};
    constexpr std::string_view of_rcpt[] = {"NOTIFY", "ORCPT", "RRVS", "CONNEG", "ALT-ADDRESS"};
    for (oracle::parameter const& p : all) {
        if (mail) {
            for (std::string_view const known : of_mail)
                if (oracle::same_ignoring_case(p.keyword, known)) return true;
        } else {
            for (std::string_view const known : of_rcpt)
                if (oracle::same_ignoring_case(p.keyword, known)) return true;
        }
    }
    return false;
}
bool is_value_fault(errc code) {
    return code == errc::bad_parameter_value || code == errc::bad_xtext || code == errc::bad_date_time ||
           code == errc::parameter_too_long || code == errc::conflicting_parameters ||
           code == errc::non_ascii || code == errc::bad_utf8;
}
template <class T>
bool excused(result<T> const& r, std::vector<oracle::parameter> const& all, bool mail) {
    return !r && is_value_fault(r.error().code) && has_typed(all, mail);
}

template <class Parameters>
bool same_parameters(Parameters const& ours, std::vector<oracle::parameter> const& theirs) {
    std::size_t i = 0;
    for (parameter const p : ours.all()) {
        if (i == theirs.size() || p.keyword != theirs[i].keyword) return false;
        if (p.value.has_value() != theirs[i].value.has_value() || (p.value && *p.value != *theirs[i].value))
            return false;
        ++i;
    }
    return i == theirs.size();
}

bool same_path(path const& ours, std::string_view text, bool utf8) {
    auto const theirs = oracle::split_path(text, utf8);
    if (!theirs || ours.text() != text || !ours.tolerated().empty()) return false;
    std::size_t i = 0;
    for (std::string_view const hop : ours.route())
        if (i == theirs->route.size() || hop != theirs->route[i++]) return false;
    if (i != theirs->route.size() || ours.address() != theirs->mailbox) return false;
    if (ours.is_null()) return text == "<>";
    if (ours.is_postmaster()) return oracle::same_ignoring_case(text, "<Postmaster>");
    auto const box = oracle::split_mailbox(theirs->mailbox, utf8);
    return box && ours.local_part() == box->local_part && ours.domain() == box->domain &&
           (ours.domain_kind() == host_kind::domain) == (box->domain[0] != '[');
}

}  // namespace

TEST_CASE("domains against the oracle", "[differential]") {
    compare(
        1, [](generate::rng& r, bool wide, std::size_t budget) { return generate::domain(r, wide, budget); },
        [](std::string_view text, bool utf8, bool& accepted) {
            auto const d = parse_domain(text, unlimited(utf8));
            accepted = d.has_value();
            bool const expected = oracle::matches(oracle::Domain, text, utf8);
            std::string what = disagreement(expected, d, text);
            if (what.empty() && expected && near_limits(text) &&
                parse_domain(text, limited(utf8)).has_value() != oracle::limits::domain_fits(text))
                what = "limits";
            return what;
        });
}

TEST_CASE("address literals against the oracle", "[differential]") {
    compare(
        2, [](generate::rng& r, bool, std::size_t budget) { return generate::address_literal(r, budget); },
        [](std::string_view text, bool utf8, bool& accepted) {
            auto const h = parse_host(text, unlimited(utf8));
            accepted = h && h->is_literal();
            bool const expected = oracle::matches(oracle::address_literal, text, utf8);
            if (accepted != expected) return disagreement(expected, h, text) + " (literal)";
            if (!accepted) return std::string();
            std::string_view const inner = text.substr(1, text.size() - 2);
            host_kind const kind = oracle::matches(oracle::IPv4_address_literal, inner) ? host_kind::ipv4
                                   : oracle::same_ignoring_case(inner.substr(0, 5), "IPv6:")
                                       ? host_kind::ipv6
                                       : host_kind::general;
            if (h->kind != kind) return "another kind: " + say(*h);
            if (near_limits(text) &&
                parse_host(text, limited(utf8)).has_value() != oracle::limits::domain_fits(text))
                return "limits"s;
            return parse_ip_address(text).has_value() == (kind != host_kind::general) ? std::string()
                                                                                      : "no address"s;
        });
}

TEST_CASE("mailboxes against the oracle", "[differential]") {
    compare(
        3, [](generate::rng& r, bool wide, std::size_t budget) { return generate::mailbox(r, wide, budget); },
        [](std::string_view text, bool utf8, bool& accepted) {
            auto const m = parse_mailbox(text, unlimited(utf8));
            accepted = m.has_value();
            bool const expected = oracle::matches(oracle::Mailbox, text, utf8);
            std::string what = disagreement(expected, m, text);
            if (!what.empty() || !expected) return what;
            auto const parts = oracle::split_mailbox(text, utf8);
            if (!parts || m->local_part != parts->local_part || m->domain.text != parts->domain ||
                !m->tolerated.empty())
                return "parts: " + say(*m);
            if (near_limits(text) &&
                parse_mailbox(text, limited(utf8)).has_value() != oracle::limits::mailbox_fits(text, utf8))
                return "limits"s;
            return std::string();
        });
}

TEST_CASE("reverse paths against the oracle", "[differential]") {
    compare(
        4,
        [](generate::rng& r, bool wide, std::size_t budget) {
            return r.one_in(20) ? "<Postmaster>" : generate::reverse_path(r, wide, budget);
        },
        [](std::string_view text, bool utf8, bool& accepted) {
            auto const p = parse_reverse_path(text, unlimited(utf8));
            accepted = p.has_value();
            bool const expected = oracle::matches(oracle::Reverse_path, text, utf8);
            std::string what = disagreement(expected, p, text);
            if (!what.empty() || !expected) return what;
            if (!same_path(*p, text, utf8)) return "parts: " + say(*p);
            if (near_limits(text) &&
                parse_reverse_path(text, limited(utf8)).has_value() != oracle::limits::path_fits(text, utf8))
                return "limits"s;
            return std::string();
        });
}

TEST_CASE("forward paths against the oracle", "[differential]") {
    compare(
        5,
        [](generate::rng& r, bool wide, std::size_t budget) {
            return r.one_in(20) ? "<>" : generate::forward_path(r, wide, budget);
        },
        [](std::string_view text, bool utf8, bool& accepted) {
            auto const p = parse_forward_path(text, unlimited(utf8));
            accepted = p.has_value();
            bool const expected = oracle::matches(oracle::Forward_path, text, utf8);
            std::string what = disagreement(expected, p, text);
            if (!what.empty() || !expected) return what;
            if (!same_path(*p, text, utf8)) return "parts: " + say(*p);
            if (near_limits(text) &&
                parse_forward_path(text, limited(utf8)).has_value() != oracle::limits::path_fits(text, utf8))
                return "limits"s;
            return std::string();
        });
}

TEST_CASE("a path that stops by itself, against the oracle", "[differential]") {
    compare(
        6,
        [](generate::rng& r, bool wide, std::size_t budget) {
            return (r.one_in(2) ? generate::forward_path(r, wide, budget)
                                : generate::reverse_path(r, wide, budget)) +
                   (r.one_in(2) ? "" : generate::rest_of_line(r, budget));
        },
        [](std::string_view text, bool utf8, bool& accepted) {
            auto const p = take_path(text, path_role::any, unlimited(utf8));
            accepted = p.has_value();
            auto const ends =
                oracle::alt(oracle::Reverse_path, oracle::Forward_path)(oracle::input{text, utf8}, {0});
            std::string what = disagreement(!ends.empty(), p, text);
            if (what.empty() && accepted && (ends.size() != 1 || ends[0] != p->text().size()))
                what = "another end: " + say(*p);
            return what;
        },
        rounds / 4);
}

TEST_CASE("parameters against the oracle", "[differential]") {
    compare(
        7,
        [](generate::rng& r, bool wide, std::size_t budget) {
            std::string text = generate::parameters(r, wide, budget);
            constexpr std::string_view known[] = {" SIZE=7", " size=18446744073709551615", " BODY=8bitmime",
                                                  " SMTPUTF8", " SIZE=18446744073709551616"};
            if (r.one_in(3)) text += known[r.below(std::size(known))];
            return text;
        },
        [](std::string_view text, bool utf8, bool& accepted) {
            auto const m = parse_mail_parameters(text, unlimited(utf8));
            auto const c = parse_rcpt_parameters(text, unlimited(utf8));
            accepted = m.has_value();
            // No parameters at all are no Mail-parameters; ehlo's functions take the empty text as "none".
            if (text.empty()) return m && c ? std::string() : "empty"s;
            auto const parts = oracle::split_parameters(text, utf8);
            std::string what;
            if (!parts || !excused(m, *parts, true))
                what = disagreement(parts && values_are_right(*parts, true), m, text);
            if (what.empty() && (!parts || !excused(c, *parts, false)))
                what = disagreement(parts && values_are_right(*parts, false), c, text);
            if (what.empty() && m && !same_parameters(*m, *parts)) what = "parts: " + say(*m);
            if (what.empty() && c && !same_parameters(*c, *parts)) what = "parts: " + say(*c);
            return what;
        });
}

TEST_CASE("commands against the oracle", "[differential]") {
    compare(
        8, [](generate::rng& r, bool wide, std::size_t budget) { return generate::command(r, wide, budget); },
        [](std::string_view text, bool utf8, bool& accepted) {
            std::string_view trimmed = text;
            while (!trimmed.empty() && (trimmed.back() == ' ' || trimmed.back() == '\t'))
                trimmed.remove_suffix(1);
            std::string_view const word = trimmed.substr(0, 4),
                                   after = trimmed.size() > 5 ? trimmed.substr(5) : ""sv;
            auto is = [word](std::string_view verb) { return oracle::same_ignoring_case(word, verb); };
            bool const envelope = is("MAIL") || is("SEND") || is("SOML") || is("SAML"), to = is("RCPT");

            // What the oracle says, with the differences that ehlo means to have.
            auto matches = [&](bool wide) {
                // One alternative at a time is quicker than all of them.
                if (is("MAIL")) return oracle::matches(oracle::mail, text, wide);
                if (to) return oracle::matches(oracle::rcpt, text, wide);
                // HELO takes an address literal too (RFC 5321 4.1.3).
                if (is("HELO"))
                    return oracle::matches(oracle::ehlo, "EHLO" + std::string(text.substr(4)), wide);
                return oracle::matches(oracle::command, text, wide);
            };
            bool expected = matches(utf8), wide = utf8;
            if (is("VRFY") || is("EXPN")) {
                // Octets over 127 need RFC 6531's token after the string, and must be UTF-8.
                std::string_view string = after;
                bool const token = after.size() > 9 &&
                                   oracle::same_ignoring_case(after.substr(after.size() - 9), " SMTPUTF8");
                if (token) string.remove_suffix(9);
                if (has_wide(string)) expected = expected && token && is_utf8(string);
            } else if (is("HELP") || is("NOOP")) {
                if (has_wide(after)) expected = expected && utf8 && is_utf8(after);
            } else if (envelope && !expected && !utf8 && has_wide(text)) {
                expected = wide = matches(true);  // if SMTPUTF8 is among the parameters, below
            }

            std::string said;
            bool same = true;
            // The path and the parameters after it, as the oracle reads them.
            auto check_envelope = [&](path const& p, auto const& ours, leniency tolerated) {
                std::string_view const rest =
                    trimmed.substr(static_cast<std::size_t>(p.text().data() - text.data()) + p.text().size());
                auto const theirs = rest.empty() ? std::vector<oracle::parameter>{}
                                                 : oracle::split_parameters(rest.substr(1), wide)
                                                       .value_or(std::vector<oracle::parameter>(1));
                same = same_path(p, p.text(), wide) && same_parameters(ours, theirs) && tolerated.empty();
            };
            struct {
                decltype(check_envelope)& envelope;
                std::string& said;
                bool& same;
                std::string_view after;
                void operator()(cmd::hello const& h) { said = say(h), same = h.name.text == after; }
                void operator()(cmd::mail const& m) {
                    said = say(m), envelope(m.from, m.parameters, m.tolerated);
                }
                void operator()(cmd::rcpt const& c) {
                    said = say(c), envelope(c.to, c.parameters, c.tolerated);
                }
                void operator()(cmd::vrfy const& l) {
                    said = say(l);
                    same = l.string.size() + (l.smtputf8 ? 9 : 0) == after.size() &&
                           l.string == after.substr(0, l.string.size());
                }
                void operator()(cmd::noop const& m) { said = say(m), same = m.argument == after; }
                void operator()(cmd::no_argument<verb::data> const& b) { said = say(b), same = after.empty(); }
                void operator()(cmd::no_argument<verb::rset> const& b) { said = say(b), same = after.empty(); }
                void operator()(cmd::no_argument<verb::quit> const& b) { said = say(b), same = after.empty(); }
                void operator()(cmd::no_argument<verb::turn> const& b) { said = say(b), same = after.empty(); }
                // Verbs of extensions have a test of their own, below.
                void operator()(cmd::starttls const& c) { said = say(c); }
                void operator()(cmd::onex const& c) { said = say(c); }
                void operator()(cmd::auth const& c) { said = say(c); }
                void operator()(cmd::bdat const& c) { said = say(c); }
                void operator()(cmd::burl const& c) { said = say(c); }
                void operator()(cmd::etrn const& c) { said = say(c); }
                void operator()(cmd::atrn const& c) { said = say(c); }
                void operator()(cmd::xclient const& c) { said = say(c); }
            } visitor{check_envelope, said, same, after};
            auto const split = split_command(text);
            std::optional<failure> failed;
            if (!split)
                failed = split.error();
            else
                failed = visit_command(*split, unlimited(utf8), visitor);
            accepted = !failed;
            if (split && accepted &&
                (split->name != word || !oracle::same_ignoring_case(name(split->verb), word)))
                return "verb: " + say(*split);

            if (expected && (envelope || to)) {
                auto const colon = text.find(':');
                // Where the path ends, whatever ehlo says: there is one place only (see the test of take_path).
                auto const ends = oracle::alt(oracle::Reverse_path,
                                              oracle::Forward_path)(oracle::input{text, wide}, {colon + 1});
                std::string_view const rest = ends.empty() ? ""sv : trimmed.substr(ends.back());
                if (!rest.empty()) {
                    auto const all = oracle::split_parameters(rest.substr(1), wide);
                    bool token = utf8;
                    for (oracle::parameter const& p : *all)
                        token = token || oracle::same_ignoring_case(p.keyword, "SMTPUTF8");
                    expected = values_are_right(*all, envelope) && (wide == utf8 || token);
                    if (failed && is_value_fault(failed->code) && has_typed(*all, envelope)) expected = false;
                } else {
                    expected = wide == utf8;
                }
            }
            if (expected != accepted)
                return std::string("oracle ") + (expected ? "accepts" : "refuses") + ", ehlo says " +
                       (failed ? say(*failed) : said);
            if (failed && !placed(*failed, text)) return "no place: " + say(*failed);
            return same ? std::string() : "parts: " + said;
        });
}

namespace {

// The words of a text, with one space between them.
std::vector<std::string_view> words(std::string_view text) {
    std::vector<std::string_view> all;
    for (std::size_t at = 0; at <= text.size();) {
        std::size_t const end = std::min(text.find(' ', at), text.size());
        all.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return all;
}

// What the grammars of the extensions' commands do not say.
bool extended_is_right(std::string_view verb, std::string_view after, bool utf8) {
    auto is = [verb](std::string_view v) { return oracle::same_ignoring_case(verb, v); };
    auto const all = words(after);
    if (is("AUTH") && all.size() > 1)
        return !oracle::same_ignoring_case(all[0], "CRAM-MD5") && !oracle::same_ignoring_case(all[0], "DIGEST-MD5");
    if (is("BDAT")) {
        std::string_view n = all[0];
        while (n.size() > 1 && n[0] == '0') n.remove_prefix(1);
        return n.size() < 20 || (n.size() == 20 && n <= "18446744073709551615");
    }
    if (is("VERB")) return !has_wide(after) || (utf8 && is_utf8(after));
    if (is("XCLIENT") || is("XFORWARD"))
        for (std::size_t i = 0; i < all.size(); ++i)
            for (std::size_t k = 0; k < i; ++k)
                if (oracle::same_ignoring_case(all[i].substr(0, all[i].find('=')), all[k].substr(0, all[k].find('=')))) return false;
    return true;
}

// The arguments as they were typed, spelt again without the writers.
std::string spelt(cmd::auth const& a) {
    return std::string(a.name) + (!a.initial_response ? "" : a.initial_response->empty() ? " =" : " " + std::string(*a.initial_response));
}
std::string spelt(cmd::bdat const& b) { return std::to_string(b.size) + (b.last ? " LAST" : ""); }
std::string spelt(cmd::burl const& b) { return std::string(b.url) + (b.last ? " LAST" : ""); }
std::string spelt(cmd::etrn const& e) {
    return (e.option == etrn_option::node ? "" : e.option == etrn_option::queue ? "#" : "@") + std::string(e.node);
}
std::string spelt(cmd::atrn const& a) {
    std::string s;
    for (std::string_view const d : domain_list(a.domains)) (s += s.empty() ? "" : ",") += d;
    return s;
}
std::string spelt(cmd::hello const& h) { return std::string(h.name.text); }
std::string spelt(cmd::noop const& m) { return std::string(m.argument); }
std::string spelt(cmd::xclient const& f) {
    std::string s;
    for (parameter const p : f.attributes) (((s += s.empty() ? "" : " ") += p.keyword) += "=") += p.value.value_or("");
    return s;
}
template <verb V>
std::string spelt(cmd::no_argument<V> const&) {
    return {};
}
template <class Other>
std::string spelt(Other const&) {
    return "another command";
}

}  // namespace

TEST_CASE("commands of extensions against the oracle", "[differential]") {
    compare(
        12, [](generate::rng& r, bool, std::size_t budget) { return generate::extended_command(r, budget); },
        [](std::string_view text, bool utf8, bool& accepted) {
            std::string_view trimmed = text;
            while (!trimmed.empty() && (trimmed.back() == ' ' || trimmed.back() == '\t')) trimmed.remove_suffix(1);
            std::size_t const end = std::min(trimmed.find(' '), trimmed.size());
            std::string_view const word = trimmed.substr(0, end), after = end == trimmed.size() ? ""sv : trimmed.substr(end + 1);
            // Commands of RFC 5321 that a mutation has made are looked at above.
            for (std::string_view const v : generate::verbs)
                if (oracle::same_ignoring_case(word, v)) return std::string();
            bool const expected = oracle::matches(oracle::extended_command, text, utf8) && extended_is_right(word, after, utf8);
            std::string said, again;
            auto const split = split_command(text);
            std::optional<failure> failed;
            if (!split) failed = split.error();
            else
                failed = visit_command(*split, unlimited(utf8), [&](auto const& command) {
                    said = say(command);
                    again = spelt(command);
                });
            accepted = !failed;
            if (expected != accepted)
                return std::string("oracle ") + (expected ? "accepts" : "refuses") + ", ehlo says " + (failed ? say(*failed) : said);
            if (failed) return placed(*failed, text) ? std::string() : "no place: " + say(*failed);
            if (split->name != word || !oracle::same_ignoring_case(name(split->verb), word)) return "verb: " + say(*split);
            std::string_view argument = after;
            if (split->verb == verb::bdat)
                while (argument.size() > 1 && argument[0] == '0' && argument[1] >= '0' && argument[1] <= '9') argument.remove_prefix(1);
            return oracle::same_ignoring_case(again, argument) ? std::string() : "parts: " + said;
        },
        rounds / 2);
}

TEST_CASE("EHLO keywords against the oracle", "[differential]") {
    compare(
        13, [](generate::rng& r, bool, std::size_t budget) { return generate::ehlo_line(r, budget); },
        [](std::string_view text, bool, bool& accepted) {
            accepted = oracle::matches(oracle::ehlo_line, text);
            std::string const all = "250-a\r\n250 " + std::string(text) + "\r\n";
            auto const reply = parse_reply(support::shared_fence().put(all));
            // Lines that are no lines of a reply are looked at below.
            if (!reply.ready() || reply.consumed != all.size() || reply->line_count() != 2)
                return accepted ? "no reply"s : std::string();
            auto const a = parse_ehlo_answer(*reply);
            auto const small = parse_capabilities(*reply);
            if (!a || !small) return "refused"s;
            std::string_view const line = std::string_view(all).substr(11, all.size() - 13);
            auto const parts = words(line);
            std::string_view known;
            for (std::string_view const k : generate::ehlo_keywords)
                if (oracle::same_ignoring_case(k, parts[0])) known = k;
            std::size_t offered = 0;
            for (unsigned i = 0; i < extension_count; ++i) {
                auto const e = static_cast<extension>(i);
                if (!a->has(e)) continue;
                ++offered;
                bool const old_form = e == extension::auth && line.size() > 4 && oracle::same_ignoring_case(line.substr(0, 5), "AUTH=");
                if (name(e) != known && !old_form) return "offers " + std::string(name(e));
                if (!small->has(e)) return "parse_capabilities differs"s;
            }
            if (!known.empty() && offered != 1) return "does not offer " + std::string(known);
            std::string_view const after = parts[0].size() < line.size() ? line.substr(parts[0].size() + 1) : ""sv;
            auto number = [](std::string_view digits) { return static_cast<std::uint32_t>(std::stoul(std::string(digits))); };
            if (known == "LIMITS") {
                server_limits expected;
                if (oracle::matches(oracle::limits_param, after))
                    for (std::string_view const pair : words(after)) {
                        std::size_t const equals = std::min(pair.find('='), pair.size());
                        std::string_view const value = equals == pair.size() ? ""sv : pair.substr(equals + 1);
                        if (!oracle::matches(oracle::limit_number, value)) continue;
                        if (oracle::same_ignoring_case(pair.substr(0, equals), "MAILMAX")) expected.mail_max = number(value);
                        if (oracle::same_ignoring_case(pair.substr(0, equals), "RCPTMAX")) expected.rcpt_max = number(value);
                        if (oracle::same_ignoring_case(pair.substr(0, equals), "RCPTDOMAINMAX")) expected.rcpt_domain_max = number(value);
                    }
                if (!(a->limits == expected)) return "limits"s;
            }
            if (known == "SIZE") {
                bool const digits = oracle::matches(oracle::some(oracle::DIGIT), after);
                std::string_view n = after;
                while (n.size() > 1 && n[0] == '0') n.remove_prefix(1);
                bool const fits = n.size() < 20 || (n.size() == 20 && n <= "18446744073709551615");
                if (a->size.has_value() != (digits && fits)) return "size"s;
                if (a->size && std::to_string(*a->size) != n) return "another size"s;
                if (small->size != a->size) return "size of the small answer"s;
            }
            return std::string();
        },
        rounds / 2);
}

namespace {

// The grammar of RFC 5321 4.2 has no second digit over 5, and 4.3.2 has a client take such a code for an unknown one of its class.
// Where the first line has such a digit, it changes places with 0 in all of them.
std::string exchange_second_digits(std::string all, char a, char b) {
    for (std::size_t line = 0; line + 1 < all.size();) {
        char& digit = all[line + 1];
        digit = digit == a ? b : digit == b ? a : digit;
        std::size_t const end = all.find("\r\n", line);
        if (end == all.npos) break;
        line = end + 2;
    }
    return all;
}
std::string with_digits_of_the_grammar(std::string_view text) {
    char const digit = text.size() > 1 ? text[1] : '0';
    return exchange_second_digits(std::string(text), digit >= '6' && digit <= '9' ? digit : '0', '0');
}
bool matches_reply(std::string_view text) { return oracle::matches(oracle::Reply_line, with_digits_of_the_grammar(text)); }

}  // namespace

TEST_CASE("replies against the oracle", "[differential]") {
    reply_limits const limits{.line = 100000, .total = 100000, .lines = 1000};
    compare(
        9,
        [](generate::rng& r, bool, std::size_t budget) {
            std::string const one = generate::reply(r, budget);
            return (r.one_in(4) ? exchange_second_digits(one, one[1], r.pick("6789")) : one) + (r.one_in(8) ? generate::reply(r, budget) : "");
        },
        [&](std::string_view text, bool utf8, bool& accepted) {
            std::string const of_grammar = with_digits_of_the_grammar(text);
            auto const p = parse_reply(text, limits);
            accepted = p.ready();
            auto const ends = oracle::Reply_line(oracle::input{of_grammar, utf8}, {0});
            if (accepted != !ends.empty())
                return std::string("oracle ") + (ends.empty() ? "refuses" : "accepts") + ", ehlo " +
                       (p.ready()    ? say(*p)
                        : p.failed() ? say(p.error())
                                     : "wants more"s);
            if (p.failed() && p.error().at >= text.size()) return "no place: " + say(p.error());
            if (p.need_more()) {
                // Then some octets would make it a reply.
                constexpr std::string_view more[] = {"\n",      "\r\n",      "0\r\n",       "50\r\n",
                                                     "250\r\n", "\n250\r\n", " \r\n250\r\n"};
                std::string_view const code = text.substr(0, 3);
                for (std::string_view rest : more) {
                    std::string whole = std::string(text) + std::string(rest);
                    // The code of a last line must be that of the first.
                    if (matches_reply(whole)) return std::string();
                    for (std::size_t n = 0; n <= 3 && n <= code.size(); ++n)
                        for (std::string_view const before : {""sv, "\n"sv, "\r\n"sv})
                            if (matches_reply(std::string(text) + std::string(before) + std::string(code.substr(n)) + "\r\n"))
                                return std::string();
                }
                return "nothing can complete it"s;
            }
            if (!accepted) return std::string();
            if (ends.size() != 1 || ends[0] != p.consumed || p->octets() != text.substr(0, p.consumed))
                return "another end: " + say(*p);
            std::vector<std::string> lines = oracle::split_lines(text.substr(0, p.consumed - 2));
            std::size_t i = 0;
            for (std::string_view const line : p->lines())
                if (i == lines.size() ||
                    line != (lines[i].size() > 4 ? std::string_view(lines[i]).substr(4) : ""sv))
                    return "lines: " + say(*p);
                else
                    ++i;
            if (i != lines.size() || i != p->line_count() ||
                std::to_string(p->code()) != lines[0].substr(0, 3))
                return "lines: " + say(*p);
            // The enhanced code: the first word, of the class of the reply.
            std::string_view const first = *p->lines().begin();
            std::string_view const word = first.substr(0, first.find(' '));
            bool const coded = oracle::matches(oracle::status_code, word) && word[0] == lines[0][0];
            if (coded != p->enhanced().has_value() || (coded && say(*p->enhanced()) != word))
                return "status: " + say(*p);
            bool const plain = [&] {
                for (std::string_view const line : p->lines())
                    if (!line.empty() && !oracle::matches(oracle::textstring, line)) return false;
                return true;
            }();
            return plain == p->is_plain() ? std::string() : "plain: " + say(*p);
        });
}

namespace {

// Ends that make a sentence of nearly every beginning of one.
constexpr std::string_view path_ends[] = {"",        ">",      "b>", "@b>",   "a@b>",
                                          "\"@b>",   "a\"@b>", "1>", ":c@d>", "b:c@d>",
                                          "@b:c@d>", "<a@b>",  "]>", ":x]>",  "x:x]>"};
constexpr std::string_view literal_ends[] = {"",
                                             "]",
                                             "1]",
                                             ":1]",
                                             "a:1]",
                                             "1.1.1.1]",
                                             ".1.1.1]",
                                             "1.1.1]",
                                             ".1.1]",
                                             "1.1]",
                                             ".1]",
                                             "::]",
                                             ":]",
                                             "v6:::]",
                                             "6:::]",
                                             "Pv6:::]",
                                             ":::]",
                                             "1:1:1:1:1:1:1:1]",
                                             "1:1:1:1:1:1:1]",
                                             ":1:1:1:1:1:1:1]",
                                             "1:1:1:1:1:1]",
                                             ":1:1:1:1:1:1]",
                                             "1:1:1:1:1]",
                                             ":1:1:1:1:1]",
                                             "1:1:1:1]",
                                             ":1:1:1:1]",
                                             "1:1:1]",
                                             ":1:1:1]",
                                             "1:1]",
                                             ":1:1]",
                                             "x:y]",
                                             "[1.1.1.1]"};

// The contract of `at`: what stands before it can still become right, and with the octet there it cannot.
template <class Rule, std::size_t N, class Make, class Parse>
void check_places(unsigned seed, Rule rule, std::string_view const (&ends)[N], Make&& make, Parse&& parse) {
    generate::rng r(seed);
    auto viable = [&](std::string_view beginning) {
        for (std::string_view const end : ends)
            if (oracle::matches(rule, std::string(beginning) + std::string(end))) return true;
        return false;
    };
    std::size_t checked = 0;
    for (int i = 0; i < rounds / 40; ++i) {
        std::string text = make(r);
        generate::mutate(r, text);
        auto const p = parse(text);
        if (p) continue;
        ++checked;
        std::size_t const at = p.error().at;
        if (at > text.size() || !viable(std::string_view(text).substr(0, at)))
            FAIL_CHECK(escaped(text) << ": " << say(p.error())
                                     << ", but an octet before it is wrong already");
        else if (at < text.size() && viable(std::string_view(text).substr(0, at + 1)))
            FAIL_CHECK(escaped(text) << ": " << say(p.error()) << ", but that octet can be right");
    }
    CHECK(checked > static_cast<std::size_t>(rounds) / 160);
}

}  // namespace

TEST_CASE("the place of a fault is the first octet that cannot be right", "[differential]") {
    check_places(
        10, oracle::address_literal, literal_ends,
        [](generate::rng& r) { return generate::address_literal(r, 6); },
        [](std::string_view t) {
            return t.empty() || t[0] != '[' ? result<host>(fail(errc::bad_address_literal, 0))
                                            : parse_host(t, unlimited(false));
        });
    check_places(
        11, oracle::Forward_path, path_ends,
        [](generate::rng& r) {
            std::string path = "<";
            if (r.one_in(4)) path += generate::source_route(r, false, 6) + ":";
            path += generate::local_part(r, false, 6) + "@";
            return path += generate::domain(r, false, 6) + ">";
        },
        [](std::string_view t) { return parse_forward_path(t, unlimited(false)); });
}
