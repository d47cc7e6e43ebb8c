// Answers to EHLO: every split, the small answer against the full one and both against a naive search, what was read
// written and read again, and answers that are built of the input's octets.
#include "fuzz.hpp"

#include <ehlo/ehlo_answer.hpp>

using namespace ehlo;
using fuzz::check;

namespace {

std::string upper(std::string_view text) {
    std::string out;
    for (char const c : text) out += c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    return out;
}

void check_equal(ehlo_answer const& a, ehlo_answer const& b, std::string_view text) {
    check(a.domain == b.domain && a.greet == b.greet, "the first line is what it was", text);
    check(a.offered == b.offered, "the same is offered", text);
    check(a.size == b.size && a.min_by_time == b.min_by_time && a.limits == b.limits, "numbers are what they were", text);
    check(a.auth == b.auth && a.auth_text == b.auth_text, "mechanisms are what they were", text);
    check(a.xclient == b.xclient && a.xforward == b.xforward, "attributes are what they were", text);
    check(a == b, "the answer is what it was", text);
}

// Words with one SP between them: so they are written, whatever blanks they were given with.
std::string single_spaced(std::string_view text) {
    std::string words;
    for (char const c : text)
        if (!chars::wsp.contains(c)) words += c;
        else if (!words.empty() && words.back() != ' ') words += ' ';
    if (!words.empty() && words.back() == ' ') words.pop_back();
    return words;
}

// Writes it, or does not; what is written reads back to the same value.
bool check_written(ehlo_answer a) {
    std::string const auth = single_spaced(a.auth_text), profile = single_spaced(a.priority_profile), words = single_spaced(a.solicitations),
                      burl = single_spaced(a.burl);
    fuzz::block buffer(16384);
    writer out(buffer.data(), buffer.size());
    auto const n = write_ehlo_answer(out, a);
    if (!n) {
        check(out.size() == 0 && out.ok(), "what is refused writes nothing");
        return false;
    }
    std::string const text = fuzz::written(out.size(), [&a](writer& w) { return write_ehlo_answer(w, a); });
    reply_limits wide;
    wide.total = 16384;
    auto const r = parse_reply(text, wide);
    check(r.ready() && r.consumed == text.size(), "an answer is one reply", text);
    auto const back = parse_ehlo_answer(*r);
    check(back.has_value(), "what is written can be read", text);
    a.auth_text = auth;
    a.priority_profile = profile;
    a.solicitations = words;
    a.burl = burl;
    // A mechanism that is in the set only is written after those of the text.
    ehlo_answer same = *back;
    if (parse_mechanisms(a.auth_text) != a.auth) {
        bool const longer = parse_mechanisms(same.auth_text) == a.auth && same.auth_text.starts_with(a.auth_text);
        check(longer, "all mechanisms are written", text);
        same.auth_text = a.auth_text;
    }
    check_equal(same, a, text);
    return true;
}

void check_reply(reply_view const& r) {
    auto const a = parse_ehlo_answer(r);
    auto const slim = parse_capabilities(r);
    check(a.has_value() == (r.code() == 250) && slim.has_value() == a.has_value(), "a reply of code 250 can be an answer to EHLO");
    if (!a) return;
    for (std::string_view const part : {a->domain, a->greet, a->auth_text, a->priority_profile, a->solicitations, a->burl})
        check(fuzz::lies_in(part, r.octets()), "a part of an answer lies in the reply");

    // Line by line: a keyword of the table in capitals, and what stands after its SP.
    extensions offered;
    std::optional<std::uint64_t> size;
    std::string text = a->domain.data() ? std::string(a->domain) : "";
    if (!a->greet.empty()) (text += ' ') += a->greet;
    bool first = true;
    for (std::string_view const line : r.lines()) {
        if (first) check(line == text || line == text + ' ', "the first line is a domain and a greeting", text);
        std::size_t const space = std::min(line.find(' '), line.size());
        std::string const keyword = upper(line.substr(0, space));
        for (auto const& row : extension_table) {
            if (first || row.keyword != keyword) continue;
            offered = offered | row.code;
            if (row.code != extension::size) continue;
            auto const n = parse_decimal(line.substr(std::min(space + 1, line.size())));
            size = n ? std::optional(*n) : std::nullopt;
        }
        if (!first && upper(line).starts_with("AUTH=")) offered = offered | extension::auth;
        first = false;
    }
    check(slim->offered == offered && a->offered == offered, "what is offered is what a naive search finds");
    check(a->size == size, "SIZE is what the last line of it says");
    check(*slim == static_cast<capabilities const&>(*a), "the small answer agrees with the full one");
    check(parse_mechanisms(a->auth_text) == a->auth || (parse_mechanisms(a->auth_text) | a->auth) == a->auth,
          "the mechanisms of the text are among those of the set");

    if (check_written(*a)) return;
    // Refused because of a text that is no ehlo-param, or of a host that is none.
    ehlo_answer b = *a;
    for (std::string_view* const t : {&b.auth_text, &b.priority_profile, &b.solicitations, &b.burl}) *t = {};
    b.domain = "mx.example";
    b.greet = {};
    check(check_written(b), "the rest of an answer can be written");
}

// Of some octets of the input, any value at all.
ehlo_answer build(std::string_view in) {
    fuzz::sizes draw(in);
    auto number = [&draw]() { return static_cast<std::uint32_t>(draw.next(0, draw.next(0, 1) ? 12 : 2000000000)); };
    auto maybe = [&]() { return draw.next(0, 1) ? std::optional(number()) : std::nullopt; };
    auto part = [&]() {
        std::size_t const at = draw.next(0, in.size());
        return in.substr(at, draw.next(0, 24));
    };
    ehlo_answer a{};
    a.domain = draw.next(0, 3) ? std::string_view("mx.example") : part();
    a.greet = part();
    a.offered.bits = (static_cast<std::uint64_t>(number()) << 20 ^ number()) & ((std::uint64_t{1} << extension_count) - 1);
    if (a.has(extension::size) && draw.next(0, 1)) a.size = static_cast<std::uint64_t>(number()) * number();
    if (a.has(extension::auth)) a.auth = parse_mechanisms(a.auth_text = draw.next(0, 1) ? part() : "PLAIN LOGIN X");
    if (a.has(extension::limits)) a.limits = {maybe(), maybe(), maybe()};
    if (a.has(extension::deliver_by)) a.min_by_time = maybe();
    if (auto const t = to_date_time(number()); a.has(extension::future_release) && t && draw.next(0, 1)) a.hold = hold_limits{number(), *t};
    if (a.has(extension::mt_priority)) a.priority_profile = part();
    if (a.has(extension::no_soliciting)) a.solicitations = part();
    if (a.has(extension::burl)) a.burl = part();
    if (a.has(extension::xclient)) a.xclient.bits = static_cast<std::uint16_t>(draw.next(0, 0xFF));
    if (a.has(extension::xforward)) a.xforward.bits = static_cast<std::uint16_t>(draw.next(0, 0x3FF));
    return a;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size > 4096) return 0;
    fuzz::current = fuzz::as_text(data, size);
    reply_limits lenient;
    lenient.tolerate = rule::mixed_reply_codes;
    for (auto const& limits : {reply_limits(), lenient}) {
        auto const whole = parse_reply(fuzz::current, limits);
        for (auto const how : fuzz::arrivals) {
            reply_reader reader;
            bool read = false;
            fuzz::deliver(fuzz::current, how, [&](std::string_view pending, bool& stop) {
                auto const r = reader.next(pending, limits);
                stop = !r.need_more();
                if (!r.ready()) return std::size_t{0};
                read = true;
                check(whole.ready() && r.consumed == whole.consumed, "a split does not change the reply");
                check_reply(*r);
                auto const a = parse_ehlo_answer(*r), b = parse_ehlo_answer(*whole);
                check(a.has_value() == b.has_value(), "a split does not change whether it is an answer");
                if (a) check_equal(*a, *b, pending);
                return r.consumed;
            });
            check(read == whole.ready(), "a split does not change whether it is a reply");
        }
    }
    if (size > 4) check_written(build(fuzz::current));
    return 0;
}
