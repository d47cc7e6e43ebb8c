// The EHLO answer: which extensions a server offers, parsed and written. RFC 5321 4.1.1.1.
#pragma once

#include <ehlo/detail/keywords.hpp>
#include <ehlo/domain.hpp>
#include <ehlo/parameters.hpp>
#include <ehlo/reply.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace ehlo::inline v0::inline EHLO_TARGET {

/// Service extensions: every keyword of IANA's list, and three in wide use: two of Postfix, and PRDR of Exim.
enum class extension : std::uint8_t {
    size, eight_bit_mime, pipelining, enhanced_status_codes, smtputf8, help, vrfy, expn,
    chunking, binary_mime, dsn, starttls, auth, deliver_by, future_release, mt_priority, rrvs, require_tls, limits, mtrk,
    no_soliciting, conperm, conneg, burl, checkpoint, etrn, atrn, submitter, utf8smtp,
    send, soml, saml, turn, verbose, onex, xclient, xforward, prdr,
};

struct extension_facts {
    extension code;
    std::string_view keyword;
    std::string_view rfc;
    std::string_view parameters;   ///< what may follow the keyword in the answer to EHLO
};
/// One row for each extension, in the order of the enum: the order in which they are written.
inline constexpr extension_facts extension_table[] = {
    {extension::size, "SIZE", "RFC 1870", "[ SP 1*DIGIT ]"},
    {extension::eight_bit_mime, "8BITMIME", "RFC 6152", ""},
    {extension::pipelining, "PIPELINING", "RFC 2920", ""},
    {extension::enhanced_status_codes, "ENHANCEDSTATUSCODES", "RFC 2034", ""},
    {extension::smtputf8, "SMTPUTF8", "RFC 6531", ""},
    {extension::help, "HELP", "RFC 5321", ""},
    {extension::vrfy, "VRFY", "RFC 5321", ""},
    {extension::expn, "EXPN", "RFC 5321", ""},
    {extension::chunking, "CHUNKING", "RFC 3030", ""},
    {extension::binary_mime, "BINARYMIME", "RFC 3030", ""},
    {extension::dsn, "DSN", "RFC 3461", ""},
    {extension::starttls, "STARTTLS", "RFC 3207", ""},
    {extension::auth, "AUTH", "RFC 4954", "1*( SP sasl-mech )"},
    {extension::deliver_by, "DELIVERBY", "RFC 2852", "[ SP min-by-time *( \",\" token ) ]"},
    {extension::future_release, "FUTURERELEASE", "RFC 4865", "SP max-interval SP max-date-time"},
    {extension::mt_priority, "MT-PRIORITY", "RFC 6710", "[ SP priority-profile ]"},
    {extension::rrvs, "RRVS", "RFC 7293", ""},
    {extension::require_tls, "REQUIRETLS", "RFC 8689", ""},
    {extension::limits, "LIMITS", "RFC 9422", "1*( SP limit-name [ \"=\" limit-value ] )"},
    {extension::mtrk, "MTRK", "RFC 3885", ""},
    {extension::no_soliciting, "NO-SOLICITING", "RFC 3865", "[ SP keyword *( \",\" keyword ) ]"},
    {extension::conperm, "CONPERM", "RFC 4141", ""},
    {extension::conneg, "CONNEG", "RFC 4141", ""},
    {extension::burl, "BURL", "RFC 4468", "*( SP burl-param )"},
    {extension::checkpoint, "CHECKPOINT", "RFC 1845", ""},
    {extension::etrn, "ETRN", "RFC 1985", ""},
    {extension::atrn, "ATRN", "RFC 2645", ""},
    {extension::submitter, "SUBMITTER", "RFC 4405", ""},
    {extension::utf8smtp, "UTF8SMTP", "RFC 5336", ""},
    {extension::send, "SEND", "RFC 821", ""},
    {extension::soml, "SOML", "RFC 821", ""},
    {extension::saml, "SAML", "RFC 821", ""},
    {extension::turn, "TURN", "RFC 821", ""},
    {extension::verbose, "VERB", "sendmail", ""},
    {extension::onex, "ONEX", "sendmail", ""},
    {extension::xclient, "XCLIENT", "Postfix", "1*( SP attribute )"},
    {extension::xforward, "XFORWARD", "Postfix", "1*( SP attribute )"},
    {extension::prdr, "PRDR", "draft-hall-prdr-00", ""},
};
static_assert(detail::rows_for_all(extension_table, &extension_facts::code), "extension_table lacks a row, or a row is out of place");
inline constexpr unsigned extension_count = sizeof extension_table / sizeof *extension_table;
namespace detail {
// The one column that is looked up at run time: the others are not linked in where nobody asks for them.
template <class>
struct extension_column;
template <std::size_t... I>
struct extension_column<std::index_sequence<I...>> {
    static constexpr std::string_view keywords[sizeof...(I)] = {extension_table[I].keyword...};
};
using extension_names = extension_column<std::make_index_sequence<extension_count>>;
}  // namespace detail
/// The keyword in capitals.
constexpr std::string_view name(extension e) noexcept { return detail::extension_names::keywords[static_cast<unsigned>(e)]; }

