// Enhanced status codes. RFC 3463 2, RFC 2034 4.
#pragma once

#include <ehlo/result.hpp>
#include <ehlo/writer.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ehlo::inline v0::inline EHLO_TARGET {

/// status-code = ( "2" / "4" / "5" ) "." 1*3DIGIT "." 1*3DIGIT, without leading zeros. Class 0 stands for "none".
struct status {
    std::uint8_t class_digit = 0;
    std::uint16_t subject = 0, detail = 0;
    constexpr bool operator==(status const&) const = default;
    constexpr explicit operator bool() const noexcept { return class_digit != 0; }
    constexpr bool valid() const noexcept {
        return (class_digit == 2 || class_digit == 4 || class_digit == 5) && subject <= 999 && detail <= 999;
    }
};

namespace detail {
/// The octets of the status code that `text` begins with, whatever follows it but a digit; 0 if there is none.
constexpr std::size_t scan_status_octets(std::string_view text, status& s) noexcept {
    if (text.size() < 5 || (text[0] != '2' && text[0] != '4' && text[0] != '5') || text[1] != '.') return 0;
    std::size_t at = 2;
    auto digit = [&]() noexcept { return at < text.size() ? static_cast<unsigned char>(text[at] - '0') : 10u; };
    // 1*3DIGIT without leading zeros
    auto part = [&](std::uint16_t& value) noexcept {
        unsigned n = digit();
        if (n > 9) return false;
        ++at;
        if (n != 0)
            for (unsigned d; n < 100 && (d = digit()) < 10; ++at) n = n * 10 + d;
        value = static_cast<std::uint16_t>(n);
        return digit() > 9;
    };
    if (!part(s.subject) || at == text.size() || text[at] != '.') return 0;
    ++at;
    if (!part(s.detail)) return 0;
    s.class_digit = static_cast<std::uint8_t>(text[0] - '0');
    return at;
}
/// Likewise, but only the end or a space may follow it.
constexpr std::size_t scan_status(std::string_view text, status& s) noexcept {
    std::size_t const end = scan_status_octets(text, s);
    return end == text.size() || text[end] == ' ' ? end : 0;
}
}  // namespace detail

/// The whole of `text` as a status code. Errors: bad_status.
constexpr result<status> parse_status(std::string_view text) noexcept {
    status s;
    if (detail::scan_status(text, s) != text.size() || text.empty()) return fail(errc::bad_status, 0);
    return s;
}

/// "5.1.1". Errors: bad_value, output_full.
constexpr result<std::size_t> write_status(writer& out, status s) noexcept {
    if (!s.valid()) return fail(errc::bad_value, 0);
    return out.atomically([&](writer& w) { w.number(s.class_digit).raw('.').number(s.subject).raw('.').number(s.detail); });
}

struct status_meaning {
    std::uint16_t subject, detail;
    std::string_view meaning;
};
/// Every enhanced status code in IANA's registry, without its class (the first number), in order.
inline constexpr status_meaning status_meanings[] = {
    {0, 0, "nothing more is known"},
    {1, 0, "something is wrong with the address"},
    {1, 1, "no such mailbox"},
    {1, 2, "no such domain, or it takes no mail"},
    {1, 3, "the recipient's address is not well formed"},
    {1, 4, "the recipient's address is ambiguous"},
    {1, 5, "the recipient's address is valid"},
    {1, 6, "the mailbox has moved, nobody knows where"},
    {1, 7, "the sender's address is not well formed"},
    {1, 8, "the sender's domain does not exist, or takes no replies"},
    {1, 9, "relayed to a mailer that does no tracking"},
    {1, 10, "the recipient's domain has a null MX"},
    {2, 0, "something is wrong with the mailbox"},
    {2, 1, "the mailbox is disabled"},
    {2, 2, "the mailbox is full"},
    {2, 3, "the message is too large for the mailbox"},
    {2, 4, "the mailing list could not be expanded"},
    {3, 0, "something is wrong with the mail system"},
    {3, 1, "the system's storage is full"},
    {3, 2, "the system takes no mail"},
    {3, 3, "the system lacks a feature that is needed"},
    {3, 4, "the message is too large for the system"},
    {3, 5, "the system is not configured rightly"},
    {3, 6, "the priority was changed"},
    {4, 0, "something is wrong with the network or the route"},
    {4, 1, "the host does not answer"},
    {4, 2, "the connection is bad or was lost"},
    {4, 3, "a directory or name server failed"},
    {4, 4, "there is no route"},
    {4, 5, "the mail system is congested"},
    {4, 6, "the mail goes in a loop"},
    {4, 7, "the time for delivery ran out"},
    {5, 0, "something is wrong with the protocol"},
    {5, 1, "the command is out of order or not supported"},
    {5, 2, "the command was not understood"},
    {5, 3, "too many recipients"},
    {5, 4, "the arguments are wrong"},
    {5, 5, "the protocol versions do not match"},
    {5, 6, "the authentication line is too long"},
    {6, 0, "something is wrong with the content"},
    {6, 1, "the media type is not supported"},
    {6, 2, "a conversion is needed and forbidden"},
    {6, 3, "a conversion is needed and not supported"},
    {6, 4, "converted, with losses"},
    {6, 5, "the conversion failed"},
    {6, 6, "the content could not be fetched"},
    {6, 7, "an address outside ASCII is not permitted here"},
    {6, 8, "the reply needs UTF-8, which the client did not allow"},
    {6, 9, "headers in UTF-8 cannot reach a recipient"},
    {6, 10, "the reply needs UTF-8 (deprecated: X.6.8)"},
    {7, 0, "a matter of security"},
    {7, 1, "not authorised; the message is refused"},
    {7, 2, "not allowed to post to the mailing list"},
    {7, 3, "a conversion between security protocols is not possible"},
    {7, 4, "the security feature is not supported"},
    {7, 5, "a cryptographic failure"},
    {7, 6, "the cryptographic algorithm is not supported"},
    {7, 7, "the integrity of the message is broken"},
    {7, 8, "the credentials are wrong"},
    {7, 9, "the authentication mechanism is too weak"},
    {7, 10, "encryption is needed"},
    {7, 11, "the authentication mechanism needs encryption"},
    {7, 12, "a password transition is needed"},
    {7, 13, "the account is disabled"},
    {7, 14, "a relationship of trust is needed"},
    {7, 15, "the priority is too low"},
    {7, 16, "the message is too large for its priority"},
    {7, 17, "the mailbox has another owner now"},
    {7, 18, "the domain has another owner now"},
    {7, 19, "whether the owner is the same cannot be tested"},
    {7, 20, "no DKIM signature passes"},
    {7, 21, "no DKIM signature is acceptable"},
    {7, 22, "no DKIM signature matches the author"},
    {7, 23, "SPF validation failed"},
    {7, 24, "SPF validation met an error"},
    {7, 25, "the reverse DNS does not match"},
    {7, 26, "several authentication checks failed"},
    {7, 27, "the sender's domain has a null MX"},
    {7, 28, "the message is part of a flood"},
    {7, 29, "ARC validation failed"},
    {7, 30, "the next hop does not support REQUIRETLS"},
};

/// What a status means, whatever its class. Of a code that is not registered, what its subject means (RFC 3463 2: X.n.0);
/// empty if that is not registered either.
constexpr std::string_view meaning(status s) noexcept {
    std::string_view general;
    for (auto const& row : status_meanings) {
        if (row.subject != s.subject) continue;
        if (row.detail == s.detail) return row.meaning;
        if (row.detail == 0) general = row.meaning;
    }
    return general;
}

}  // namespace ehlo
