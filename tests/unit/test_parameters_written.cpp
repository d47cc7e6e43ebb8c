// parameter_values.hpp, parameters.hpp: every registered parameter written, read again, and against its grammar as printed
#include "generate.hpp"
#include "oracle.hpp"
#include "support.hpp"

#include <ehlo/command.hpp>
#include <ehlo/parameters.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace test_parameters_written {

using namespace ehlo;
using support::escaped;
using support::say;
using support::written;
using namespace std::string_view_literals;
using generate::rng;

namespace {

constexpr std::string_view certifier = "2jmj7l5rSw0yVb/vlWAYkK/YBwk";  // SHA-1 of nothing but 20 octets, without its "="
constexpr syntax utf8{.smtputf8 = true};

template <class F>
std::string decoded(F const& what) {
    return written([&](writer& w) { return write_decoded(w, what); });
}

std::string meant(xtext const& x) {
    std::string out;
    for (char const c : x) out += c;
    return escaped(out);
}

// Everything a set says, as text; equal sets say the same.
std::string say_all(mail_parameters const& p) {
    std::string out = std::to_string(p.present().bits) + ":";
    auto x = [&](std::string_view key, std::optional<xtext> const& v) {
        if (v) out += std::string(key) + "=" + meant(*v) + ";";
    };
    auto n = [&](std::string_view key, auto const& v) {
        if (v) out += std::string(key) + "=" + std::to_string(*v) + ";";
    };
    n("size", p.size());
    if (p.body()) out += name(*p.body());
    if (p.ret()) out += name(*p.ret());
    x("envid", p.envid()), x("auth", p.auth()), x("submitter", p.submitter()), x("alt", p.alt_address());
    if (p.by()) out += "by=" + std::to_string(p.by()->seconds) + (p.by()->mode == by_mode::notify ? "N" : "R") + (p.by()->trace ? "T;" : ";");
    n("holdfor", p.holdfor()), n("priority", p.mt_priority());
    if (p.holduntil()) out += "until=" + written([&](writer& w) { return write_date_time(w, *p.holduntil()); }) + ";";
    if (p.mtrk()) out += "mtrk=" + std::string(p.mtrk()->certifier), n(":", p.mtrk()->timeout);
    if (p.solicit()) out += "solicit=" + std::string(p.solicit()->text()) + ";";
    if (p.transid()) out += "transid=" + std::string(p.transid()->local) + "@" + std::string(p.transid()->domain) + ";";
    return out;
}
std::string say_all(rcpt_parameters const& p) {
    std::string out = std::to_string(p.present().bits) + ":";
    if (p.notify()) out += std::string("notify=") + (p.notify()->success ? "S" : "") + (p.notify()->failure ? "F" : "") + (p.notify()->delay ? "D;" : ";");
    if (p.orcpt()) out += "orcpt=" + std::string(p.orcpt()->addr_type) + ";" + decoded(*p.orcpt()) + ";";
    if (p.rrvs()) out += "rrvs=" + written([&](writer& w) { return write_rrvs(w, *p.rrvs()); }) + ";";
    if (p.alt_address()) out += "alt=" + meant(*p.alt_address());
    return out;
}

std::string put(mail_options const& o) {
    return written([&](writer& w) { return write_parameters(w, o); });
}
std::string put(rcpt_options const& o, syntax const& rules = strict_syntax) {
    return written([&](writer& w) { return write_parameters(w, o, rules); });
}

}  // namespace

