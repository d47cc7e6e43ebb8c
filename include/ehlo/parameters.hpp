// ESMTP parameters of MAIL and RCPT: the raw range, and the registered ones typed. RFC 5321 4.1.2 and 4.1.1.11.
#pragma once

#include <ehlo/parameter_values.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>

namespace ehlo::inline v0::inline EHLO_TARGET {

/// esmtp-param = esmtp-keyword ["=" esmtp-value]. "X" has no value; "X=" is not well formed. Borrows from the command.
struct parameter {
    std::string_view keyword;
    std::optional<std::string_view> value;
};

/// Well-formed parameters as they stand in the command: `for (ehlo::parameter p : mail->parameters.all())`.
class parameter_range {
    std::string_view text_;

  public:
    class iterator {
        std::string_view rest_;

      public:
        constexpr explicit iterator(std::string_view rest) noexcept : rest_(rest) {
            while (rest_.starts_with(' ')) rest_.remove_prefix(1);  // rule::spaces_between_parameters
        }
        constexpr parameter operator*() const noexcept {
            std::string_view const whole = detail::sub(rest_, 0, detail::find_first<charset(" ")>(rest_));
            std::size_t const equals = detail::find_first<charset("=")>(whole);
            if (equals == whole.size()) return {whole, std::nullopt};
            return {detail::sub(whole, 0, equals), detail::sub(whole, equals + 1)};
        }
        constexpr iterator& operator++() noexcept {
            return *this = iterator(detail::sub(rest_, detail::find_first<charset(" ")>(rest_)));
        }
        constexpr bool operator!=(iterator const& other) const noexcept { return rest_.size() != other.rest_.size(); }
    };

    constexpr explicit parameter_range(std::string_view text) noexcept : text_(text) {}
    constexpr std::string_view text() const noexcept { return text_; }
    constexpr bool empty() const noexcept { return text_.empty(); }
    constexpr iterator begin() const noexcept { return iterator(text_); }
    constexpr iterator end() const noexcept { return iterator(detail::sub(text_, text_.size())); }
};

/// A parameter of your own: a type with its keyword, and a function that reads a value (absent if there was no "=") and never throws.
///
///     struct x_queue {
///         static constexpr std::string_view keyword = "X-QUEUE";
///         static constexpr ehlo::result<x_queue> parse(std::optional<std::string_view> value) noexcept;
///         constexpr void write(ehlo::writer& w) const noexcept;    // the value; only needed for write_parameter
///     };
///     if (mail.parameters.unknown_at<x_queue>()) ...               // none but registered ones and X-QUEUE
///     auto const queue = mail.parameters.get<x_queue>();           // failed, absent or there
template <class P>
concept custom_parameter = requires(std::optional<std::string_view> value) {
    { P::keyword } -> std::convertible_to<std::string_view>;
    { P::parse(value) } noexcept -> std::same_as<result<P>>;
};

/// What the parameters of MAIL and of RCPT have in common. Borrows from the command. Values were checked when the command
/// was parsed; an accessor looks for its parameter and reads it anew, so a set of parameters costs no more than its text.
class parameter_list {
  protected:
    char const* data_ = nullptr;
    std::uint32_t length_ = 0;
    std::uint32_t unknown_at_ = 0;
    parameter_ids present_{};
    bool has_unknown_ = false;
    friend struct parameter_access;

    // The offset of a registered parameter; the size of all if it is not there. Keywords are compared where they stand: with all() a MAIL
    // with ten parameters took a quarter more.
    constexpr std::size_t place_of(parameter_id id) const noexcept {
        std::string_view const text{data_, length_}, keyword = name(id);
        for (std::size_t at = 0; at < text.size();) {
            std::size_t const end = at + keyword.size();
            if (to_upper(text[at]) == keyword[0] && (end == text.size() || (end < text.size() && (text[end] == ' ' || text[end] == '='))) &&
                iequals(detail::sub(text, at, keyword.size()), keyword))
                return at;
            at = detail::find_first<charset(" ")>(text, at);
            while (at < text.size() && text[at] == ' ') ++at;
        }
        return text.size();
    }
    // The value of a registered parameter that is present and has one.
    constexpr std::string_view value_of(parameter_id id) const noexcept {
        std::string_view const text{data_, length_};
        std::size_t const at = place_of(id) + name(id).size() + 1;
        return detail::sub(text, at, detail::find_first<charset(" ")>(text, at) - at);
    }
    // The value of a registered parameter, read by one of the functions of parameter_values.hpp.
    template <class Parse>
    constexpr auto typed(parameter_id id, Parse parse) const noexcept -> std::optional<typename decltype(parse(std::string_view()))::value_type> {
        if (!present_.has(id)) return std::nullopt;
        auto const value = parse(value_of(id));
        return value ? std::optional(*value) : std::nullopt;
    }
    // What stands in xtext was checked: that it is xtext, and what it means.
    constexpr std::optional<xtext> encoded(parameter_id id) const noexcept {
        return present_.has(id) ? std::optional(xtext::encoded(value_of(id))) : std::nullopt;
    }