namespace detail {
/// The first 4 octets of a keyword, fewer if it is shorter: they tell all keywords apart.
constexpr std::uint32_t first_octets(std::string_view keyword) noexcept {
    if (keyword.size() >= 4) return fold4(keyword.data());
    std::uint32_t word = 0;
    for (std::size_t i = 0; i < keyword.size(); ++i) word |= (static_cast<unsigned char>(keyword[i]) & 0xDFu) << (8 * i);
    return word;
}
struct extension_index {
    // A keyword as its first 8 octets and its last 8. A letter may differ in bit 5; that bit is not in the mask, and neither is
    // an octet that is none of the keyword.
    struct row {
        std::uint64_t head = 0, head_mask = 0, tail = 0, tail_mask = 0;
        std::uint8_t size = 0;     // of the keyword
        std::uint8_t tail_at = 0;
        extension code{};
        bool longer = false;       // than the two tell
    } rows[extension_count + 1] = {};   // the last one: no keyword
    std::uint32_t heads[extension_count] = {};
    std::size_t longest = 0;
    consteval extension_index() {
        for (unsigned i = 0; i < extension_count; ++i) {
            std::string_view const keyword = extension_table[i].keyword;
            row& r = rows[i];
            heads[i] = first_octets(keyword);
            r.size = static_cast<std::uint8_t>(keyword.size());
            r.code = static_cast<extension>(i);
            r.tail_at = static_cast<std::uint8_t>(keyword.size() < 8 ? 0 : keyword.size() - 8);
            r.longer = keyword.size() > 16;
            longest = keyword.size() > longest ? keyword.size() : longest;
            for (unsigned k = 0; k < 8; ++k) {
                add(r.head, r.head_mask, keyword, k, k);
                add(r.tail, r.tail_mask, keyword, r.tail_at + k, k);
            }
        }
    }

  private:
    static consteval void add(std::uint64_t& octets, std::uint64_t& mask, std::string_view keyword, std::size_t at, unsigned k) {
        if (at >= keyword.size()) return;
        auto const octet = static_cast<unsigned char>(keyword[at]);
        octets |= std::uint64_t{octet} << (8 * k);
        mask |= std::uint64_t{octet < 'A' ? 0xFFu : 0xDFu} << (8 * k);
    }
};
inline constexpr extension_index extension_rows{};
inline constexpr places<extension_count, std::uint32_t> places_of_extensions(extension_rows.heads);

/// The row of the keyword that `text` begins with, two octets or more after it; nullptr if ehlo knows none such.
EHLO_INLINE constexpr extension_index::row const* find_extension_at(std::string_view text) noexcept {
    if (text.size() < 5) return nullptr;  // "DSN" CRLF is the shortest
    char const* const p = text.data();
    std::uint32_t const word = fold4(p) & (p[3] <= ' ' ? 0x00FFFFFFu : 0xFFFFFFFFu);
    auto const& r = extension_rows.rows[places_of_extensions.find(word)];
    std::size_t const size = r.size;
    if (size == 0) return nullptr;
    if (text.size() < extension_rows.longest + 2 || r.longer) [[unlikely]] {
        if (text.size() < size + 2 || !spells(name(r.code), {p, size})) return nullptr;
    } else if ((((load8(p) ^ r.head) & r.head_mask) | ((load8(p + r.tail_at) ^ r.tail) & r.tail_mask)) != 0) {
        return nullptr;
    }
    return &r;
}
}  // namespace detail