TEST_CASE("parameters are written", "[parameters_all]") {
    CHECK(put(mail_options{}) == "");
    CHECK(put(rcpt_options{}) == "");
    mail_options const all{.size = 0, .body = body::seven_bit, .smtputf8 = true, .others = "X=1 Y", .ret = ret::hdrs,
        .envid = xtext("a b@c+"), .auth = xtext("<>"), .by = deliver_by{-5, by_mode::notify, true}, .holduntil = *parse_date_time("2026-01-31T10:00:00Z"),
        .mt_priority = -9, .mtrk = tracking{certifier, 7}, .solicit = solicitations("a,b"), .submitter = xtext("\"x y\"@b"),
        .requiretls = true, .conperm = true, .prdr = true, .transid = transaction_id{"a", "b"}, .alt_address = xtext("a=@b")};
    std::string const text = " SIZE=0 BODY=7BIT SMTPUTF8 RET=HDRS ENVID=a+20b@c+2B AUTH=<> BY=-5;NT HOLDUNTIL=2026-01-31T10:00:00Z MT-PRIORITY=-9 "
        "MTRK=2jmj7l5rSw0yVb/vlWAYkK/YBwk:7 SOLICIT=a,b SUBMITTER=\"x+20y\"@b REQUIRETLS CONPERM PRDR TRANSID=<a@b> ALT-ADDRESS=a+3D@b X=1 Y";
    CHECK(put(all) == text);
    CHECK(given(all) == parse_mail_parameters(std::string_view(text.substr(1)))->present());
    CHECK(written([&](writer& w) { return write_mail(w, "<>", all); }) == "MAIL FROM:<>" + text + "\r\n");
    CHECK(put(mail_options{.holdfor = 999999999}) == " HOLDFOR=999999999");
    rcpt_options const to{.notify = notify{true, true, true}, .orcpt = original_recipient{"rfc822", "a+b@c"},
        .rrvs = valid_since{*parse_date_time("2026-01-31T10:00:00+01:00"), no_support_action::proceed}, .conneg = true,
        .alt_address = xtext("a@b"), .others = "Z"};
    CHECK(put(to) == " NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;a+2Bb@c RRVS=2026-01-31T10:00:00+01:00;C CONNEG ALT-ADDRESS=a@b Z");
    CHECK(given(to) == parse_rcpt_parameters(std::string_view(put(to).substr(1)))->present());
    CHECK(written([&](writer& w) { return write_rcpt(w, "<a@b>", to); }) == "RCPT TO:<a@b>" + put(to) + "\r\n");
    CHECK(put(rcpt_options{.notify = notify{}}) == " NOTIFY=NEVER");
    CHECK(put(rcpt_options{.notify = notify{false, false, true}}) == " NOTIFY=DELAY");
    // RFC 6533 3: in UTF-8 to those who take it, otherwise in ASCII.
    original_recipient const o{"utf-8", "\xC3\xBC +=\\\xE4\xB8\xAD\xF0\x9F\x98\x80@b"};
    CHECK(put(rcpt_options{.orcpt = o}) == " ORCPT=utf-8;\\x{FC}\\x{20}\\x{2B}\\x{3D}\\x{5C}\\x{4E2D}\\x{1F600}@b");
    CHECK(put(rcpt_options{.orcpt = o}, utf8) == " ORCPT=utf-8;\xC3\xBC\\x{20}\\x{2B}\\x{3D}\\x{5C}\xE4\xB8\xAD\xF0\x9F\x98\x80@b");
    CHECK(decoded(o) == o.address);
    CHECK(put(mail_options{.smtputf8 = true, .auth = xtext("\xC3\xBC@b")}) == " SMTPUTF8 AUTH=+C3+BC@b");
}