  public:
    /// All parameters, known or not, as they stand.
    constexpr parameter_range all() const noexcept { return parameter_range({data_, length_}); }
    /// The registered ones among them.
    constexpr parameter_ids present() const noexcept { return present_; }
    constexpr bool has(parameter_id id) const noexcept { return present_.has(id); }
    /// The offset in `all().text()` of the first parameter that is not a registered one of this command.
    constexpr std::optional<std::uint32_t> unknown_at() const noexcept {
        return has_unknown_ ? std::optional(unknown_at_) : std::nullopt;
    }
    /// Likewise, but parameters of your own count as known.
    template <custom_parameter... Own>
        requires(sizeof...(Own) > 0)
    constexpr std::optional<std::uint32_t> unknown_at() const noexcept;
    /// A parameter of your own. Errors: those of its `parse`, with `at` counted from the first octet of `all().text()`.
    template <custom_parameter P>
    constexpr result<std::optional<P>> get() const noexcept {
        for (parameter const p : all()) {
            if (!iequals(p.keyword, P::keyword)) continue;
            result<P> const value = P::parse(p.value);
            if (value) return std::optional(*value);
            std::size_t const at = p.value ? static_cast<std::size_t>(p.value->data() - data_)
                                           : static_cast<std::size_t>(p.keyword.data() - data_) + p.keyword.size();
            return fail(value.error().code, at + value.error().at);
        }
        return std::optional<P>();
    }
};

/// The parameters of MAIL. Absent and zero differ: `size()` of "SIZE=0" is 0, of a MAIL without SIZE nothing.
class mail_parameters : public parameter_list {
    v0::body body_ = v0::body::seven_bit;  // first: it fits in behind the base
    std::uint64_t size_ = 0;
    friend struct parameter_access;

  public:
    /// The size the client declares, in octets. RFC 1870.
    constexpr std::optional<std::uint64_t> size() const noexcept {
        return has(parameter_id::size) ? std::optional(size_) : std::nullopt;
    }
    /// RFC 6152, RFC 3030.
    constexpr std::optional<v0::body> body() const noexcept { return has(parameter_id::body) ? std::optional(body_) : std::nullopt; }
    /// RFC 6531.
    constexpr bool smtputf8() const noexcept { return has(parameter_id::smtputf8); }
    /// What a DSN of failure returns. RFC 3461 4.3.
    constexpr std::optional<v0::ret> ret() const noexcept { return typed(parameter_id::ret, parse_ret); }
    /// The client's name for the transaction. RFC 3461 4.4.
    constexpr std::optional<xtext> envid() const noexcept { return encoded(parameter_id::envid); }
    /// Who submitted the mail: a mailbox, or "<>" if nobody is known to have. RFC 4954 5.
    constexpr std::optional<xtext> auth() const noexcept { return encoded(parameter_id::auth); }
    /// RFC 2852 4.
    constexpr std::optional<deliver_by> by() const noexcept { return typed(parameter_id::by, parse_by); }
    /// Seconds to hold the mail for. RFC 4865 3.
    constexpr std::optional<std::uint32_t> holdfor() const noexcept { return typed(parameter_id::holdfor, parse_holdfor); }
    /// The time to hold the mail until. RFC 4865 3.
    constexpr std::optional<date_time> holduntil() const noexcept { return typed(parameter_id::holduntil, parse_holduntil); }
    /// -9 to 9; more is sooner. RFC 6710.
    constexpr std::optional<int> mt_priority() const noexcept { return typed(parameter_id::mt_priority, parse_mt_priority); }
    /// RFC 3885 3.1; there is an ENVID too.
    constexpr std::optional<tracking> mtrk() const noexcept { return typed(parameter_id::mtrk, [](std::string_view value) noexcept { return parse_mtrk(value); }); }
    /// RFC 3865 2.3.
    constexpr std::optional<solicitations> solicit() const noexcept { return typed(parameter_id::solicit, [](std::string_view value) noexcept { return parse_solicit(value); }); }
    /// The purported responsible mailbox. RFC 4405 4.
    constexpr std::optional<xtext> submitter() const noexcept { return encoded(parameter_id::submitter); }
    /// RFC 8689 2.
    constexpr bool requiretls() const noexcept { return has(parameter_id::requiretls); }
    /// RFC 4141 4.2.
    constexpr bool conperm() const noexcept { return has(parameter_id::conperm); }
    /// Whether replies for each recipient are asked for, when the content has ended. draft-hall-prdr-00.
    constexpr bool prdr() const noexcept { return has(parameter_id::prdr); }
    /// RFC 1845 2.
    constexpr std::optional<transaction_id> transid() const noexcept { return typed(parameter_id::transid, [](std::string_view value) noexcept { return parse_transid(value); }); }
    /// A mailbox in ASCII. RFC 5336 3.4 (obsolete).
    constexpr std::optional<xtext> alt_address() const noexcept { return encoded(parameter_id::alt_address); }
};

/// The parameters of RCPT.
class rcpt_parameters : public parameter_list {
    friend struct parameter_access;

  public:
    /// When a DSN is wanted. RFC 3461 4.1.
    constexpr std::optional<v0::notify> notify() const noexcept { return typed(parameter_id::notify, parse_notify); }
    /// The recipient as the sender wrote it. RFC 3461 4.2, RFC 6533 3.
    constexpr std::optional<original_recipient> orcpt() const noexcept {
        return typed(parameter_id::orcpt, [](std::string_view value) noexcept { return parse_orcpt(value, detail::wide_syntax); });
    }
    /// RFC 7293 3.1.
    constexpr std::optional<valid_since> rrvs() const noexcept { return typed(parameter_id::rrvs, parse_rrvs); }
    /// RFC 4141 5.2.
    constexpr bool conneg() const noexcept { return has(parameter_id::conneg); }
    /// A mailbox in ASCII. RFC 5336 3.4 (obsolete).
    constexpr std::optional<xtext> alt_address() const noexcept { return encoded(parameter_id::alt_address); }
};

/// Builds parameter sets for the parsers below.
struct parameter_access {
    using cursor = detail::cursor;

