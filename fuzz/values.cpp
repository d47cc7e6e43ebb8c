// Values: xtext, date-time, base64, the values of parameters, status codes and the SCRAM exchange. Each parser against a
// recogniser that is written as the ABNF is, and what was read is written and read again.
#include "../tests/unit/oracle.hpp"
#include "fuzz.hpp"

#include <ehlo/scram.hpp>

using namespace ehlo;
using fuzz::check;

namespace {

using oracle::alt, oracle::any, oracle::matches, oracle::one_of, oracle::opt, oracle::range, oracle::repeat, oracle::seq, oracle::some,
    oracle::where, oracle::word;
using oracle::ALPHA, oracle::DIGIT, oracle::Let_dig, oracle::UTF8_non_ascii;

// What every parser of a value does: takes what the recogniser takes, and nothing else; a fault stays where it is whatever
// stands after it; and what is read is written and read again. `back(writer&, value)` writes.
template <class Parse, class Write>
void check_value(char const* what, std::string_view text, bool right, Parse&& parse, Write&& back) {
    auto const v = parse(text);
    check(v.has_value() == right, "a value is read if it is one", what);
    if (!v) {
        fuzz::check_failure(v.error(), text.size(), verb::mail);
        return;
    }
    std::string const again = fuzz::written(text.size() + 8, [&](writer& w) { return back(w, *v); }, what);
    auto const reread = parse(std::string_view(again));
    check(reread.has_value(), "what was written can be read", again);
    std::string const twice = fuzz::written(again.size(), [&](writer& w) { return back(w, *reread); }, what);
    check(twice == again, "and is written the same", again);
}

// ---- xtext ----

// xtext = *( xchar / hexchar ), no controls. What it means, or nothing.
std::optional<std::string> slow_xtext(std::string_view text, bool wide, bool any = false) {
    std::string_view const digits(any ? "0123456789ABCDEFabcdef" : "0123456789ABCDEF");
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        int octet = static_cast<unsigned char>(text[i]);
        if (octet < 33 || octet > 126 || text[i] == '=') return std::nullopt;
        if (text[i] == '+') {
            std::size_t const a = i + 2 < text.size() ? digits.find(text[i + 1]) : digits.npos;
            std::size_t const b = i + 2 < text.size() ? digits.find(text[i + 2]) : digits.npos;
            if (a == digits.npos || b == digits.npos) return std::nullopt;
            octet = static_cast<int>((a > 15 ? a - 6 : a) * 16 + (b > 15 ? b - 6 : b));
            if (octet < 32 || octet == 127 || (octet > 127 && !wide)) return std::nullopt;
            i += 2;
        }
        out += static_cast<char>(octet);
    }
    return out;
}

void check_xtext(std::string_view text) {
    for (bool const wide : {false, true}) {
        auto const right = slow_xtext(text, wide);
        auto parse = [wide](std::string_view t) { return parse_xtext(t, wide); };
        check_value("xtext", text, right.has_value(), parse, [wide](writer& w, xtext const& x) { return write_xtext(w, x, wide); });
        auto const x = parse(text);
        if (!x) {
            // Up to the fault it can go on to be right, with the octet at fault it cannot.
            std::string const before(text.substr(0, x.error().at)), with(text.substr(0, x.error().at + 1));
            bool viable = false, more = false;
            for (std::string const end : {"", "1", "A", "41", "A0"}) {
                viable = viable || parse(before + end);
                more = more || (with.size() > before.size() && parse(with + end));
            }
            check(viable && !more, "a fault is where it is");
        } else {
            check(*x == *right && x->size() == right->size(), "xtext means what it means", *right);
            std::string const plain = fuzz::written(right->size(), [&](writer& w) { return write_decoded(w, *x, wide); });
            check(plain == *right, "and is decoded so", plain);
            std::string const again = fuzz::written(3 * plain.size(), [&](writer& w) { return write_xtext(w, xtext(plain), wide); });
            auto const reread = parse(again);
            check(reread && *reread == *x && *x == xtext(plain), "encoded anew it means the same", again);
        }
        // Any octets, encoded: refused, or such that they come back.
        fuzz::block buffer(3 * text.size());
        writer out(buffer.data(), buffer.size());
        bool clean = true;
        for (char const c : text) clean = clean && static_cast<unsigned char>(c) >= 32 && c != 127 && (wide || is_ascii(c));
        check(write_xtext(out, xtext(text), wide).has_value() == clean, "octets are encoded unless there are controls");
        if (clean) check(slow_xtext(out.text(), wide) == text, "what is encoded comes back", out.text());
        else check(out.size() == 0, "what is refused is not written");
    }
}

