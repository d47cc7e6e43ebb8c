// The EHLO answer: which extensions a server offers, parsed and written. RFC 5321 4.1.1.1.
#pragma once

#include <ehlo/detail/keywords.hpp>
#include <ehlo/domain.hpp>
#include <ehlo/parameters.hpp>
#include <ehlo/reply_reader.hpp>

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
consteval bool only_dsn_has_three_letters() {
    for (extension_facts const& row : extension_table)
        if (row.keyword.size() < 4 && row.code != extension::dsn) return false;
    return true;
}
static_assert(only_dsn_has_three_letters(), "a keyword of three letters has two rows");
consteval bool three_words_tell_each_keyword() {
    for (extension_facts const& row : extension_table)
        if (row.keyword.size() > 24) return false;
    return true;
}
static_assert(three_words_tell_each_keyword(), "the middle of a longer keyword is not looked at");
struct extension_index {
    // A keyword as its first 8 octets and its last 8. A letter may differ in bit 5; that bit is not in the mask, and neither is
    // an octet that is none of the keyword.
    struct row {
        std::uint64_t head = 0, head_mask = 0, tail = 0, tail_mask = 0;
        std::uint32_t needs = 8;    // octets from where it begins, for the two to tell all; more than there are if they cannot
        std::uint8_t size = 0;      // of the keyword
        std::uint8_t tail_at = 0;
        extension code{};
    } rows[extension_count + 2] = {};   // and, after the last one, "DSN" CR, and no keyword
    places<extension_count + 1, std::uint32_t> where;   // by the octets that a keyword begins with
    consteval extension_index() : where(heads().first_octets) {
        // One octet cannot be both.
        rows[extension_count + 1].head_mask = rows[extension_count + 1].tail_mask = rows[extension_count + 1].tail = 1;
        for (unsigned i = 0; i <= extension_count; ++i) {
            extension const e = i == extension_count ? extension::dsn : static_cast<extension>(i);
            std::string_view const keyword = extension_table[static_cast<unsigned>(e)].keyword;
            row& r = rows[i];
            r.size = static_cast<std::uint8_t>(keyword.size());
            r.code = e;
            r.tail_at = static_cast<std::uint8_t>(keyword.size() < 8 ? 0 : keyword.size() - 8);
            r.needs = r.size > 16 ? ~0u : r.size < 6 ? 8u : r.size + 2u;
            for (unsigned k = 0; k < 8; ++k) {
                add(r.head, r.head_mask, keyword, k, k);
                add(r.tail, r.tail_mask, keyword, r.tail_at + k, k);
            }
        }
    }

  private:
    struct heads {
        std::uint32_t first_octets[extension_count + 1] = {};
        consteval heads() {
            for (unsigned i = 0; i < extension_count; ++i) first_octets[i] = detail::first_octets(extension_table[i].keyword);
            first_octets[extension_count] = detail::first_octets("DSN") | std::uint32_t{'\r'} << 24;
        }
    };
    static consteval void add(std::uint64_t& octets, std::uint64_t& mask, std::string_view keyword, std::size_t at, unsigned k) {
        if (at >= keyword.size()) return;
        auto const octet = static_cast<unsigned char>(keyword[at]);
        octets |= std::uint64_t{octet} << (8 * k);
        mask |= std::uint64_t{octet < 'A' ? 0xFFu : 0xDFu} << (8 * k);
    }
};
inline constexpr extension_index extension_rows{};

/// Whether `text` begins with the keyword of a row, and has two octets more. Near the end of an answer.
EHLO_NOINLINE constexpr bool ends_with(std::string_view text, extension_index::row const& r) noexcept {
    return r.size != 0 && text.size() >= r.size + 2u && spells(name(r.code), {text.data(), r.size});
}
/// Likewise, anywhere.
EHLO_INLINE constexpr bool begins_with(std::string_view text, extension_index::row const& r) noexcept {
    char const* const p = text.data();
    if (text.size() < r.needs) [[unlikely]] {
        if (r.tail_at <= 8) return ends_with(text, r);
        // Over 16 octets: those in the middle, too.
        if (text.size() < r.size + 2u || !spells_word(load8(name(r.code).data() + 8), load8(p + 8))) return false;
    }
    return (((load8(p) ^ r.head) & r.head_mask) | ((load8(p + r.tail_at) ^ r.tail) & r.tail_mask)) == 0;
}
}  // namespace detail