    static EHLO_INLINE constexpr void set_text(parameter_list& set, std::string_view text) noexcept {
        set.data_ = text.data();
        set.length_ = static_cast<std::uint32_t>(text.size());
    }

    // One parameter at the cursor, which stops at the SP or end behind it.
    static constexpr bool scan_one(cursor& c, parameter& p) noexcept {
        std::size_t const start = c.at;
        // esmtp-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-")
        if (!c.next_in(chars::let_dig)) return c.stop(errc::bad_parameter);
        c.at = detail::find_first<~chars::esmtp_keyword>(c.text, c.at + 1);
        p.keyword = detail::sub(c.text, start, c.at - start);
        p.value = std::nullopt;
        if (c.skip('=')) {
            // esmtp-value = 1*(%d33-60 / %d62-126);  RFC 6531: esmtp-value =/ UTF8-non-ascii
            std::size_t const value = c.at;
            for (;;) {
                c.at = detail::find_first<~chars::esmtp_value>(c.text, c.at);
                if (!c.next_is_wide()) break;
                if (!c.skip_wide()) return false;
            }
            if (c.at == value) return c.stop(errc::bad_parameter);
            p.value = detail::sub(c.text, value, c.at - value);
        }
        if (!c.end() && !c.next_is(' ')) return c.stop(errc::bad_parameter);
        return true;
    }

    // The octets of the xtext that `text` begins with, if that is all there is of it: no more than `most`, and an SP, a CR or the
    // end behind them. 0 otherwise.
    static EHLO_INLINE constexpr std::size_t take_xtext(std::string_view text, std::size_t most) noexcept {
        std::size_t n = detail::find_first<~chars::xchar>(text);
        while (n + 2 < text.size() && text[n] == '+' && parse_xtext(detail::sub(text, n, 3))) n = detail::find_first<~chars::xchar>(text, n + 3);
        return n <= most && (n == text.size() || text[n] == ' ' || text[n] == '\r') ? n : 0;
    }
    // Whether `p` begins with the word, letter by letter.
    template <std::size_t N>
    static EHLO_INLINE constexpr bool begins_with(char const* p, std::size_t size, char const (&word)[N]) noexcept {
        constexpr std::size_t n = N - 1;
        static_assert(n >= 4 && n <= 16);
        if (size < n) return false;
        if constexpr (n < 8) return detail::load4(p) == detail::load4(word) && detail::load4(p + n - 4) == detail::load4(word + n - 4);
        else return detail::load8(p) == detail::load8(word) && detail::load8(p + n - 8) == detail::load8(word + n - 8);
    }

    // Parameters as nearly every client spells them, without a look at each octet: SIZE=digits, BODY=8BITMIME, BODY=7BIT,
    // SMTPUTF8, RET=FULL, RET=HDRS, ENVID, AUTH=<>. Returns how many of the `size` octets it took, up to an SP, a CR
    // or the end; 0: it is something else, or something is wrong.
    EHLO_INLINE static constexpr std::size_t take_common(char const* p, std::size_t size, mail_parameters& m) noexcept {
        if (size < 6) return 0;
        parameter_id id = parameter_id::size;
        std::size_t used = 0;
        if (begins_with(p, size, "SIZE=")) {
            unsigned const n = detail::take_digits(p + 5, size - 5, m.size_);
            if (n == 0) return 0;
            used = 5 + n;
        } else if (begins_with(p, size, "BODY=8BITMIME")) {
            id = parameter_id::body;
            m.body_ = v0::body::eight_bit_mime;
            used = 13;
        } else {
            used = take_less_common(p, size, m, id);
            if (used == 0) return 0;
        }
        return finish(p, size, used, id, m);
    }
    EHLO_NOINLINE static constexpr std::size_t take_less_common(char const* p, std::size_t size, mail_parameters& m, parameter_id& id) noexcept {
        if (begins_with(p, size, "BODY=7BIT")) return m.body_ = v0::body::seven_bit, id = parameter_id::body, 9;
        if (begins_with(p, size, "SMTPUTF8")) return id = parameter_id::smtputf8, 8;
        if (begins_with(p, size, "RET=HDRS") || begins_with(p, size, "RET=FULL")) return id = parameter_id::ret, 8;
        if (begins_with(p, size, "AUTH=<>")) return id = parameter_id::auth, 7;
        if (!begins_with(p, size, "ENVID=")) return 0;
        id = parameter_id::envid;
        std::size_t const n = take_xtext({p + 6, size - 6}, facts(id).max_length);
        return n == 0 ? 0 : 6 + n;
    }
    // NOTIFY in capitals; ORCPT=rfc822;.
    EHLO_INLINE static constexpr std::size_t take_common(char const* p, std::size_t size, rcpt_parameters& r) noexcept {
        parameter_id id = parameter_id::notify;
        std::size_t used = 7;
        if (begins_with(p, size, "NOTIFY=")) {
            for (;;) {
                char const* const word = p + used;
                std::size_t const left = size - used;
                if (begins_with(word, left, "SUCCESS") || begins_with(word, left, "FAILURE")) used += 7;
                else if (begins_with(word, left, "DELAY")) used += 5;
                else if (used == 7 && begins_with(word, left, "NEVER")) return finish(p, size, 12, id, r);
                else return 0;
                if (used == size || p[used] != ',') break;
                ++used;
            }
            if (used - 7 > facts(id).max_length) return 0;
        } else if (begins_with(p, size, "ORCPT=rfc822;")) {
            id = parameter_id::orcpt;
            std::size_t const n = take_xtext({p + 13, size - 13}, facts(id).max_length - 7u);
            if (n == 0) return 0;
            used = 13 + n;
        } else {
            return 0;
        }
        return finish(p, size, used, id, r);
    }
    static EHLO_INLINE constexpr std::size_t finish(char const* p, std::size_t size, std::size_t used, parameter_id id, parameter_list& set) noexcept {
        if (set.has(id) || (used != size && p[used] != ' ' && p[used] != '\r')) return 0;
        set.present_ |= id;
        return used;
    }