// ---- date and time ----

bool slow_leap(int year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }
int slow_month(int year, int month) {
    return month == 2 ? (slow_leap(year) ? 29 : 28) : month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}
std::int64_t slow_seconds(date_time const& t) {
    std::int64_t days = t.day - 1;
    for (int m = 1; m < t.month; ++m) days += slow_month(t.year, m);
    for (int y = 1970; y < t.year; ++y) days += slow_leap(y) ? 366 : 365;
    for (int y = t.year; y < 1970; ++y) days -= slow_leap(y) ? 366 : 365;
    return ((days * 24 + t.hour) * 60 + t.minute - t.offset) * 60 + t.second;
}

// date-time of RFC 3339 5.6 by its places, with 5.7.
bool slow_date_time(std::string_view s) {
    auto const two = repeat(2, 2, DIGIT);
    auto const rule = seq(repeat(4, 4, DIGIT), word("-"), two, word("-"), two, word("T"), two, word(":"), two, word(":"), two,
                          opt(seq(word("."), repeat(1, 9, DIGIT))), alt(word("Z"), seq(one_of("+-"), two, word(":"), two)));
    if (s.size() > 40 || !matches(rule, s)) return false;
    auto at = [s](std::size_t i, std::size_t n) { return std::stoi(std::string(s.substr(i, n))); };
    date_time t;
    t.year = static_cast<std::uint16_t>(at(0, 4));
    int const month = at(5, 2), day = at(8, 2), hour = at(11, 2), minute = at(14, 2), second = at(17, 2);
    bool const utc = s.back() == 'Z' || s.back() == 'z';
    int const off_hour = utc ? 0 : at(s.size() - 5, 2), off_minute = utc ? 0 : at(s.size() - 2, 2);
    if (month < 1 || month > 12 || day < 1 || day > slow_month(t.year, month) || hour > 23 || minute > 59 || second > 60 || off_hour > 23 ||
        off_minute > 59)
        return false;
    if (second < 60) return true;
    // The minute in UTC, by counting minutes of the year; the ends of June and December.
    int const distance = (s[s.size() - 6] == '-' ? -1 : 1) * (off_hour * 60 + off_minute);
    int days = day - 1;
    for (int m = 1; m < month; ++m) days += slow_month(t.year, m);
    int const of_year = days * 1440 + hour * 60 + minute - distance, length = (slow_leap(t.year) ? 366 : 365) * 1440;
    int const june = (slow_leap(t.year) ? 182 : 181) * 1440;
    return of_year == -1 || of_year == june - 1 || of_year == length - 1;
}

void check_date_time(std::string_view text) {
    check_value("date-time", text, slow_date_time(text), [](std::string_view t) { return parse_date_time(t); }, write_date_time);
    auto const t = parse_date_time(text);
    for (bool const fraction : {false, true})
        for (bool const utc : {false, true}) {
            bool const fits = t && (fraction || text.find('.') == text.npos) && (!utc || text.back() == 'Z' || text.back() == 'z');
            check(parse_date_time(text, {.fraction = fraction, .utc_only = utc}).has_value() == fits, "rules only ever take away");
        }
    if (t) {
        std::string const again = fuzz::written(35, [&](writer& w) { return write_date_time(w, *t); });
        check(parse_date_time(again).value_or(date_time{}) == *t, "a date is written as it is", again);
        check(unix_seconds(*t) == slow_seconds(*t), "days are counted right", again);
    }
    // Any moment.
    std::int64_t seconds = 0;
    for (char const c : text.substr(0, 8)) seconds = (seconds & 0xFFFFFFFF) * 131 + static_cast<unsigned char>(c);
    if (text.size() % 2 != 0) seconds = -seconds;
    auto const moment = to_date_time(seconds);
    if (moment) check(unix_seconds(*moment) == seconds && slow_seconds(*moment) == seconds, "a moment is one", std::to_string(seconds));
    else check(seconds < -62167219200 || seconds > 253402300799, "all years of four digits are known", std::to_string(seconds));
}