/// The extension that a keyword names, in any case; nothing if ehlo does not know it.
constexpr std::optional<extension> find_extension(std::string_view keyword) noexcept {
    if constexpr (!EHLO_VECTOR) {
        unsigned const i = detail::find_row<detail::extension_names::keywords>(keyword);
        return i == extension_count ? std::nullopt : std::optional(static_cast<extension>(i));
    }
    unsigned const i = detail::extension_rows.where.find(detail::first_octets(keyword));
    if (i >= extension_count || !detail::spells(name(static_cast<extension>(i)), keyword)) return std::nullopt;
    return static_cast<extension>(i);
}

/// A set of extensions. Structural, so a policy can carry it as a template argument.
using extensions = set_of<extension, extension_count>;
constexpr extensions operator|(extension a, extension b) noexcept { return extensions(a) | extensions(b); }

namespace detail {
// The keyword of one of these. A machine without vectors is likely to be a small one: it has the keywords of no others.
template <extensions Known, std::size_t... I>
constexpr std::string_view name_among(extension e, std::index_sequence<I...>) noexcept {
    std::string_view name;
    auto look = [&]<std::size_t Row>() noexcept {
        if constexpr (Known.has(static_cast<extension>(Row))) {
            constexpr std::string_view keyword = extension_table[Row].keyword;
            if (static_cast<std::size_t>(e) == Row) name = keyword;
        }
    };
    (look.template operator()<I>(), ...);
    return name;
}
template <extensions Known>
constexpr std::string_view name_among(extension e) noexcept {
    if constexpr (EHLO_VECTOR || Known == extensions::all()) return name(e);
    else return name_among<Known>(e, std::make_index_sequence<extension_count>());
}
}  // namespace detail

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
struct parameter_extensions {
    extensions of[parameter_count] = {};   // that a parameter comes with, any of them
    consteval parameter_extensions() {
        for (unsigned i = 0; i < extension_count; ++i)
            for (unsigned id = 0; id < parameter_count; ++id)
                if ((parameters_by_extension.of[i] >> id & 1) != 0) of[id] |= static_cast<extension>(i);
    }
};
inline constexpr parameter_extensions extensions_by_parameter{};
/// Those that come with none of these extensions: there are fewer parameters in a command than extensions on offer.
EHLO_INLINE constexpr parameter_ids parameters_without(parameter_ids ids, extensions offered) noexcept {
    parameter_ids without;
    for (auto left = ids.bits; left != 0; left &= left - 1)
        if (auto const id = trailing_zeros(left); !extensions_by_parameter.of[id].has_any(offered)) without |= static_cast<parameter_id>(id);
    return without;
}
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
    /// The largest message the server takes, in octets. 0: it has no fixed limit; nothing: it gave no number, which tells nothing
    /// (RFC 1870 4).
    std::optional<std::uint64_t> size{};
    leniency tolerated{};  ///< blanks_in_ehlo_answer
    constexpr bool has(extension e) const noexcept { return offered.has(e); }
    constexpr bool operator==(capabilities const&) const = default;
};