    static constexpr bool take_size(cursor& c, std::string_view value, std::size_t value_at, mail_parameters& m) noexcept {
        // size-value = 1*20DIGIT, RFC 1870 3
        auto const size = parse_decimal(value);
        if (!size) {
            bool const large = size.error().code == errc::number_too_large;
            return c.stop(large ? errc::number_too_large : errc::bad_parameter_value, value_at + size.error().at);
        }
        if (value.size() > facts(parameter_id::size).max_length)
            return c.stop(errc::bad_parameter_value, value_at + facts(parameter_id::size).max_length);
        m.size_ = *size;
        return true;
    }

    // What is wrong with the value of a registered parameter that the set does not hold itself.
    static constexpr std::optional<failure> find_fault(parameter_id id, std::string_view value, syntax const& rules) noexcept {
        auto of = [](auto const& r) noexcept { return r ? std::nullopt : std::optional(r.error()); };
        switch (id) {
        case parameter_id::ret: return of(parse_ret(value));
        case parameter_id::envid: return of(parse_envid(value, rules));
        case parameter_id::auth: return of(parse_auth_identity(value, rules));
        case parameter_id::by: return of(parse_by(value));
        case parameter_id::holdfor: return of(parse_holdfor(value));
        case parameter_id::holduntil: return of(parse_holduntil(value));
        case parameter_id::mt_priority: return of(parse_mt_priority(value));
        case parameter_id::mtrk: return of(parse_mtrk(value));
        case parameter_id::solicit: return of(parse_solicit(value));
        case parameter_id::submitter: return of(parse_submitter(value, rules));
        case parameter_id::transid: return of(parse_transid(value));
        case parameter_id::notify: return of(parse_notify(value));
        case parameter_id::orcpt: {
            syntax wide = rules;
            wide.smtputf8 = true;
            return of(parse_orcpt(value, wide));
        }
        case parameter_id::rrvs: return of(parse_rrvs(value));
        case parameter_id::alt_address: return of(parse_alt_address(value, rules));
        case parameter_id::size:
        case parameter_id::body:
        case parameter_id::smtputf8:
        case parameter_id::requiretls:
        case parameter_id::conperm:
        case parameter_id::prdr:
        case parameter_id::conneg:
        case parameter_id::utf8reply: break;
        }
        return std::nullopt;
    }

    static constexpr bool take_value(cursor& c, parameter_id id, std::string_view value, std::size_t value_at, mail_parameters& m) noexcept {
        if (id == parameter_id::size) return take_size(c, value, value_at, m);
        if (id == parameter_id::body) {
            auto const b = parse_body(value);
            if (!b) return c.stop(errc::bad_parameter_value, value_at);
            m.body_ = *b;
            return true;
        }
        return take_other(c, id, value, value_at);
    }
    static constexpr bool take_value(cursor& c, parameter_id id, std::string_view value, std::size_t value_at, rcpt_parameters&) noexcept {
        return take_other(c, id, value, value_at);
    }
    static constexpr bool take_other(cursor& c, parameter_id id, std::string_view value, std::size_t value_at) noexcept {
        syntax rules = c.rules;
        rules.tolerate = strict;
        auto const bad = find_fault(id, value, rules);
        if (!bad) return true;
        // As few of them as it takes.
        for (leniency const few : {leniency(rule::lower_case_hexchar), leniency(rule::auth_not_a_mailbox), leniency(rule::wide_orcpt),
                                   rule::lower_case_hexchar | rule::wide_orcpt}) {
            rules.tolerate = few;
            if (!(few - c.rules.tolerate).empty() || find_fault(id, value, rules)) continue;
            c.tolerated |= few;
            return true;
        }
        return c.stop(bad->code, value_at + bad->at);
    }

    static constexpr bool belongs(parameter_facts const& row, mail_parameters const&) noexcept { return row.mail; }
    static constexpr bool belongs(parameter_facts const& row, rcpt_parameters const&) noexcept { return row.rcpt; }