TEST_CASE("what cannot be read is not written", "[parameters_all]") {
    CHECK(put(mail_options{.envid = xtext("a\r\nb")}) == "unsafe_octet@1");
    CHECK(put(mail_options{.envid = xtext("a\0b"sv)}) == "unsafe_octet@1");
    CHECK(put(mail_options{.envid = xtext("a\tb")}) == "bad_value@1");
    CHECK(put(mail_options{.envid = xtext("\xC3\xBC")}) == "bad_value@0");
    CHECK(put(mail_options{.envid = xtext::encoded("a SIZE=1")}) == "bad_xtext@1");
    CHECK(put(mail_options{.envid = xtext::encoded("a\nb")}) == "bad_xtext@1");
    CHECK(put(mail_options{.envid = xtext()}) == "bad_parameter@6");
    CHECK(put(mail_options{.envid = xtext(std::string(101, 'a'))}) == "parameter_too_long@100");
    std::string const spaces(34, ' ');
    CHECK(put(mail_options{.envid = xtext(spaces)}) == "parameter_too_long@100");
    CHECK(put(mail_options{.auth = xtext("a")}) == "bad_parameter_value@1");
    CHECK(put(mail_options{.auth = xtext("\xC3\xBC@b")}) == "non_ascii@0");
    CHECK(put(mail_options{.auth = xtext("a\n@b")}) == "unsafe_octet@1");
    CHECK(put(mail_options{.submitter = xtext("<>")}) == "bad_parameter_value@0");
    CHECK(put(mail_options{.by = deliver_by{1000000000}}) == "bad_parameter_value@9");
    CHECK(put(mail_options{.by = deliver_by{INT32_MIN}}) == "bad_parameter_value@10");
    CHECK(put(mail_options{.by = deliver_by{0, by_mode::give_back}}) == "bad_parameter_value@2");
    CHECK(put(mail_options{.holdfor = 0}) == "bad_parameter_value@0");
    CHECK(put(mail_options{.holdfor = 1000000000}) == "parameter_too_long@9");
    CHECK(put(mail_options{.holdfor = 1, .holduntil = date_time{}}) == "conflicting_parameters@10");
    CHECK(put(mail_options{.holduntil = date_time{.month = 13}}) == "bad_value@0");
    CHECK(put(mail_options{.holduntil = date_time{.offset = 60}}) == "bad_date_time@19");
    CHECK(put(mail_options{.holduntil = date_time{.fraction_digits = 3}}) == "parameter_too_long@23");
    CHECK(put(mail_options{.mt_priority = 10}) == "bad_value@0");
    CHECK(put(mail_options{.mt_priority = -10}) == "bad_value@0");
    CHECK(put(mail_options{.mtrk = tracking{certifier}}) == "conflicting_parameters@32");
    CHECK(put(mail_options{.mtrk = tracking{"abc"}}) == "bad_parameter_value@3");
    CHECK(put(mail_options{.mtrk = tracking{certifier, 1000000000}}) == "parameter_too_long@37");
    CHECK(put(mail_options{.mtrk = tracking{"a\rb"}}) == "unsafe_octet@1");
    CHECK(put(mail_options{.solicit = solicitations("a SIZE=1")}) == "bad_parameter_value@1");
    CHECK(put(mail_options{.solicit = solicitations("a\n")}) == "unsafe_octet@1");
    CHECK(put(mail_options{.solicit = solicitations("")}) == "bad_parameter_value@0");
    CHECK(put(mail_options{.transid = transaction_id{"a", "b> SIZE=1"}}) == "bad_parameter_value@5");
    CHECK(put(mail_options{.transid = transaction_id{"a\0"sv, "b"}}) == "unsafe_octet@1");
    CHECK(put(mail_options{.transid = transaction_id{std::string_view("a"), std::string_view("")}}) == "bad_parameter_value@3");
    CHECK(put(mail_options{.others = "RET=x"}) == "bad_parameter_value@4");
    CHECK(put(mail_options{.others = "X\r"}) == "unsafe_octet@1");
    CHECK(put(mail_options{.others = "RET=FULL", .ret = ret::full}) == "duplicate_parameter@9");
    CHECK(put(rcpt_options{.orcpt = original_recipient{"rfc822;x NOTIFY=NEVER", "a"}}) == "bad_xtext@8");
    CHECK(put(rcpt_options{.orcpt = original_recipient{"a=b", "a"}}) == "bad_parameter_value@1");
    CHECK(put(rcpt_options{.orcpt = original_recipient{"", "a"}}) == "bad_parameter_value@0");
    CHECK(put(rcpt_options{.orcpt = original_recipient{"rfc822", "a\rb"}}) == "unsafe_octet@1");
    CHECK(put(rcpt_options{.orcpt = original_recipient{"utf-8", "a\nb"}}) == "unsafe_octet@1");
    CHECK(put(rcpt_options{.orcpt = original_recipient{"utf-8", "a\x1B"}}) == "bad_value@1");
    CHECK(put(rcpt_options{.orcpt = original_recipient{"utf-8", "a\xC3"}}) == "bad_utf8@1");
    CHECK(put(rcpt_options{.orcpt = original_recipient{"utf-8", ""}}) == "bad_xtext@6");
    CHECK(put(rcpt_options{.orcpt = original_recipient{"utf-8", "a\\x{0D}", true}}) == "bad_xtext@10");
    CHECK(put(rcpt_options{.orcpt = original_recipient{"rfc822", std::string_view(), true}}) == " ORCPT=rfc822;");
    CHECK(put(rcpt_options{.rrvs = valid_since{date_time{.fraction_digits = 1, .nanosecond = 500000000}}}).substr(0, 13) == "bad_date_time");
    CHECK(put(rcpt_options{.others = "a b c=d=e"}) == "bad_parameter@7");
    CHECK(written([](writer& w) { return write_rcpt(w, "<a@b>", rcpt_options{.others = "X X"}); }) == "duplicate_parameter@2");
    CHECK(written([](writer& w) { return write_rcpt(w, "<>", rcpt_options{}); }) == "null_path@1");
    CHECK(written([](writer& w) { return write_mail(w, "<>", {.holdfor = 0}); }) == "bad_parameter_value@0");
    CHECK(decoded(original_recipient{"rfc822", "a\rb"}) == "unsafe_octet@1");
    CHECK(decoded(original_recipient{"utf-8", "\\x{0D}", true}) == "bad_xtext@3");
}