namespace detail {
/// What follows a keyword, as words with blanks between them. Where these are is known of the first 64 octets, since it was looked for.
struct ehlo_words {
    std::string_view text{};
    std::uint64_t blanks = 0;
};
template <class F>
EHLO_INLINE constexpr void for_each_word(ehlo_words const& words, F&& f) noexcept {
    std::string_view const text = words.text;
    std::uint64_t blanks = words.blanks;   // among the 64 octets from `base` on
    for (std::size_t base = 0, at = 0, end; at < text.size(); at = end + 1) {
        while (blanks == 0 && text.size() - base > 64) {
            base += 64;
            blanks = window(sub(text, base)).mask<chars::wsp>();
        }
        end = blanks != 0 ? base + trailing_zeros(blanks) : text.size();
        blanks &= blanks - 1;
        if (end != at) f(std::string_view(text.data() + at, end - at));
    }
}
/// Whether `text` is ehlo-param *( SP ehlo-param ), ehlo-param = 1*(%d33-126), or empty. `blanks`: the spaces among its first 64 octets.
constexpr bool is_made_of_words(std::string_view text, std::uint64_t& blanks) noexcept {
    blanks = 0;
    if (text.empty()) return true;
    for (std::uint64_t after_space = 1, first = ~std::uint64_t{0};; first = 0) {   // as if a space stood before the text: none may begin it
        std::uint64_t const spaces = window(text).mask<~charset(33, 126)>();
        if ((spaces & (spaces << 1 | after_space)) != 0) return false;
        for (std::uint64_t left = spaces; left != 0; left &= left - 1)   // few: a look at each is less than a mask of their own
            if (text[trailing_zeros(left)] != ' ') return false;
        blanks |= spaces & first;
        if (text.size() <= 64) return spaces >> (text.size() - 1) == 0;
        after_space = spaces >> 63;
        text = sub(text, 64);
    }
}
/// Of a text that nobody looked at for blanks: no words have so many.
inline constexpr std::uint64_t unknown_blanks = ~std::uint64_t{0};
EHLO_NOINLINE constexpr ehlo_words find_words(std::string_view text, leniency tolerate, leniency& tolerated) noexcept {
    ehlo_words words{text};
    if (text.empty() ? text.data() == nullptr : is_made_of_words(text, words.blanks)) return words;
    while (!text.empty() && chars::wsp.contains(text.front())) text.remove_prefix(1);
    while (!text.empty() && chars::wsp.contains(text.back())) text.remove_suffix(1);
    if (!tolerate.has(rule::blanks_in_ehlo_answer) || find_first<~(charset(33, 126) + chars::wsp)>(text) != text.size()) return {};
    tolerated |= rule::blanks_in_ehlo_answer;
    return {text, window(text).mask<chars::wsp>()};
}
/// What follows a keyword and its SP, as words with blanks between them; nothing if it is not that. `text`: its data is null if no SP
/// follows. `blanks`: where it has them, if it is up to 64 octets and nothing else in it is no ehlo-param. Tells in `tolerated` what
/// `tolerate` lets pass.
EHLO_INLINE constexpr ehlo_words words_of(std::string_view text, std::uint64_t blanks, leniency tolerate, leniency& tolerated) noexcept {
    if (text.size() - 1 < 64 && (blanks & (blanks << 1 | 1)) == 0 && blanks >> (text.size() - 1) == 0) [[likely]] return {text, blanks};
    return find_words(text, tolerate, tolerated);
}
/// No more than what it tells in `tolerated`.
EHLO_NOINLINE constexpr void note_blanks(std::string_view text, leniency tolerate, leniency& tolerated) noexcept {
    static_cast<void>(find_words(text, tolerate, tolerated));
}
/// The word that `text` begins with, cut off with the blanks after it.
constexpr std::string_view take_word(std::string_view& text) noexcept {
    std::string_view const word = detail::sub(text, 0, find_first<chars::wsp>(text));
    std::size_t at = word.size();
    while (at < text.size() && chars::wsp.contains(text[at])) ++at;  // one, nearly always
    text = detail::sub(text, at);
    return word;
}

/// What follows a keyword and its SP, up to the CR, which is there. `blanks`, if these are `Wanted`: see words_of.
template <bool Wanted>
EHLO_INLINE constexpr std::string_view parameters_at(char const* p, std::string_view reply, [[maybe_unused]] std::uint64_t& blanks) noexcept {
    auto const left = static_cast<std::size_t>(reply.data() + reply.size() - p);
    if constexpr (Wanted) {
        std::uint64_t const others = ~marks_at<charset(33, 126)>(p, left, reply.size());   // what is not there at all counts as others
        for (std::uint64_t rest = others; rest != 0; rest &= rest - 1) {
            unsigned const at = trailing_zeros(rest);
            if (p[at] == ' ') continue;
            if (p[at] != '\r') break;
            blanks = others & low_bits(at);
            return {p, at};
        }
    }
    return {p, find_near<charset("\r")>({p, left})};
}

/// Calls `first(text)` with what follows the code in the first line, `known(extension, parameters, blanks)` for each line after it that
/// begins with a keyword ehlo knows, and `other(line)` for the rest. `parameters` is all after the SP that follows the keyword, or from
/// the HTAB on (under rule::blanks_in_ehlo_answer); its data is null if neither follows. `blanks`: see words_of; they are only looked
/// for if they are `Wanted`. A keyword is looked up by the octets that stand there, so that its own length tells where it ends: the
/// end of the line is looked for only after an SP.
template <bool Wanted, class First, class Known, class Other>
EHLO_INLINE constexpr void visit_ehlo_lines(std::string_view reply, leniency tolerate, First&& first, Known&& known, Other&& other) noexcept {
    char const* p = reply.data();
    char const* const stop = p + reply.size();
    std::size_t const end = find_near<charset("\r")>(reply);
    first(std::string_view(p + 4, end < 4 ? 0 : end - 4));
    // Each line begins with code and separator; "250" CRLF, the last one, has none and says nothing. The shortest keyword has 3 octets.
    p += end + 2;
    for (char const* const last = stop - p > 8 ? stop - 8 : p; p < last;) {
        p += 4;
        std::string_view const text{p, static_cast<std::size_t>(stop - p)};
        auto const& row = *(extension_rows.rows + extension_rows.where.find(fold4(p)));
        char const after = begins_with(text, row) ? p[row.size] : '\0';
        if (after == '\r') {
            known(row.code, std::string_view(), unknown_blanks);
            p += row.size + 2;
        } else if (after == ' ') {
            std::uint64_t blanks = unknown_blanks;
            std::string_view const parameters = parameters_at<Wanted>(p + row.size + 1, reply, blanks);
            known(row.code, parameters, blanks);
            p = parameters.data() + parameters.size() + 2;
        } else {
            std::string_view const line{p, find_near<charset("\r")>(text)};
            std::size_t const blank = tolerate.has(rule::blanks_in_ehlo_answer) ? find_first<charset("\t")>(line) : line.size();
            if (auto const e = blank == line.size() ? std::nullopt : find_extension(sub(line, 0, blank))) known(*e, sub(line, blank), unknown_blanks);
            else other(line);
            p += line.size() + 2;
        }
    }
    if (stop - p > 5) other(std::string_view(p + 4, static_cast<std::size_t>(stop - p) - 6));
}
/// Likewise of any reply: lines that end in LF, or hold a CR, are cut the slow way; and all of them on a machine without vectors, which
/// is likely to be a small one: the quick way and its tables are 2 KB.
template <bool Wanted, class First, class Known, class Other>
EHLO_INLINE constexpr void visit_ehlo_lines(reply_view const& r, leniency tolerate, First&& first, Known&& known, Other&& other) noexcept {
    if (EHLO_VECTOR && !r.tolerated().has_any(rule::bare_lf_reply | rule::controls_in_reply)) [[likely]]
        return visit_ehlo_lines<Wanted>(r.octets(), tolerate, first, known, other);
    bool is_first = true;
    for (std::string_view const line : r.lines()) {
        if (is_first) {
            first(line);
            is_first = false;
            continue;
        }
        std::size_t const end = tolerate.has(rule::blanks_in_ehlo_answer) ? find_first<charset(" \t")>(line) : find_first<charset(" ")>(line);
        if (auto const e = find_extension(sub(line, 0, end)))
            known(*e, end == line.size() ? std::string_view() : sub(line, line[end] == ' ' ? end + 1 : end), unknown_blanks);
        else other(line);
    }
}

/// The number after SIZE. On its own, so that what is done for each keyword is little enough to stand where the line is read.
EHLO_NOINLINE constexpr std::optional<std::uint64_t> read_size(std::string_view text, leniency tolerate, leniency& tolerated) noexcept {
    auto n = parse_decimal(text);   // what is a number has no blanks
    if (!n) [[unlikely]] n = parse_decimal(find_words(text, tolerate, tolerated).text);
    return n ? std::optional(*n) : std::nullopt;
}

/// Reads the answer to EHLO: what is offered, and SIZE. `first(text)` is given the first line; `more(extension, text, blanks, old_form)`
/// what follows any other keyword, see words_of, and what follows "AUTH=" (`old_form`); `other(line)` each line whose keyword ehlo does
/// not know.
template <bool Wanted, class First, class More, class Other>
EHLO_INLINE constexpr void read_ehlo_lines(capabilities& c, reply_view const& r, leniency tolerate, First&& first, More&& more, Other&& other) noexcept {
    extensions offered;
    std::optional<std::uint64_t> size;
    auto known = [&](extension e, std::string_view text, std::uint64_t blanks) noexcept {
        offered |= e;
        if (e == extension::size) size = read_size(text, tolerate, c.tolerated);
        else if (text.data() != nullptr) more(e, text, blanks, false);
    };
    auto unknown = [&](std::string_view said) noexcept {
        if (!istarts_with(said, "AUTH=")) return other(said);
        offered |= extension::auth;
        if (said.size() > 5) more(extension::auth, sub(said, 5), unknown_blanks, true);
    };
    visit_ehlo_lines<Wanted>(r, tolerate, first, known, unknown);
    c.offered = offered;
    c.size = size;
}

constexpr void end_reply_line(writer& w, std::size_t begin) noexcept {
    if (w.size() - begin > max_reply_line - 2) w.refuse(fail(errc::reply_too_long, max_reply_line));
    w.crlf();
}
/// Writes it: one line for each extension, in the order of the enum. `more(writer, extension, begin)` writes what follows the keywords of
/// `With`, and ends the line that begins at `begin`, as it does for SIZE. `domain` is one, as parse_host says.
template <extensions Known = extensions::all(), extensions With = extensions(), class More>
constexpr result<std::size_t> write_ehlo_lines(writer& out, std::string_view domain, std::string_view greet, capabilities const& c,
                                               More&& more) noexcept {
    return out.atomically([&](writer& w) {
        std::size_t begin = w.size();
        w.raw("250-").raw(domain);
        if (!greet.empty()) w.raw(' ').text(greet);
        end_reply_line(w, begin);
        for (std::uint64_t left = c.offered.bits & low_bits(extension_count); left != 0; left &= left - 1) {
            auto const e = static_cast<extension>(trailing_zeros(left));
            begin = w.size();
            std::string_view const word = name_among<Known>(e);
            // Writes the code and the keyword, and claims `after` octets more: returns where these stand, or nullptr if there is no room.
            auto put_keyword = [&](std::size_t after) EHLO_INLINE_LAMBDA {
                char* const to = w.claim(4 + word.size() + after);
                return to != nullptr ? put_octets(put_octets(to, "250-"), word) : nullptr;
            };
            if (!(With | extension::size).has(e)) {
                if (char* const end = put_keyword(2); end != nullptr) put_octets(end, "\r\n");
                continue;
            }
            put_keyword(0);
            if (e == extension::size && c.size) w.raw(' ').number(*c.size);
            more(w, e, begin);
        }
        w.overwrite(begin + 3, ' ');
    });
}
}  // namespace detail

