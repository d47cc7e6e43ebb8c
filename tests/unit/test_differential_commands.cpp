// Commands, the answer to EHLO and replies against the oracle.

#include "differ.hpp"

#include <ehlo/command.hpp>
#include <ehlo/dispatch.hpp>
#include <ehlo/ehlo_answer.hpp>
#include <ehlo/reply_reader.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace test_differential_commands {

using namespace differ;
using namespace std::string_literals;
using namespace std::string_view_literals;

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

}  // namespace test_differential_commands
