// What a server offers, allows and tolerates: one structural type, used as a template argument.
#pragma once

#include <ehlo/capabilities.hpp>
#include <ehlo/content.hpp>
#include <ehlo/syntax.hpp>

#include <cstdint>

namespace ehlo::inline v0::inline EHLO_TARGET {

/// Which of the three services that speak SMTP a server is.
enum class service : std::uint8_t {
    smtp,        ///< RFC 5321
    submission,  ///< RFC 6409: MAIL is answered 530 until the client is authenticated, see server::authenticated
    lmtp,        ///< RFC 2033: LHLO, and one reply for each recipient when the content has ended
};

/// The extensions that a server can offer: those that are a matter of parameters, which the handler is given, and those that
/// the machine sees to. What needs commands that it does not do (STARTTLS, AUTH, CHUNKING ...) is not among them.
inline constexpr extensions server_extensions =
    extension::size | extension::eight_bit_mime | extension::pipelining | extension::enhanced_status_codes | extension::smtputf8 |
    extension::help | extension::vrfy | extension::expn | extension::dsn | extension::deliver_by | extension::mt_priority |
    extension::rrvs | extension::mtrk | extension::no_soliciting | extension::conperm | extension::conneg | extension::submitter;

struct policy {
    v0::service service = v0::service::smtp;
    extensions offers = extension::size | extension::eight_bit_mime | extension::pipelining |
                        extension::enhanced_status_codes | extension::smtputf8;
    std::uint64_t max_message = 64u << 20;        ///< octets of decoded content; 65,536 at least (RFC 5321 4.5.3.1.7)
    std::uint32_t max_recipients = 1000;          ///< of one transaction; 100 at least (RFC 5321 4.5.3.1.8)
    std::uint32_t max_line = 2048;                ///< octets of a command line with CRLF; 512 at least (4.5.3.1.4)
    std::uint32_t max_errors = 50;                ///< refused commands before 421 ends the session
    std::uint32_t reply_space = 1024;             ///< octets of output that a command may need, see server::advance
    bare_octets bare = bare_octets::reject;       ///< CR or LF alone in content
    bool mail_modes = false;                      ///< SEND, SOML and SAML of RFC 821
    syntax grammar{};                             ///< limits and leniency of addresses and lines
    constexpr bool operator==(policy const&) const = default;
};

}  // namespace ehlo