/// Reads a positive EHLO reply. Lines that are not ehlo-lines, and keywords unknown here, are passed over: a client must
/// not fail on what it will not use (RFC 5321 4.1.1.1). A keyword counts as offered whatever follows its SP; what is not made of
/// ehlo-params is passed over. The old form "AUTH=PLAIN LOGIN" counts as AUTH. Errors: bad_reply_class if the reply is not 250.
constexpr result<capabilities> parse_capabilities(reply_view const& r, leniency tolerate = strict) noexcept {
    if (r.code() != 250) return fail(errc::bad_reply_class, 0);
    capabilities c;
    auto more = [&](extension, std::string_view text, std::uint64_t, bool) noexcept {
        if (!tolerate.empty()) [[unlikely]] detail::note_blanks(text, tolerate, c.tolerated);
    };
    constexpr auto pass = [](std::string_view) noexcept {};
    detail::read_ehlo_lines<false>(c, r, tolerate, pass, more, pass);
    return c;
}

/// Writes the answer to EHLO: ehlo-ok-rsp of RFC 5321 4.1.1.1, one line for each extension in the order of the enum.
/// Errors: unsafe_octet, bad_domain and others of parse_host for `domain`; reply_too_long for a line over 512 octets;
/// output_full.
constexpr result<std::size_t> write_capabilities(writer& out, std::string_view domain, std::string_view greet,
                                                 capabilities const& c) noexcept {
    if (auto const parsed = parse_host(domain); !parsed) return parsed.error();
    return detail::write_ehlo_lines(out, domain, greet, c, [](writer& w, extension, std::size_t) noexcept { w.crlf(); });
}

}  // namespace ehlo