/// The extension that a keyword names, in any case; nothing if ehlo does not know it.
constexpr std::optional<extension> find_extension(std::string_view keyword) noexcept {
    unsigned const i = detail::places_of_extensions.find(detail::first_octets(keyword));
    if (i == extension_count || !detail::spells(name(static_cast<extension>(i)), keyword)) return std::nullopt;
    return static_cast<extension>(i);
}

/// A set of extensions. Structural, so a policy can carry it as a template argument.
using extensions = set_of<extension, extension_count>;
constexpr extensions operator|(extension a, extension b) noexcept { return extensions(a) | extensions(b); }

namespace detail {
struct extension_parameters {
    std::uint32_t of[extension_count] = {};   // bits of parameter_ids
    consteval extension_parameters() {
        for (unsigned i = 0; i < extension_count; ++i)
            for (auto const& row : registered_parameters)
                if (row.extension == extension_table[i].keyword || row.also == extension_table[i].keyword) of[i] |= parameter_ids(row.id).bits;
    }
};
inline constexpr extension_parameters parameters_by_extension{};
}  // namespace detail

/// The parameters of MAIL and RCPT that come with these extensions.
[[nodiscard]] constexpr parameter_ids parameters_of(extensions offered) noexcept {
    parameter_ids ids;
    for (std::uint64_t left = offered.bits & detail::low_bits(extension_count); left != 0; left &= left - 1)
        ids.bits |= detail::parameters_by_extension.of[detail::trailing_zeros(left)];
    return ids;
}

/// ehlo-line = ehlo-keyword *( SP ehlo-param ). Borrows from the reply.
struct capability {
    std::string_view keyword;
    std::string_view parameters;  ///< all after the first SP, as it stands
};
constexpr capability split_capability(std::string_view line EHLO_LIFETIMEBOUND) noexcept {
    std::size_t const end = detail::find_first<charset(" ")>(line);
    return {detail::sub(line, 0, end), end == line.size() ? detail::sub(line, end) : detail::sub(line, end + 1)};
}
template <detail::temporary Text>
capability split_capability(Text&&) = delete;

/// What a server offers. A value without views: it outlives the reply. Each EHLO replaces it (RFC 5321 4.1.4).
struct capabilities {
    extensions offered{};
    /// The largest message the server takes, in octets; nothing if it gave no number, or gave 0, which means "no fixed
    /// limit" (RFC 1870 4).
    std::optional<std::uint64_t> max_size{};
    leniency tolerated{};  ///< in the answer
    constexpr bool has(extension e) const noexcept { return offered.has(e); }
};

namespace detail {
/// Whether `text` is ehlo-param *( SP ehlo-param ), ehlo-param = 1*(%d33-126), or empty.
constexpr bool is_made_of_words(std::string_view text) noexcept {
    if (text.empty()) return true;
    for (std::uint64_t after_space = 1;;) {   // as if one stood before the text: none may begin it
        window const w(text);
        std::uint64_t const spaces = w.mask<charset(" ")>();
        if ((w.mask<~charset(32, 126)>() | (spaces & (spaces << 1 | after_space))) != 0) return false;
        if (text.size() <= 64) return spaces >> (text.size() - 1) == 0;
        after_space = spaces >> 63;
        text = sub(text, 64);
    }
}
/// What stands in the lines of an answer, and what was tolerated there.
struct answer_blanks {
    leniency tolerate;
    leniency tolerated{};