// ---- values of parameters ----

template <class Rule>
bool fits(parameter_id id, std::string_view text, Rule&& rule) {
    return text.size() <= facts(id).max_length && oracle::matches(rule, text);
}
bool slow_date_only(std::string_view text, bool utc) {
    return slow_date_time(text) && (utc ? text.back() == 'Z' || text.back() == 'z' : text.find('.') == text.npos);
}

void check_parameters(std::string_view s) {
    using id = parameter_id;
    auto const digits9 = repeat(1, 9, DIGIT);
    // RFC 2852 4: a return needs a time over 0.
    auto const over_zero = where(digits9, [](std::string_view d) { return d.find_first_not_of('0') != d.npos; });
    check_value("BY", s, fits(id::by, s, alt(seq(opt(one_of("+-")), digits9, word(";N"), opt(word("T"))),
                                             seq(opt(word("+")), over_zero, word(";R"), opt(word("T"))))), parse_by, write_by);
    check_value("HOLDFOR", s, fits(id::holdfor, s, seq(range('1', '9'), repeat(0, 8, DIGIT))), parse_holdfor, write_holdfor);
    check_value("HOLDUNTIL", s, s.size() <= 23 && slow_date_only(s, true), parse_holduntil, write_holduntil);
    check_value("MT-PRIORITY", s, fits(id::mt_priority, s, alt(seq(opt(word("-")), range('1', '9')), word("0"))), parse_mt_priority,
                write_mt_priority);
    auto const base64 = alt(Let_dig, one_of("+/"));
    auto const last = [](std::string_view c) { return std::string_view("AEIMQUYcgkosw048").find(c[0]) != std::string_view::npos; };
    check_value("MTRK", s, fits(id::mtrk, s, seq(repeat(26, 26, base64), where(base64, last), opt(seq(word(":"), digits9)))), [](std::string_view t) { return parse_mtrk(t); },
                write_mtrk);
    auto const element = alt(word("SUCCESS"), word("FAILURE"), word("DELAY"));
    check_value("NOTIFY", s, fits(id::notify, s, alt(word("NEVER"), seq(element, any(seq(word(","), element))))), parse_notify, write_notify);
    check_value("RET", s, fits(id::ret, s, alt(word("FULL"), word("HDRS"))), parse_ret, write_ret);
    check_value("BODY", s, fits(id::body, s, alt(word("7BIT"), word("8BITMIME"), word("BINARYMIME"))), parse_body, write_body);
    auto const keyword = seq(ALPHA, any(alt(Let_dig, one_of("._:-"))));
    if (s.size() <= 300)
        check_value("SOLICIT", s, fits(id::solicit, s, seq(keyword, any(seq(word(","), keyword)))), [](std::string_view t) { return parse_solicit(t); }, write_solicit);
    auto const token_char = [](std::string_view c) { return std::string_view("()<>@,;:\\\"/[]?=.").find(c[0]) == std::string_view::npos; };
    auto const token_atom = some(where(range(33, 126), token_char));
    auto const token = seq(token_atom, any(seq(word("."), token_atom)));
    check_value("TRANSID", s, fits(id::transid, s, seq(word("<"), token, word("@"), token, word(">"))), [](std::string_view t) { return parse_transid(t); }, write_transid);
    std::size_t const semicolon = s.find(';');
    std::string_view const action = semicolon == s.npos ? "" : s.substr(semicolon);
    bool const acts = action.empty() || iequals(action, ";C") || iequals(action, ";R");
    check_value("RRVS", s, s.size() <= 27 && acts && slow_date_only(s.substr(0, semicolon), false), parse_rrvs, write_rrvs);
    check_value("ENVID", s, s.size() <= 100 && slow_xtext(s, false).has_value(), [](std::string_view t) { return parse_envid(t); }, write_envid);
    if (s.size() > 200) return;
    // A mailbox in xtext.
    auto const exactly = slow_xtext(s, true), either = slow_xtext(s, true, true);
    for (bool const utf8 : {false, true}) {
        syntax rules;
        rules.smtputf8 = utf8;
        auto box = [&](std::optional<std::string> const& plain) {
            std::size_t const at = plain ? plain->rfind('@') : 0;
            bool const size_fits = plain && at != plain->npos && at <= 64 && plain->size() - at - 1 <= 255;
            return size_fits && matches(oracle::Mailbox, *plain, utf8);
        };
        // RFC 4954 8 has hexadecimal digits of either case, RFC 4405 4 those of RFC 3461.
        check_value("AUTH", s, box(either) || (either && *either == "<>"), [&](std::string_view t) { return parse_auth_identity(t, rules); },
                    [&](writer& w, xtext const& x) { return write_auth_identity(w, x, rules); });
        check_value("SUBMITTER", s, box(exactly), [&](std::string_view t) { return parse_submitter(t, rules); },
                    [&](writer& w, xtext const& x) { return write_submitter(w, x, rules); });
    }
}