// Each grammar as its RFC prints it, for comparison.
namespace grammar {
using namespace oracle;

inline auto digit() { return range('0', '9'); }
inline auto hexdigit() { return alt(digit(), range('A', 'F'), range('a', 'f')); }
inline auto xchar() { return alt(range(0x21, 0x2A), range(0x2C, 0x3C), range(0x3E, 0x7E)); }
inline auto text() { return any(alt(xchar(), seq(word("+"), hexdigit(), hexdigit()))); }
inline auto upper() { return alt(digit(), range('A', 'F')); }
inline auto upper_text() { return any(alt(xchar(), seq(word("+"), upper(), upper()))); }

// What xtext means, or nothing: of RFC 3461, or (`any`) of RFC 4954, whose digits are of either case.
std::optional<std::string> decode(std::string_view t, bool wide, bool any = false) {
    if (!(any ? matches(text(), t) : matches(upper_text(), t))) return std::nullopt;
    std::string out;
    for (std::size_t i = 0; i < t.size(); ++i) {
        char c = t[i];
        if (c == '+') c = static_cast<char>(std::stoi(std::string(t.substr(i + 1, 2)), nullptr, 16)), i += 2;
        auto const u = static_cast<unsigned char>(c);
        if (u < 32 || u == 127 || (u > 127 && !wide)) return std::nullopt;
        out += c;
    }
    return out;
}
bool is_mailbox(std::string_view t, bool any = false) {
    auto const plain = decode(t, false, any);
    if (!plain || !matches(Mailbox, *plain)) return false;
    std::size_t const at = plain->rfind('@');
    return at <= 64 && plain->size() - at - 1 <= 255;
}

using check_function = std::function<bool(std::string_view)>;
struct rule {
    std::string_view keyword;
    bool to;
    check_function good;
    std::function<std::string(rng&)> make;
};

std::string digits(rng& r, std::size_t most) {
    std::string s;
    for (std::size_t n = 1 + r.below(most); n > 0; --n) s += static_cast<char>('0' + (r.one_in(3) ? 0 : r.below(10)));
    return s;
}
std::string some_xtext(rng& r, std::size_t most) {
    std::string s;
    for (std::size_t n = 1 + r.below(most); n > 0; --n) {
        if (r.one_in(3)) s += std::string{'+', "0234567a"[r.below(8)], "0123456789ABCDEFabcdef"[r.below(r.one_in(4) ? 22 : 16)]};
        else s += static_cast<char>(33 + r.below(94));
    }
    return s;
}
std::string some_mailbox(rng& r) {
    std::string const plain = r.one_in(5) ? std::string("<>") : generate::mailbox(r);
    std::string s;
    for (char const c : plain) {
        auto const u = static_cast<unsigned char>(c);
        if (u > 32 && u < 127 && c != '+' && c != '=' && !r.one_in(9)) s += c;
        else s += {'+', "0123456789ABCDEF"[u >> 4], "0123456789ABCDEF"[u & 15]};
    }
    return s;
}
std::string pick(rng& r, std::vector<std::string> const& words) { return words[r.below(words.size())]; }
std::string some_date(rng& r) {
    return pick(r, {"2026", "2024", "1999"}) + "-" + pick(r, {"01", "02", "12", "06", "13"}) + "-" + pick(r, {"01", "29", "30", "31"}) + "T" +
           pick(r, {"00", "23", "24", "15"}) + ":59:" + pick(r, {"00", "60", "59"}) + pick(r, {"", "", ".5", ".25", ".125"}) +
           pick(r, {"Z", "Z", "Z", "+01:00", "-00:00", "+00:00", "z"});
}

// transid-atom ::= 1*<any (ASCII) CHAR except SPACE, CTLs, tspecials, or ".">
inline auto transid_atom() {
    return some(where(range(33, 126), [](std::string_view t) { return "()<>@,;:\\\"/[]?=."sv.find(t[0]) == t.npos; }));
}
inline auto transid_token() { return seq(transid_atom(), any(seq(word("."), transid_atom()))); }

std::vector<rule> const& rules() {
    static auto const upto = [](std::size_t most, auto grammar) -> check_function {
        return [=](std::string_view t) { return t.size() <= most && matches(grammar, t); };
    };
    static std::vector<rule> const all = {
        {"RET", false, upto(4, alt(word("FULL"), word("HDRS"))), [](rng& r) { return pick(r, {"FULL", "hdrs", "HdRs"}); }},
        {"BODY", false, upto(10, alt(word("7BIT"), word("8BITMIME"), word("BINARYMIME"))), [](rng& r) { return pick(r, {"7BIT", "8bitmime", "BINARYMIME"}); }},
        {"SIZE", false, [](std::string_view t) { return t.size() <= 20 && matches(some(digit()), t) && std::string(20 - t.size(), '0') + std::string(t) <= "18446744073709551615"; },
         [](rng& r) { return r.one_in(3) ? "1844674407370955161" + digits(r, 2) : digits(r, 21); }},
        {"ENVID", false, [](std::string_view t) { return t.size() <= 100 && decode(t, false).has_value(); }, [](rng& r) { return some_xtext(r, r.one_in(20) ? 110 : 9); }},
        {"AUTH", false, [](std::string_view t) { return t.size() <= 500 && (decode(t, false, true) == "<>" || is_mailbox(t, true)); }, some_mailbox},
        {"SUBMITTER", false, [](std::string_view t) { return t.size() <= 960 && is_mailbox(t); }, some_mailbox},
        {"ALT-ADDRESS", false, [](std::string_view t) { return t.size() <= 447 && is_mailbox(t); }, some_mailbox},
        {"ALT-ADDRESS", true, [](std::string_view t) { return t.size() <= 447 && is_mailbox(t); }, some_mailbox},
        {"BY", false, [](std::string_view t) {
             if (!matches(seq(opt(one_of("+-")), repeat(1, 9, digit()), word(";"), alt(word("N"), word("R")), opt(word("T"))), t)) return false;
             bool const positive = t[0] != '-' && t.substr(0, t.find(';')).find_first_of("123456789") != t.npos;
             return positive || t[t.find(';') + 1] == 'N' || t[t.find(';') + 1] == 'n';
         }, [](rng& r) { return pick(r, {"", "-", "+"}) + digits(r, 10) + ";" + pick(r, {"N", "R", "r", "n"}) + pick(r, {"", "", "T", "t"}); }},
        {"HOLDFOR", false, upto(9, seq(range('1', '9'), repeat(0, 8, digit()))), [](rng& r) { return digits(r, 10); }},
        {"HOLDUNTIL", false, [](std::string_view t) { return t.size() <= 23 && (t.ends_with('Z') || t.ends_with('z')) && parse_date_time(t); }, some_date},
        {"MT-PRIORITY", false, upto(2, alt(seq(opt(word("-")), range('1', '9')), word("0"))), [](rng& r) { return pick(r, {"", "-"}) + digits(r, 1); }},
        {"SOLICIT", false, [](std::string_view t) {
             auto const letter = alt(range('A', 'Z'), range('a', 'z'));
             auto const w = seq(letter, any(alt(one_of(".-_:"), letter, digit())));
             return t.size() <= 1000 && matches(seq(w, any(seq(word(","), w))), t);
         }, [](rng& r) { return pick(r, {"a", "net.example:ADV", "B9"}) + pick(r, {"", ",c", ",org.example:x-y_z,q"}); }},
        {"TRANSID", false, upto(80, seq(word("<"), transid_token(), word("@"), transid_token(), word(">"))),
         [](rng& r) { return "<" + pick(r, {"1", "a.b", "!#$%&'*+-^_`{|}~", "a..b"}) + "@" + pick(r, {"x", "x.y.z", "d1"}) + ">"; }},
        {"NOTIFY", true, [](std::string_view t) {
             auto const el = alt(word("SUCCESS"), word("FAILURE"), word("DELAY"));
             return t.size() <= 28 && matches(alt(word("NEVER"), seq(el, any(seq(word(","), el)))), t);
         }, [](rng& r) { return pick(r, {"NEVER", "SUCCESS", "delay", "FAILURE"}) + pick(r, {"", "", ",DELAY", ",Failure,delay", ",NEVER"}); }},
        {"ORCPT", true, [](std::string_view t) {
             std::size_t const at = t.find(';');
             if (at == t.npos || t.size() > 500 || !matches(Atom, t.substr(0, at)) || t.substr(0, at).find('=') != t.npos) return false;
             std::string_view const address = t.substr(at + 1);
             if (!same_ignoring_case(t.substr(0, at), "utf-8")) return decode(address, false).has_value();
             // RFC 6533 3, HEXPOINT alternative by alternative, without the controls that it lets through.
             auto const hex8 = alt(range('8', '9'), range('A', 'F'), range('a', 'f'));
             auto const nz = alt(range('1', '9'), range('A', 'F'), range('a', 'f'));
             auto const nzd = alt(range('1', '9'), one_of("ABCEFabcef"));
             auto const h = hexdigit();
             auto const point = alt(word("20"), word("2B"), word("3D"), word("5C"), seq(hex8, h), seq(nz, h, h), seq(nzd, h, h, h),
                                    seq(word("D"), range('0', '7'), h, h), seq(nz, h, h, h, h), seq(word("10"), h, h, h, h));
             auto const qchar = alt(range(0x21, 0x2A), range(0x2C, 0x3C), range(0x3E, 0x5B), range(0x5D, 0x7E));
             return matches(some(alt(qchar, seq(range(0x5C, 0x5C), range(0x78, 0x78), word("{"), point, word("}")))), address);
         }, [](rng& r) {
             if (!r.one_in(3)) return pick(r, {"rfc822", "x400", "RFC822", "a+b"}) + ";" + some_xtext(r, 12);
             std::string s = pick(r, {"utf-8;", "UTF-8;"});
             for (std::size_t n = 1 + r.below(4); n > 0; --n) {
                 s += pick(r, {"a", "@", "b.example", "\\x{", "\\X{"});
                 if (s.back() != '{') continue;
                 for (std::size_t k = 1 + r.below(7); k > 0; --k) s += "0123456789ABCDEFd10"[r.below(19)];
                 s += '}';
             }
             return s;
         }},
        {"RRVS", true, [](std::string_view t) {
             if (t.size() > 2 && t[t.size() - 2] == ';') {
                 if ("CRcr"sv.find(t.back()) == t.npos) return false;
                 t.remove_suffix(2);
             }
             return t.find('.') == t.npos && parse_date_time(t);
         }, [](rng& r) { return some_date(r) + pick(r, {"", ";C", ";R", ";r", ";X"}); }},
    };
    return all;
}

}  // namespace grammar