    /// What follows a keyword and its SP, as words with blanks between them. Nothing if it is not that.
    constexpr std::string_view parameters(std::string_view text) noexcept {
        return !text.empty() ? words(text) : text.data() != nullptr ? words(" ") : text;
    }
    constexpr std::string_view words(std::string_view text) noexcept {
        if (is_made_of_words(text)) return text;
        while (!text.empty() && chars::wsp.contains(text.front())) text.remove_prefix(1);
        while (!text.empty() && chars::wsp.contains(text.back())) text.remove_suffix(1);
        if (!tolerate.has(rule::blanks_in_ehlo_answer) || find_first<~(charset(33, 126) + chars::wsp)>(text) != text.size()) return {};
        tolerated |= rule::blanks_in_ehlo_answer;
        return text;
    }
};
/// The word that `text` begins with, cut off with the blanks after it.
constexpr std::string_view take_word(std::string_view& text) noexcept {
    std::string_view const word = detail::sub(text, 0, find_first<chars::wsp>(text));
    std::size_t at = word.size();
    while (at < text.size() && chars::wsp.contains(text[at])) ++at;  // one, nearly always
    text = detail::sub(text, at);
    return word;
}

/// Calls `known(extension, parameters)` for each line after the first that begins with a keyword ehlo knows, and `other(line)` for
/// the rest. `parameters` is all after the SP that follows the keyword, or from the HTAB on (under rule::blanks_in_ehlo_answer); its
/// data is null if neither follows. A keyword is looked up by the octets that stand there, so that its own length tells where it
/// ends: the end of the line is looked for only after an SP.
template <class Known, class Other>
EHLO_INLINE constexpr void visit_ehlo_lines(std::string_view reply, leniency tolerate, Known&& known, Other&& other) noexcept {
    std::size_t at = find_near<charset("\r")>(reply) + 2;
    while (at < reply.size()) {
        // After code and separator. No line is shorter than "250" CRLF, which has no separator, and then the LF stands here.
        at += 4;
        std::string_view const rest{reply.data() + at, reply.size() - at};
        auto const* const s = find_extension_at(rest);
        std::size_t end = s != nullptr ? s->size : 0;
        if (s != nullptr && rest[end] == '\r') {
            known(s->code, std::string_view());
        } else if (s != nullptr && rest[end] == ' ') {
            std::string_view const behind{rest.data() + end + 1, rest.size() - end - 1};
            std::string_view const parameters{behind.data(), find_near<charset("\r")>(behind)};
            known(s->code, parameters);
            end += 1 + parameters.size();
        } else if (rest[0] != '\n') {
            end = find_near<charset("\r")>(rest);
            std::string_view const line{rest.data(), end};
            std::size_t const blank = tolerate.has(rule::blanks_in_ehlo_answer) ? find_first<charset("\t")>(line) : end;
            if (auto const e = blank == end ? std::nullopt : find_extension(sub(line, 0, blank))) known(*e, sub(line, blank));
            else other(line);
        }
        at += end + 2;
    }
}
/// Likewise of any reply: lines that end in LF, or hold a CR, are cut the slow way.
template <class Known, class Other>
EHLO_INLINE constexpr void visit_ehlo_lines(reply_view const& r, leniency tolerate, Known&& known, Other&& other) noexcept {
    if (!r.tolerated().has(rule::bare_lf_reply) && !r.tolerated().has(rule::controls_in_reply)) [[likely]]
        return visit_ehlo_lines(r.octets(), tolerate, known, other);
    bool first = true;
    for (std::string_view const line : r.lines()) {
        std::size_t const end = tolerate.has(rule::blanks_in_ehlo_answer) ? find_first<charset(" \t")>(line) : find_first<charset(" ")>(line);
        auto const e = first ? std::nullopt : find_extension(sub(line, 0, end));
        if (e) known(*e, end == line.size() ? std::string_view() : sub(line, line[end] == ' ' ? end + 1 : end));
        else if (!first) other(line);
        first = false;
    }
}
}  // namespace detail