// ORCPT=utf-8;... of RFC 6533 3: plain text of any kind, in both forms, and back.
void check_orcpt(std::string_view text) {
    for (bool const utf8 : {false, true}) {
        syntax rules;
        rules.smtputf8 = utf8;
        auto parse = [&rules](std::string_view t) { return parse_orcpt(t, rules); };
        auto const o = parse(text);
        check_value("ORCPT", text, o.has_value(), parse, [&](writer& w, original_recipient const& r) { return write_orcpt(w, r, rules); });
        for (std::string_view const type : {"utf-8", "rfc822"}) {
            fuzz::block buffer(10 * text.size() + 16);
            writer out(buffer.data(), buffer.size());
            if (!write_orcpt(out, {type, text, false}, rules)) {
                check(out.size() == 0, "what is refused is not written", type);
                continue;
            }
            auto const back = parse(out.text());
            check(back && back->addr_type == type, "what is written can be read", out.text());
            std::string const plain = fuzz::written(text.size(), [&](writer& w) { return write_decoded(w, *back); });
            check(plain == text, "and means the same", out.text());
        }
    }
}

// ---- status codes ----

void check_status(std::string_view text) {
    check_value("status", text, text.size() <= 20 && oracle::matches(oracle::status_code, text), parse_status, write_status);
    auto const s = parse_status(text);
    if (!s) return;
    check(fuzz::written(text.size(), [&](writer& w) { return write_status(w, *s); }) == text, "a status is written as it was read");
    bool subject = false;
    for (auto const& row : status_meanings) subject = subject || row.subject == s->subject;
    check(meaning(*s).empty() != subject, "a status has a meaning if its subject has one");
}

// ---- SCRAM ----

// No hash that anybody should use: 20 octets in which each octet of the text has its say.
void toy_hash(std::string_view text, char* digest) {
    std::uint32_t h[5] = {1, 2, 3, 4, 5};
    for (char const c : text)
        for (std::uint32_t i = 0; i < 5; ++i) h[i] = (h[i] ^ static_cast<unsigned char>(c) ^ h[(i + 1) % 5] >> 7) * (16777619u + 2 * i);
    for (std::size_t i = 0; i < 20; ++i) digest[i] = static_cast<char>(h[i / 4] >> (8 * (i % 4)));
}
void toy_hmac(std::string_view key, std::initializer_list<std::string_view> pieces, char* digest) {
    std::string text(key);
    for (std::string_view const piece : pieces) text += piece;
    toy_hash(text += key, digest);
}