    // One parameter, whatever it is. `unknown` counts those that are not registered.
    template <class Parameters>
    static constexpr bool take_rare(cursor& c, Parameters& set, std::size_t first, std::size_t& unknown) noexcept {
        std::size_t const start = c.at;
        parameter p{};
        if (!scan_one(c, p)) return false;
        auto const id = find_parameter(p.keyword);
        if (!id || !belongs(facts(*id), set)) {
            if (++unknown == 1) {
                set.has_unknown_ = true;
                set.unknown_at_ = static_cast<std::uint32_t>(start - first);
            }
            return true;
        }
        // No base rule on repetition: every extension that speaks of it says 501 (RFC 1869, 3461, 6531 ...).
        if (set.has(*id)) return c.stop(errc::duplicate_parameter, start);
        std::size_t const behind = start + p.keyword.size();
        if (p.value.has_value() != facts(*id).has_value) return c.stop(errc::bad_parameter_value, behind);
        if (p.value && !take_value(c, *id, *p.value, behind + 1, set)) return false;
        set.present_ |= *id;
        return true;
    }

    // Parameters that do not go together: the place is that of the later one, or the end if one is missing.
    EHLO_NOINLINE static constexpr std::optional<std::size_t> find_conflict(mail_parameters const& m) noexcept {
        auto later = [&m](parameter_id a, parameter_id b) noexcept {
            std::size_t const x = m.place_of(a), y = m.place_of(b);
            return x < y ? y : x;
        };
        std::optional<std::size_t> at;
        auto note = [&at](std::size_t place) noexcept {
            if (!at || place < *at) at = place;
        };
        // RFC 4865 4.2: only one of them.
        if (m.has(parameter_id::holdfor) && m.has(parameter_id::holduntil)) note(later(parameter_id::holdfor, parameter_id::holduntil));
        // RFC 4865 5.2.2: not to be released after the time to deliver in. With HOLDUNTIL it takes a clock to tell.
        if (m.has(parameter_id::holdfor) && m.has(parameter_id::by) && std::int64_t{*m.holdfor()} > m.by()->seconds)
            note(later(parameter_id::holdfor, parameter_id::by));
        // RFC 3885 3.2: MTRK needs ENVID, and an "@" in it.
        if (m.has(parameter_id::mtrk)) {
            if (!m.has(parameter_id::envid)) {
                note(m.length_);
            } else if (std::string_view const envid = m.envid()->text(); detail::find_first<charset("@")>(envid) == envid.size()) {
                std::size_t const end = static_cast<std::size_t>(envid.data() - m.data_) + envid.size();
                std::size_t const mtrk = m.place_of(parameter_id::mtrk);
                note(end < mtrk ? mtrk : end);
            }
        }
        return at;
    }
    static constexpr parameter_ids may_conflict() noexcept { return parameter_id::holdfor | parameter_ids(parameter_id::mtrk); }

    // Keywords in some order, without their case; of equal ones the first comes first. Below 0, 0, or above.
    static constexpr int compare(std::string_view text, std::size_t a, std::size_t b) noexcept {
        auto octet = [text](std::size_t at) noexcept {
            return at == text.size() || text[at] == ' ' || text[at] == '=' ? '\0' : to_upper(text[at]);
        };
        for (;; ++a, ++b) {
            char const x = octet(a), y = octet(b);
            if (x != y) return x < y ? -1 : 1;
            if (x == '\0') return 0;
        }
    }

    // The offset of the first parameter whose keyword stood before; the size if there is none. Well-formed parameters only.
    // Keeps the 1,024 that come first in order, then the next 1,024, and so on: N parameters cost N log N steps up to there
    // and N * N / 1,024 * log beyond, with 4 KiB of stack, and no hash that somebody could aim at.
    EHLO_NOINLINE static constexpr std::size_t find_repeated(std::string_view text) noexcept {
        constexpr std::size_t room = 1024;
        std::uint32_t kept[room];  // offsets; a heap with the last in order on top, then sorted
        auto before = [text](std::size_t a, std::size_t b) noexcept {
            int const order = compare(text, a, b);
            return order < 0 || (order == 0 && a < b);
        };
        auto sink = [&](std::size_t i, std::size_t size) noexcept {
            std::uint32_t const moved = kept[i];
            for (std::size_t child; (child = 2 * i + 1) < size; i = child) {
                if (child + 1 < size && before(kept[child], kept[child + 1])) ++child;
                if (!before(moved, kept[child])) break;
                kept[i] = kept[child];
            }
            kept[i] = moved;
        };
        std::size_t first = text.size(), last = text.size();  // the first repeated one; the last one of the round before
        for (bool more = true; more;) {
            std::size_t size = 0;
            more = false;
            for (std::size_t at = 0; at < text.size(); at = detail::find_first<~charset(" ")>(text, detail::find_first<charset(" ")>(text, at))) {
                if (last != text.size() && !before(last, at)) continue;
                if (size < room) {
                    kept[size++] = static_cast<std::uint32_t>(at);
                    if (size == room)
                        for (std::size_t i = room / 2; i-- > 0;) sink(i, room);
                    continue;
                }
                more = true;
                if (!before(at, kept[0])) continue;
                kept[0] = static_cast<std::uint32_t>(at);
                sink(0, room);
            }
            if (size < room)
                for (std::size_t i = size / 2; i-- > 0;) sink(i, size);
            for (std::size_t n = size; n > 1;) {
                std::uint32_t const top = kept[0];
                kept[0] = kept[--n];
                kept[n] = top;
                sink(0, n);
            }
            for (std::size_t i = 0; i < size; ++i) {
                if (last != text.size() && kept[i] < first && compare(text, last, kept[i]) == 0) first = kept[i];
                last = kept[i];
            }
        }
        return first;
    }