TEST_CASE("values against the grammars as printed", "[parameters_all]") {
    rng r(20260131);
    int good_ones = 0;
    for (auto const& rule : grammar::rules()) {
        int good = 0;
        for (int i = 0; i < generate::drawn(8000); ++i) {
            std::string value = rule.make(r);
            for (std::size_t n = r.one_in(2) ? 0 : 1 + r.below(2); n > 0 && !value.empty(); --n) {
                std::size_t const at = r.below(value.size());
                constexpr std::string_view octets = "0123456789+-;:,.@<>\\{}[]\"/!NRTZaz~\x7F\t";
                switch (r.below(4)) {
                case 0: value.erase(at, 1); break;
                case 1: value.insert(at, 1, octets[r.below(octets.size())]); break;
                case 2: value[at] = octets[r.below(octets.size())]; break;
                default: value.insert(at, value.substr(at, 1 + r.below(4)));
                }
            }
            if (value.find_first_of(" \t=\x7F") != value.npos || value.empty()) continue;  // no esmtp-value
            std::string const text = std::string(rule.keyword) + "=" + value;
            bool const expected = rule.good(value);
            good += expected;
            if (rule.to) {
                auto const p = parse_rcpt_parameters(text);
                if (p.has_value() != expected) FAIL_CHECK(text << ": " << say(p));
                if (!p) continue;
                std::string const again = put(to_options(*p));
                auto const q = parse_rcpt_parameters(std::string_view(again).substr(1));
                if (!q || say_all(*q) != say_all(*p)) FAIL_CHECK(text << " became " << again);
            } else {
                auto const p = parse_mail_parameters(text);
                if (p.has_value() != expected) FAIL_CHECK(text << ": " << say(p));
                if (!p) continue;
                std::string const again = put(to_options(*p));
                auto const q = parse_mail_parameters(std::string_view(again).substr(1));
                if (!q || say_all(*q) != say_all(*p)) FAIL_CHECK(text << " became " << again);
            }
        }
        CAPTURE(rule.keyword, good);
        CHECK(good > (generate::draws_few ? 10 : 300));
        CHECK(good < generate::drawn(7900));
        good_ones += good;
    }
    CHECK(good_ones > generate::drawn(20000));
}

