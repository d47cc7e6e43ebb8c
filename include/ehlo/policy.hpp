// What a server offers, allows and tolerates: one structural type, a template argument or a value at run time.
#pragma once

#include <ehlo/capabilities.hpp>
#include <ehlo/content.hpp>
#include <ehlo/syntax.hpp>

#include <cstdint>
#include <optional>

namespace ehlo::inline v0::inline EHLO_TARGET {

/// Which of the three services that speak SMTP a server is.
enum class service : std::uint8_t {
    smtp,        ///< RFC 5321
    submission,  ///< RFC 6409: authentication is required, see policy::require_authentication
    lmtp,        ///< RFC 2033: LHLO, and one reply for each recipient when the content has ended
};

/// The extensions that a server can offer: those that are a matter of parameters, which the handler is given, and those that
/// the machine sees to. FUTURERELEASE, CHECKPOINT and UTF8SMTP (obsolete) are not among them.
inline constexpr extensions server_extensions = [] {
    extensions all;
    for (extension_facts const& row : extension_table) all = all | row.code;
    return all - (extension::future_release | extension::checkpoint | extension::utf8smtp);
}();

/// Octets that came before the reply that they had to wait for: before the greeting (RFC 5321 4.3.1); after a command that may
/// only be the last of those sent together; or sent together where PIPELINING was not offered (RFC 2920 3.1). `answered` tells of
/// them in any case. They can be seen only when they lie there together with what they follow: a client that waits never has any.
enum class early_octets : std::uint8_t {
    accept,   ///< they are read when their turn comes
    reject,   ///< 554, and the session ends
};

struct policy {
    v0::service service = service::smtp;
    /// Of these the handler's functions decide which can be done. STARTTLS, AUTH and REQUIRETLS are named in the answer to EHLO
    /// where they can be used.
    extensions offers = extension::size | extension::eight_bit_mime | extension::pipelining |
                        extension::enhanced_status_codes | extension::smtputf8 | extension::help;
    std::uint64_t max_message = 64u << 20;        ///< octets of decoded content; 65,536 at least (RFC 5321 4.5.3.1.7)
    std::uint32_t max_recipients = 1000;          ///< of one transaction; 100 at least (RFC 5321 4.5.3.1.8)
    std::uint32_t max_line = 2048;                ///< octets of a command line with CRLF; 512 at least (4.5.3.1.4)
    std::uint32_t max_errors = 50;                ///< refused commands before 421 ends the session
    std::uint32_t reply_space = 1024;             ///< octets of output that a command may need, see server::advance
    bare_octets bare = bare_octets::reject;       ///< CR or LF alone in content
    /// Accepted by default: whether the greeting was held back, and whether the input is a live connection, is known to the caller
    /// alone; what is read does not change by it; and after STARTTLS they end the session in any case. Exim and Postfix (from 3.9
    /// on) refuse by default: for a server on port 25 do likewise, and wait some seconds before the first `advance`.
    early_octets early = early_octets::accept;
    bool mail_modes = false;                      ///< SEND, SOML and SAML of RFC 821 are taken even where they are not offered
    bool require_tls = false;                     ///< 530 until TLS is there (RFC 3207 4)
    bool require_authentication = false;          ///< 530 until the client is authenticated (RFC 4954 4)
    bool clear_text_passwords = false;            ///< PLAIN, LOGIN, XOAUTH2 and OAUTHBEARER are taken without TLS, too
    syntax grammar{};                             ///< limits and leniency of addresses and lines
    constexpr bool operator==(policy const&) const = default;
};

namespace detail {

/// Octets of the longest command line with the parameters of the extensions on offer: 512 (RFC 5321 4.5.3.1.4) and what each
/// adds to it. RFC 6152, 4141, 4405 and PRDR give no number: by arithmetic " BODY=8BITMIME", " CONPERM", " CONNEG", " PRDR"; none for SUBMITTER.
constexpr std::uint32_t least_line(extensions offers) noexcept {
    struct row {
        extension code;
        std::uint32_t mail, rcpt;
    };
    constexpr row rows[] = {
        {extension::size, 26, 0},            // RFC 1870 3
        {extension::eight_bit_mime, 14, 0},
        {extension::smtputf8, 10, 0},        // RFC 6531 3.1
        {extension::dsn, 107 + 9, 524},      // RFC 3461 4.3, 4.4, 5.4: " RET=HDRS", ENVID; RCPT lines of 1,036 octets
        {extension::auth, 500, 0},           // RFC 4954 3
        {extension::deliver_by, 17, 0},      // RFC 2852 2
        {extension::mt_priority, 15, 0},     // RFC 6710 3
        {extension::rrvs, 0, 33},            // RFC 7293 5.1
        {extension::require_tls, 11, 0},     // RFC 8689 2
        {extension::mtrk, 40, 0},            // RFC 3885 2
        {extension::no_soliciting, 1007, 0}, // RFC 3865 4.1
        {extension::conperm, 8, 0},
        {extension::conneg, 0, 7},
        {extension::prdr, 5, 0},
    };
    std::uint32_t mail = 512, rcpt = 512;
    for (row const& r : rows) {
        if (!offers.has(r.code)) continue;
        mail += r.mail;
        rcpt += r.rcpt;
    }
    return mail > rcpt ? mail : rcpt;
}

/// What can be wrong with a policy.
enum class policy_fault : std::uint8_t {
    none, recipients, short_line, line, message, reply_space, offers, smtputf8, binary_mime, lmtp, burl, prdr,
};
constexpr policy_fault find_policy_fault(policy const& p) noexcept {
    if (p.max_recipients < 100) return policy_fault::recipients;
    if (p.max_line < 512) return policy_fault::short_line;
    if (p.max_line < least_line(p.offers)) return policy_fault::line;
    if (p.max_message < 65536) return policy_fault::message;
    if (p.reply_space < 1024) return policy_fault::reply_space;
    if ((p.offers | server_extensions) != server_extensions) return policy_fault::offers;
    if (p.offers.has(extension::smtputf8) && !p.offers.has(extension::eight_bit_mime)) return policy_fault::smtputf8;
    if (p.offers.has(extension::binary_mime) && !p.offers.has(extension::chunking)) return policy_fault::binary_mime;
    bool const lmtp = p.service == service::lmtp;
    if (lmtp && !(p.offers.has(extension::pipelining) && p.offers.has(extension::enhanced_status_codes))) return policy_fault::lmtp;
    if (lmtp && p.offers.has(extension::burl)) return policy_fault::burl;
    if (lmtp && p.offers.has(extension::prdr)) return policy_fault::prdr;
    return policy_fault::none;
}

/// Instantiated, says why a policy cannot be one, or compiles.
template <policy_fault Fault>
constexpr bool policy_is_right() noexcept {
    using enum policy_fault;
    static_assert(Fault != recipients, "RFC 5321 4.5.3.1.8: at least 100 recipients");
    static_assert(Fault != short_line, "RFC 5321 4.5.3.1.4: command lines of at least 512 octets");
    static_assert(Fault != line,
                  "RFC 5321 4.5.3.1.4: command lines of 512 octets and what the parameters of the extensions on offer add");
    static_assert(Fault != message, "RFC 5321 4.5.3.1.7: messages of at least 64 KiB");
    static_assert(Fault != reply_space, "the answer to EHLO needs up to 1,024 octets");
    static_assert(Fault != offers, "an extension is offered that the server does not do");
    static_assert(Fault != smtputf8, "RFC 6531 3.1: a server that offers SMTPUTF8 offers 8BITMIME");
    static_assert(Fault != binary_mime, "RFC 3030 3: a server that offers BINARYMIME offers CHUNKING");
    static_assert(Fault != lmtp, "RFC 2033 5: an LMTP server offers PIPELINING and ENHANCEDSTATUSCODES");
    static_assert(Fault != burl, "RFC 4468 is for submission: an LMTP server does not offer BURL");
    static_assert(Fault != prdr, "RFC 2033 4.2: an LMTP server has a reply for each recipient in any case, and does not offer PRDR");
    return true;
}

}  // namespace detail

/// Whether a policy can be one: what a static one is told by the compiler. A session with another greets with 421.
/// Error: bad_value; `at` is the number of the fault in the order in which they are looked for.
constexpr std::optional<failure> check(policy const& p) noexcept {
    auto const fault = detail::find_policy_fault(p);
    if (fault == detail::policy_fault::none) return std::nullopt;
    return fail(errc::bad_value, static_cast<std::size_t>(fault));
}

}  // namespace ehlo