    // *(SP esmtp-param) behind the SP, to the end of the text. RCPT has none as a rule.
    template <class Parameters>
    static EHLO_INLINE constexpr bool scan(cursor& c, Parameters& set) noexcept {
        if (!c.end()) return scan_some(c, set);
        set.data_ = c.text.data() + c.at;
        return true;
    }
    static constexpr void skip_spaces(cursor& c) noexcept {
        while (c.next_is(' ') && c.tolerate(rule::spaces_between_parameters)) ++c.at;
    }
    template <class Parameters>
    EHLO_NOINLINE static constexpr bool scan_some(cursor& c, Parameters& set) noexcept {
        // Offsets of 32 bits are kept.
        if (c.text.size() > 0xFFFFFFFF) return c.stop(errc::line_too_long, 0xFFFFFFFF);
        skip_spaces(c);
        std::size_t const first = c.at;
        // Most lines have nothing but common parameters, and are done here.
        char const* const text = c.text.data();
        std::size_t const size = c.text.size();
        for (std::size_t at = first;;) {
            std::size_t const used = take_common(text + at, size - at, set);
            at += used;
            c.at = at;
            if (used == 0 || (at < size && (text[at] != ' ' || ++c.at == size))) return scan_rare(c, set, first);
            if (at == size) break;
            ++at;
        }
        set.data_ = text + first;
        set.length_ = static_cast<std::uint32_t>(size - first);
        return true;
    }