TEST_CASE("lists of parameters, parsed, written and parsed", "[parameters_all]") {
    rng r(4242);
    std::size_t good = 0;
    for (int i = 0; i < generate::drawn(20000); ++i) {
        std::string text;
        bool const to = r.one_in(3);
        for (std::size_t n = 1 + r.below(6); n > 0; --n) {
            if (!text.empty()) text += ' ';
            if (r.one_in(6)) {
                text += to ? "CONNEG" : grammar::pick(r, {"SMTPUTF8", "REQUIRETLS", "CONPERM"});
                continue;
            }
            auto const& rule = grammar::rules()[r.below(grammar::rules().size())];
            std::string const value = rule.make(r);
            if (rule.to == to && rule.good(value)) text += std::string(rule.keyword) + "=" + value;
            else text += "X-" + std::to_string(r.below(30));
        }
        std::string again, first, second;
        if (to) {
            auto const p = parse_rcpt_parameters(text);
            if (!p) continue;
            first = say_all(*p);
            again = put(to_options(*p));
            auto const q = parse_rcpt_parameters(std::string_view(again).substr(again.empty() ? 0 : 1));
            second = q ? say_all(*q) : say(q.error());
        } else {
            auto const p = parse_mail_parameters(text);
            if (!p) continue;
            first = say_all(*p);
            again = put(to_options(*p));
            auto const q = parse_mail_parameters(std::string_view(again).substr(again.empty() ? 0 : 1));
            second = q ? say_all(*q) : say(q.error());
        }
        ++good;
        if (first != second) FAIL_CHECK(text << " became " << again << ": " << first << " and " << second);
    }
    CHECK(good > generate::drawn(5000));
}

}  // namespace test_parameters_written