namespace detail {
constexpr void read_size(capabilities& c, std::string_view parameters) noexcept {
    auto const size = parse_decimal(parameters);
    c.max_size = size && *size != 0 ? std::optional(*size) : std::nullopt;
}
/// Not inline, for the sake of what is nearly always read.
EHLO_NOINLINE constexpr capabilities read_lenient_capabilities(reply_view const& reply, leniency tolerate) noexcept {
    capabilities c;
    answer_blanks blanks{tolerate};
    auto known = [&](extension e, std::string_view text) noexcept {
        c.offered = c.offered | e;
        std::string_view const parameters = blanks.parameters(text);
        if (e == extension::size) read_size(c, parameters);
    };
    auto other = [&](std::string_view line) noexcept {
        if (!istarts_with(line, "AUTH=")) return;
        c.offered = c.offered | extension::auth;
        static_cast<void>(blanks.words(sub(line, 5)));
    };
    visit_ehlo_lines(reply, tolerate, known, other);
    c.tolerated = blanks.tolerated;
    return c;
}
}  // namespace detail

/// Reads a positive EHLO reply. Lines that are not ehlo-lines, and keywords unknown here, are passed over: a client must
/// not fail on what it will not use (RFC 5321 4.1.1.1). A keyword counts as offered whatever follows its SP; what is not made of
/// ehlo-params is passed over. The old form "AUTH=PLAIN LOGIN" counts as AUTH. Errors: bad_reply_class if the reply is not 250.
constexpr result<capabilities> parse_capabilities(reply_view const& r, leniency tolerate = strict) noexcept {
    if (r.code() != 250) return fail(errc::bad_reply_class, 0);
    if (!tolerate.empty()) [[unlikely]] return detail::read_lenient_capabilities(r, tolerate);
    capabilities c;
    auto known = [&](extension e, std::string_view parameters) noexcept {
        c.offered = c.offered | e;
        // Of what is not well formed no number can be read, so nothing needs to be looked at before.
        if (e == extension::size) detail::read_size(c, parameters);
    };
    auto other = [&](std::string_view line) noexcept {
        if (istarts_with(line, "AUTH=")) c.offered = c.offered | extension::auth;
    };
    detail::visit_ehlo_lines(r, strict, known, other);
    return c;
}

/// Writes the answer to EHLO: ehlo-ok-rsp of RFC 5321 4.1.1.1, one line for each extension in the order of the enum.
/// Errors: unsafe_octet, bad_domain and others of parse_host for `domain`; reply_too_long for a line over 512 octets;
/// output_full.
constexpr result<std::size_t> write_capabilities(writer& out, std::string_view domain, std::string_view greet,
                                                 capabilities const& c) noexcept {
    if (auto const parsed = parse_host(domain); !parsed) return parsed.error();
    if (domain.size() + greet.size() + 7 > max_reply_line) return fail(errc::reply_too_long, max_reply_line);
    return out.atomically([&](writer& w) {
        std::size_t last = w.size() + 3;
        w.raw("250-").raw(domain);
        if (!greet.empty()) w.raw(' ').text(greet);
        w.crlf();
        for (std::uint64_t left = c.offered.bits & detail::low_bits(extension_count); left != 0; left &= left - 1) {
            auto const e = static_cast<extension>(detail::trailing_zeros(left));
            last = w.size() + 3;
            w.raw("250-").raw(name(e));
            if (e == extension::size && c.max_size) w.raw(' ').number(*c.max_size);
            w.crlf();
        }
        w.overwrite(last, ' ');
    });
}

}  // namespace ehlo