    // The rest of them, and what can be said of all.
    template <class Parameters>
    EHLO_NOINLINE static constexpr bool scan_rare(cursor& c, Parameters& set, std::size_t first) noexcept {
        std::size_t unknown = 0, whole = c.at;  // `whole`: where the well-formed ones end
        bool good = !c.end() || c.stop(errc::bad_parameter);
        while (good && !c.end()) {
            skip_spaces(c);
            std::size_t const used = take_common(c.text.data() + c.at, c.text.size() - c.at, set);
            c.at += used;
            good = used != 0 || take_rare(c, set, first, unknown);
            if (!good) break;
            whole = c.at;
            if (!c.end() && (!c.skip(' ') || c.end())) good = c.stop(errc::bad_parameter);
        }
        set.data_ = c.text.data() + first;
        set.length_ = static_cast<std::uint32_t>(whole - first);
        if (unknown > 1) {
            // Registered keywords were told apart by their bits. What is found here stands before any other fault.
            std::string_view const text = detail::sub(c.text, first, whole - first);
            std::size_t const again = find_repeated(text);
            if (again != text.size()) return c.stop(errc::duplicate_parameter, first + again);
        }
        if (!good) return false;
        if constexpr (std::is_same_v<Parameters, mail_parameters>) {
            if ((set.present_.bits & may_conflict().bits) != 0)
                if (auto const at = find_conflict(set)) return c.stop(errc::conflicting_parameters, first + *at);
        }
        return true;
    }
};

template <custom_parameter... Own>
    requires(sizeof...(Own) > 0)
constexpr std::optional<std::uint32_t> parameter_list::unknown_at() const noexcept {
    if (!has_unknown_) return std::nullopt;
    for (parameter const p : parameter_range(detail::sub(all().text(), unknown_at_))) {
        auto const id = find_parameter(p.keyword);
        // A registered one of another command is not in `present_`: it cannot stand here twice.
        if ((id && present_.has(*id)) || (iequals(p.keyword, Own::keyword) || ...)) continue;
        return static_cast<std::uint32_t>(p.keyword.data() - data_);
    }
    return std::nullopt;
}

/// A list of parameters of your own. A server's handler that names one takes them: `using own_mail_parameters =
/// ehlo::own_parameters<x_queue>;`, and `own_rcpt_parameters` likewise.
template <custom_parameter... Own>
struct own_parameters {
    /// unknown_parameter for one that is neither registered nor in the list, or what the `parse` of one in the list says.
    /// `at` counts from the first octet of `all().text()`.
    static constexpr std::optional<failure> find_fault(parameter_list const& set) noexcept {
        std::optional<failure> fault;
        auto note = [&fault](failure const& f) noexcept {
            if (!fault || f.at < fault->at) fault = f;
        };
        if constexpr (sizeof...(Own) == 0) {
            if (auto const at = set.unknown_at()) note({errc::unknown_parameter, *at});
        } else if (set.unknown_at()) {
            if (auto const at = set.unknown_at<Own...>()) note({errc::unknown_parameter, *at});
            auto read = [&](auto const& value) noexcept {
                if (!value) note(value.error());
            };
            (read(set.get<Own>()), ...);
        }
        return fault;
    }
};

/// Mail-parameters = esmtp-param *(SP esmtp-param), the whole of `text` (which may be empty: no parameters).
/// Borrows from `text`. Unknown keywords are well formed: see `unknown_at`. Errors: bad_parameter; duplicate_parameter at the
/// second keyword; those of the values (bad_parameter_value, bad_xtext, bad_date_time, parameter_too_long); number_too_large
/// (SIZE); conflicting_parameters; non_ascii, bad_utf8. Conflicts are HOLDFOR with HOLDUNTIL, HOLDFOR beyond BY, and MTRK
/// without an ENVID that has an "@"; they are looked for when all else is right. line_too_long from 4 GiB on.
constexpr result<mail_parameters> parse_mail_parameters(std::string_view text EHLO_LIFETIMEBOUND,
                                                        syntax const& rules = strict_syntax) noexcept {
    detail::cursor c{text, rules};
    mail_parameters m;
    if (!parameter_access::scan(c, m)) return c.error;
    return m;
}
template <detail::temporary Text>
result<mail_parameters> parse_mail_parameters(Text&&, syntax const& = strict_syntax) = delete;

/// Rcpt-parameters = esmtp-param *(SP esmtp-param); otherwise as parse_mail_parameters.
constexpr result<rcpt_parameters> parse_rcpt_parameters(std::string_view text EHLO_LIFETIMEBOUND,
                                                        syntax const& rules = strict_syntax) noexcept {
    detail::cursor c{text, rules};
    rcpt_parameters r;
    if (!parameter_access::scan(c, r)) return c.error;
    return r;
}
template <detail::temporary Text>
result<rcpt_parameters> parse_rcpt_parameters(Text&&, syntax const& = strict_syntax) = delete;

/// What write_mail adds behind the path. Octets that travel as xtext may be given in plain: `.envid = ehlo::xtext("QQ 314")`.
struct mail_options {
    std::optional<std::uint64_t> size{};         ///< octets, RFC 1870
    std::optional<v0::body> body{};              ///< RFC 6152, RFC 3030
    bool smtputf8 = false;                       ///< RFC 6531
    std::string_view others{};                   ///< further parameters as text, separated by one SP
    std::optional<v0::ret> ret{};                ///< RFC 3461 4.3
    std::optional<xtext> envid{};                ///< RFC 3461 4.4
    std::optional<xtext> auth{};                 ///< a mailbox or "<>", RFC 4954 5
    std::optional<deliver_by> by{};              ///< RFC 2852
    std::optional<std::uint32_t> holdfor{};      ///< seconds, RFC 4865
    std::optional<date_time> holduntil{};        ///< RFC 4865
    std::optional<int> mt_priority{};            ///< -9 to 9, RFC 6710
    std::optional<tracking> mtrk{};              ///< RFC 3885
    std::optional<solicitations> solicit{};      ///< RFC 3865
    std::optional<xtext> submitter{};            ///< RFC 4405
    bool requiretls = false;                     ///< RFC 8689
    bool conperm = false;                        ///< RFC 4141
    bool prdr = false;                           ///< draft-hall-prdr-00
    std::optional<transaction_id> transid{};     ///< RFC 1845
    std::optional<xtext> alt_address{};          ///< RFC 5336 (obsolete)
};

/// What write_rcpt adds behind the path.
struct rcpt_options {
    std::optional<v0::notify> notify{};          ///< RFC 3461 4.1
    std::optional<original_recipient> orcpt{};   ///< RFC 3461 4.2, RFC 6533 3
    std::optional<valid_since> rrvs{};           ///< RFC 7293
    bool conneg = false;                         ///< RFC 4141
    std::optional<xtext> alt_address{};          ///< RFC 5336 (obsolete)
    std::string_view others{};                   ///< further parameters as text, separated by one SP
};

/// The registered parameters of a command that was parsed, to be passed on. `others` is empty. Borrows from the command.
[[nodiscard]] constexpr mail_options to_options(mail_parameters const& p) noexcept {
    return {p.size(), p.body(), p.smtputf8(), {}, p.ret(), p.envid(), p.auth(), p.by(), p.holdfor(), p.holduntil(),
            p.mt_priority(), p.mtrk(), p.solicit(), p.submitter(), p.requiretls(), p.conperm(), p.prdr(), p.transid(), p.alt_address()};
}
[[nodiscard]] constexpr rcpt_options to_options(rcpt_parameters const& p) noexcept {
    return {p.notify(), p.orcpt(), p.rrvs(), p.conneg(), p.alt_address(), {}};
}

/// The registered parameters that will be written. `others` is not looked at.
[[nodiscard]] constexpr parameter_ids given(mail_options const& o) noexcept {
    using enum parameter_id;
    parameter_ids ids;
    auto add = [&ids](parameter_id id, bool there) noexcept {
        if (there) ids |= id;
    };
    add(size, o.size.has_value()), add(body, o.body.has_value()), add(smtputf8, o.smtputf8), add(ret, o.ret.has_value());
    add(envid, o.envid.has_value()), add(auth, o.auth.has_value()), add(by, o.by.has_value());
    add(holdfor, o.holdfor.has_value()), add(holduntil, o.holduntil.has_value());
    add(mt_priority, o.mt_priority.has_value()), add(mtrk, o.mtrk.has_value()), add(solicit, o.solicit.has_value());
    add(submitter, o.submitter.has_value()), add(requiretls, o.requiretls), add(conperm, o.conperm), add(prdr, o.prdr);
    add(transid, o.transid.has_value()), add(alt_address, o.alt_address.has_value());
    return ids;
}
[[nodiscard]] constexpr parameter_ids given(rcpt_options const& o) noexcept {
    using enum parameter_id;
    parameter_ids ids;
    auto add = [&ids](parameter_id id, bool there) noexcept {
        if (there) ids |= id;
    };
    add(notify, o.notify.has_value()), add(orcpt, o.orcpt.has_value()), add(rrvs, o.rrvs.has_value());
    add(conneg, o.conneg), add(alt_address, o.alt_address.has_value());
    return ids;
}

namespace detail {
// Writes parameters one by one, each behind an SP.
struct parameter_writer {
    writer& w;