void check_scram(std::string_view text) {
    fuzz::sizes draw(text);
    auto part = [&] {
        std::size_t const at = draw.next(0, text.size());
        return text.substr(at, draw.next(0, 20));
    };
    scram_hash const h{20, toy_hmac, toy_hash};
    char salted[20], stored[20], server_key[20], proof[20], signature[20], scratch[20];
    toy_hash(part(), salted);
    scram_transcript const t{part(), part(), part()};
    std::string_view const password(salted, 20);
    toy_hmac(password, {"Client Key"}, stored);
    toy_hash({stored, 20}, stored);
    toy_hmac(password, {"Server Key"}, server_key);
    make_scram_proof(h, password, t, proof, scratch);
    check(verify_scram_proof(h, {stored, 20}, t, {proof, 20}, scratch), "a proof is one");
    make_scram_signature(h, {server_key, 20}, t, signature);
    check(verify_scram_server(h, password, t, {signature, 20}, scratch), "a signature is one");
    std::size_t const at = draw.next(0, 19);
    proof[at] = static_cast<char>(proof[at] ^ 1), signature[at] = static_cast<char>(signature[at] ^ 1);
    check(!verify_scram_proof(h, {stored, 20}, t, {proof, 20}, scratch), "another proof is none");
    check(!verify_scram_proof(h, {stored, 20}, t, {proof, at}, scratch), "nor is half a proof");
    check(!verify_scram_server(h, password, t, {signature, 20}, scratch), "nor is another signature one");
    char digits[32];
    writer out(digits);
    auto const toy_md5 = [](std::string_view key, std::initializer_list<std::string_view> pieces, char* digest) {
        char longer[20];
        toy_hmac(key, pieces, longer);
        std::string_view(longer, 16).copy(digest, 16);
    };
    std::string_view const secret = part();
    check(write_cram_md5_digest(out, secret, t.server_first, toy_md5).has_value(), "there is room for a digest");
    check(verify_cram_md5({"a", out.text()}, secret, t.server_first, toy_md5), "a digest is one");
    bool const lower = out.text().find_first_not_of("0123456789abcdef") == std::string_view::npos;
    check(lower && out.size() == 32, "a digest is of 32 digits", out.text());
    digits[at] = digits[at] == '0' ? '1' : '0';
    check(!verify_cram_md5({"a", out.text()}, secret, t.server_first, toy_md5), "another digest is none");

    // The messages, as their ABNF has them (RFC 5802 7).
    if (text.size() > 200) return;
    auto const printable = alt(range(0x21, 0x2B), range(0x2D, 0x7E));
    auto const four = alt(Let_dig, one_of("/+"));
    auto const is_base64 = [](std::string_view b) { return check_base64(b).has_value(); };
    auto const base64 = where(seq(some(four), repeat(0, 2, word("="))), is_base64);
    // Without CR and LF, which the RFC lets through and ehlo nowhere.
    auto const value = some(alt(range(1, 9), range(11, 12), range(14, ',' - 1), range(',' + 1, 127), UTF8_non_ascii));
    auto const exact = [](char letter) { return range(static_cast<unsigned char>(letter), static_cast<unsigned char>(letter)); };
    auto const extension_name = where(ALPHA, [](std::string_view l) { return l != "m"; });
    auto const extensions = any(seq(word(","), extension_name, word("="), value));
    auto const iterations = where(seq(range('1', '9'), any(DIGIT)), [](std::string_view d) { return d.size() < 10 || (d.size() == 10 && d <= "4294967295"); });
    check_value("server-first", text,
                matches(seq(exact('r'), word("="), some(printable), word(","), exact('s'), word("="), base64, word(","), exact('i'), word("="), iterations, extensions), text),
                [](std::string_view m) { return parse_scram_server_first(m); }, [](writer& w, auto const& m) { return write_message(w, m); });
    check_value("server-final", text,
                matches(seq(alt(seq(exact('v'), word("="), base64), seq(exact('e'), word("="), value)), extensions), text),
                [](std::string_view m) { return parse_scram_server_final(m); }, [](writer& w, auto const& m) { return write_message(w, m); });
}

// base64 by its ABNF (RFC 4648 4); that the spare bits are 0 and what it means is for the target `auth`.
void check_base64_grammar(std::string_view text) {
    if (text.size() > 100) return;
    auto const c = alt(Let_dig, one_of("+/"));
    bool const shape = matches(seq(any(repeat(4, 4, c)), opt(alt(seq(repeat(2, 2, c), word("==")), seq(repeat(3, 3, c), word("="))))), text);
    auto const size = check_base64(text);
    check(shape || !size, "what is taken for base64 has its shape");
    if (!shape) return;
    std::size_t const pads = text.size() - std::min(text.find('='), text.size());
    std::string_view const spare = pads == 2 ? "AQgw" : "AEIMQUYcgkosw048";
    bool const zero = pads == 0 || spare.find(text[text.size() - pads - 1]) != spare.npos;
    check(size.has_value() == zero && (!size || *size == text.size() / 4 * 3 - pads), "what has its shape is base64 if its spare bits are 0");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size > 1024) return 0;
    fuzz::current = fuzz::as_text(data, size);
    fuzz::block const exact(fuzz::current);
    std::string_view const text = exact.view();
    check_xtext(text);
    check_date_time(text);
    check_parameters(text);
    check_orcpt(text);
    check_status(text);
    check_scram(text);
    check_base64_grammar(text);
    return 0;
}