    constexpr void flag(parameter_id id, bool given) const noexcept {
        if (given) w.raw(' ').raw(name(id));
    }
    template <class T, class Write, class... Rules>
    constexpr void value(parameter_id id, std::optional<T> const& given, Write write, Rules const&... rules) const noexcept {
        if (!given || !w.ok()) return;
        w.raw(' ').raw(name(id)).raw('=');
        if (auto const n = write(w, *given, rules...); !n) w.refuse(n.error());
    }
    constexpr void others(std::string_view text) const noexcept {
        if (!text.empty()) w.raw(' ').text(text);
    }
};

constexpr void put_parameters(writer& w, mail_options const& o, syntax rules) noexcept {
    rules.smtputf8 = rules.smtputf8 || o.smtputf8;
    parameter_writer const p{w};
    if (o.size) w.raw(" SIZE=").number(*o.size);
    p.value(parameter_id::body, o.body, write_body);
    p.flag(parameter_id::smtputf8, o.smtputf8);
    p.value(parameter_id::ret, o.ret, write_ret);
    p.value(parameter_id::envid, o.envid, write_envid);
    p.value(parameter_id::auth, o.auth, write_auth_identity, rules);
    p.value(parameter_id::by, o.by, write_by);
    p.value(parameter_id::holdfor, o.holdfor, write_holdfor);
    p.value(parameter_id::holduntil, o.holduntil, write_holduntil);
    p.value(parameter_id::mt_priority, o.mt_priority, write_mt_priority);
    p.value(parameter_id::mtrk, o.mtrk, write_mtrk);
    p.value(parameter_id::solicit, o.solicit, write_solicit);
    p.value(parameter_id::submitter, o.submitter, write_submitter, rules);
    p.flag(parameter_id::requiretls, o.requiretls);
    p.flag(parameter_id::conperm, o.conperm);
    p.flag(parameter_id::prdr, o.prdr);
    p.value(parameter_id::transid, o.transid, write_transid);
    p.value(parameter_id::alt_address, o.alt_address, write_alt_address, rules);
    p.others(o.others);
}
constexpr void put_parameters(writer& w, rcpt_options const& o, syntax const& rules) noexcept {
    parameter_writer const p{w};
    p.value(parameter_id::notify, o.notify, write_notify);
    p.value(parameter_id::orcpt, o.orcpt, write_orcpt, rules);
    p.value(parameter_id::rrvs, o.rrvs, write_rrvs);
    p.flag(parameter_id::conneg, o.conneg);
    p.value(parameter_id::alt_address, o.alt_address, write_alt_address, rules);
    p.others(o.others);
}
}  // namespace detail

/// " key=value key ...": the parameters behind a path, each with an SP before it; nothing if there are none. They are read
/// back before they count as written. Errors: output_full, unsafe_octet, bad_value, and those of parse_mail_parameters; `at`
/// is an offset in the value at fault.
constexpr result<std::size_t> write_parameters(writer& out, mail_options const& o, syntax const& rules = strict_syntax) noexcept {
    return out.atomically([&](writer& w) {
        std::size_t const before = w.size();
        detail::put_parameters(w, o, rules);
        if (!w.ok() || w.size() == before) return;
        syntax exact = rules;
        exact.tolerate = rules.tolerate - of_spelling;
        exact.smtputf8 = rules.smtputf8 || o.smtputf8;
        if (auto const parsed = parse_mail_parameters(detail::sub(w.text(), before + 1), exact); !parsed) w.refuse(parsed.error());
    });
}
/// Likewise for RCPT. `rules.smtputf8` should say whether the MAIL command had SMTPUTF8.
constexpr result<std::size_t> write_parameters(writer& out, rcpt_options const& o, syntax const& rules = strict_syntax) noexcept {
    return out.atomically([&](writer& w) {
        std::size_t const before = w.size();
        detail::put_parameters(w, o, rules);
        if (!w.ok() || w.size() == before) return;
        syntax exact = rules;
        exact.tolerate = rules.tolerate - of_spelling;
        if (auto const parsed = parse_rcpt_parameters(detail::sub(w.text(), before + 1), exact); !parsed) w.refuse(parsed.error());
    });
}

/// "key" or "key=value": a parameter of your own. Its `write` writes the value, or nothing if there is none. Errors:
/// output_full; bad_value if the keyword is registered; bad_parameter, and those of its `parse`.
template <custom_parameter P>
    requires requires(P const& p, writer& w) { p.write(w); }
constexpr result<std::size_t> write_parameter(writer& out, P const& p) noexcept {
    if (find_parameter(P::keyword)) return fail(errc::bad_value, 0);
    return out.atomically([&](writer& w) {
        std::size_t const before = w.size();
        writer probe(nullptr, 0);  // takes nothing, so it tells whether there is a value
        p.write(probe);
        w.raw(P::keyword);
        if (!probe.ok()) w.raw('=');
        p.write(w);
        if (!w.ok()) return;
        std::string_view const text = detail::sub(w.text(), before);
        std::size_t const bad = detail::find_first<chars::unsafe>(text);
        if (bad != text.size()) {
            w.refuse(fail(errc::unsafe_octet, bad));
            return;
        }
        auto const parsed = parse_mail_parameters(text, detail::wide_syntax);
        if (!parsed || ++parsed->all().begin() != parsed->all().end()) {
            w.refuse(parsed ? fail(errc::bad_parameter, detail::find_first<charset(" ")>(text)) : parsed.error());
        } else if (auto const own = parsed->template get<P>(); !own) {
            w.refuse(own.error());
        }
    });
}

}  // namespace ehlo
