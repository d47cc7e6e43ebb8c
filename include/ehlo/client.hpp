// The client machine: commands out, replies in, matched by counting. No I/O: the caller's event loop drives it.
// detail/client_core.hpp is what a session consists of, and hears; commands and content are written here.
#pragma once

#include <ehlo/auth.hpp>
#include <ehlo/chunk.hpp>
#include <ehlo/detail/client_core.hpp>
#include <ehlo/command.hpp>
#include <ehlo/turn.hpp>
#include <ehlo/vocabulary.hpp>
#include <ehlo/xclient.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>

namespace ehlo::inline v0::inline EHLO_TARGET {

/// An SMTP or LMTP client session. Trivially copyable: it can be saved at any octet. `Own`: commands of the user's own, see
/// own_commands.hpp.
///
/// There are three kinds of calls:
///   commands      mail(), rcpt(), starttls() ... write one line, or nothing if they return an error
///   content       content(), end_content(): after an accepted DATA, and content() after BDAT
///   what happens  receive() for what the server says; secured(), tls_lost(), disconnected() for the connection
///
///     receive (greeting) -> hello -> receive -> { mail, rcpt+, data -> receive... -> content..., end_content -> receive }* -> quit
///       hello -> receive -> starttls -> receive (220) -> TLS handshake -> secured -> hello ...
///       auth -> receive { (334) -> auth_response or auth_cancel -> receive }*
///       mail, rcpt+ -> receive... -> { bdat, content... }+ -> receive...
///
/// A command must be in order, supposing that the server accepts what is under way, and of an extension that the latest EHLO
/// offered; with PIPELINING several may be under way. Replies are matched by counting, never by their text. A reply that
/// nobody asked for, one of a class that the command cannot have, or one that cannot be read, breaks the session: every
/// later call fails with session_over. A refusal that nobody asked for ends it, and is handed over.
///
/// What is under way was written for a transaction that a refusal may take away. Content goes to that transaction or nowhere:
///   MAIL waits (bad_sequence) for the reply to a last chunk (RFC 4468 3.2)
///   a refused RSET ends the session (where() is closed) if the MAIL of the next transaction is under way already
///   BDAT and BURL wait (bad_sequence) for the reply to MAIL if something before that MAIL is under way, or if a last chunk was
///   refused and there was no RSET since
///   2yz or 3yz to what is out of order since something before it was refused breaks the session: bad_reply_class. But a 354 is
///   taken if no recipient was accepted: then the end alone may be sent (RFC 2920 3.1)
template <class... Own>
class client_with : public detail::client_core<Own...> {
    using core = detail::client_core<Own...>;
    using protocol = protocol_with<Own...>;
    using core::ahead_, core::chunk_last_, core::chunk_left_, core::content_, core::lmtp_, core::offered_, core::said_lhlo_, core::session_,
        core::settings_, core::under_way_, core::unsure_;
    using core::push, core::reads_content;

    // Stand in front of their callers: Clang 14 would not have them in a constant expression otherwise.

    constexpr std::optional<failure> find_obstacle(event e, bool offered) const noexcept {
        if (over()) return fail(errc::session_over, 0);
        if (chunk_left_ != 0) return fail(errc::bad_sequence, 0);
        if (!ahead_.is_in_order(e)) [[unlikely]] return fail(*ahead_.check(e), 0);
        if (!under_way_.empty() && !is_pipelined(under_way_.last())) return fail(errc::bad_sequence, 0);
        if (!offered) return fail(errc::not_offered, 0);
        if (under_way_.empty()) return std::nullopt;
        if (!offered_.has(extension::pipelining)) return fail(errc::not_offered, 0);
        if (!under_way_.has_room(e)) return fail(errc::too_many_outstanding, 0);
        // RFC 4468 3.2; RFC 3030 2: nothing but RSET may follow a refused chunk.
        if (e == event::mail && (under_way_.has(event::last_chunk_end) || under_way_.has(event::last_burl))) return fail(errc::bad_sequence, 0);
        return std::nullopt;
    }
    // A chunk is the one thing that carries content without a go-ahead. It waits until MAIL is accepted if another transaction may
    // still be open: were RSET and MAIL refused, the chunk would go to that one's recipients.
    constexpr std::optional<failure> find_obstacle_to_chunk(event e, extension of) const noexcept {
        if (auto const bad = find_obstacle(e, offered_.has(of))) return bad;
        bool const waits = under_way_.has(event::mail) ? unsure_ || under_way_.first() != event::mail : !session_.check(event::mail);
        return waits ? std::optional(fail(errc::bad_sequence, 0)) : std::nullopt;
    }
    template <class Write>
    constexpr result<std::size_t> put(event e, bool offered, Write&& write, fact_set brings = {}) noexcept {
        if (auto const bad = find_obstacle(e, offered)) return *bad;
        result<std::size_t> const written = write();
        if (written) push(e, brings);
        return written;
    }
    template <class Write>
    constexpr result<std::size_t> put(verb v, Write&& write) noexcept {
        auto const of = extension_of(v);
        return put(*event_of(v), !of || offered_.has(*of), write);
    }
    // Whether a mechanism may be asked for; those that ehlo does not know are the server's to judge.
    template <class Write>
    constexpr result<std::size_t> put_auth(mechanism m, Write&& write) noexcept {
        bool const offered = offered_.has(extension::auth) && (m == mechanism::unknown || offered_mechanisms().has(m));
        return put(event::auth, offered, [&]() -> result<std::size_t> {
            if (clear_text_mechanisms.has(m) && !ahead_.knows(fact::tls) && !settings_.clear_text_passwords) return fail(errc::mechanism_needs_tls, 0);
            return write();
        });
    }
    constexpr result<std::size_t> greet(writer& out, verb v, std::string_view name) noexcept {
        auto const written = put(v, [&] { return write_hello(out, v, name); });
        if (written) said_lhlo_ = v == verb::lhlo;
        return written;
    }

  public:
    /// A session on a new connection: the greeting is under way.
    constexpr client_with() noexcept : client_with(client_settings{}) {}
    constexpr explicit client_with(client_settings const& s) noexcept : core(s) {}
    using core::offered_mechanisms, core::over, core::recipients;

    // Commands. Errors of all: session_over; bad_sequence if the command is out of order; tls_required or not_authenticated
    // if that must come first; not_offered if the server lacks the extension, and for a second command under way without
    // PIPELINING; too_many_outstanding; and those of the write_* function that spells the command. Of a parameter that no RFC
    // knows nobody can tell whether it was offered: it is written.

    /// EHLO; LHLO in LMTP.
    constexpr result<std::size_t> hello(writer& out, std::string_view name) noexcept {
        return greet(out, settings_.lmtp ? verb::lhlo : verb::ehlo, name);
    }
    constexpr result<std::size_t> helo(writer& out, std::string_view name) noexcept { return greet(out, verb::helo, name); }
    constexpr result<std::size_t> lhlo(writer& out, std::string_view name) noexcept { return greet(out, verb::lhlo, name); }

    /// The TLS handshake begins when the answer is 220; call secured() after it, then hello() again.
    constexpr result<std::size_t> starttls(writer& out) noexcept {
        return put(verb::starttls, [&] { return write_no_argument(out, verb::starttls); });
    }

    /// AUTH with an initial response, one of sasl::*. A mechanism that sends a password in the clear needs TLS (mechanism_needs_tls),
    /// unless the settings allow it.
    template <class Message, class = std::enable_if_t<std::is_same_v<decltype(&Message::mechanism), mechanism const*>>>
    constexpr result<std::size_t> auth(writer& out, Message const& initial) noexcept {
        return put_auth(Message::mechanism, [&] { return write_auth(out, initial); });
    }
    /// Without one: the server's challenge comes first.
    constexpr result<std::size_t> auth(writer& out, mechanism m) noexcept { return auth(out, name(m)); }
    constexpr result<std::size_t> auth(writer& out, std::string_view mechanism_name) noexcept {
        return put_auth(find_mechanism(mechanism_name), [&] { return write_auth(out, mechanism_name); });
    }
    /// Any mechanism, with an initial response of any kind.
    template <class Message>
    constexpr result<std::size_t> auth(writer& out, std::string_view mechanism_name, Message const& initial) noexcept {
        return put_auth(find_mechanism(mechanism_name), [&] { return write_auth(out, mechanism_name, initial); });
    }
    /// The answer to a challenge (parse_challenge, decode_base64): one of sasl::*, or octets.
    template <class Message>
    constexpr result<std::size_t> auth_response(writer& out, Message const& m) noexcept {
        return put(event::response, true, [&] { return write_auth_response(out, m); });
    }
    constexpr result<std::size_t> auth_cancel(writer& out) noexcept {
        return put(event::response, true, [&] { return write_auth_cancel(out); });
    }

    /// `from` with its brackets. Without parameters no code for any is linked in.
    constexpr result<std::size_t> mail(writer& out, std::string_view from) noexcept {
        return put(event::mail, true, [&] { return write_mail(out, from); });
    }
    /// With parameters. A SIZE over what the server takes is refused here: message_too_large.
    /// `v`: SEND, SOML or SAML instead (RFC 821 3.4).
    constexpr result<std::size_t> mail(writer& out, std::string_view from, mail_options const& options, verb v = verb::mail) noexcept {
        if (event_of(v) != event::mail) return fail(errc::bad_value, 0);
        auto const of = extension_of(v);
        fact_set brings = options.smtputf8 ? fact_set(fact::smtputf8) : fact_set();
        if (options.body == body::binary_mime) brings |= fact::binary;
        if (options.prdr) brings |= fact::prdr;
        parameter_ids all = given(options);
        std::optional<std::uint64_t> size = options.size;
        bool known = true;
        if (!options.others.empty()) [[unlikely]] {
            known = !ahead_.check(event::parameter);
            // What cannot be read is for write_mail to refuse.
            syntax wide = strict_syntax;
            wide.smtputf8 = options.smtputf8;
            if (auto const more = parse_mail_parameters(options.others, wide)) {
                all |= more->present();
                if (more->smtputf8()) brings |= fact::smtputf8;
                if (more->body() == body::binary_mime) brings |= fact::binary;
                if (more->prdr()) brings |= fact::prdr;
                if (more->size()) size = more->size();
            }
        }
        bool const offered = known && offered_.takes(all) && (!of || offered_.has(*of)) &&
                             (!brings.has(fact::binary) || (offered_.has(extension::binary_mime) && offered_.has(extension::chunking))) &&
                             !(lmtp_ && brings.has(fact::prdr));   // RFC 2033 4.2: there it is so in any case
        return put(event::mail, offered, [&]() -> result<std::size_t> {
            if (size && offered_.max_size() != 0 && *size > offered_.max_size()) return fail(errc::message_too_large, 0);
            return write_mail(out, from, options, v);
        }, brings);
    }
    /// `to` with its brackets; UTF-8 in it needs SMTPUTF8 in the MAIL before.
    constexpr result<std::size_t> rcpt(writer& out, std::string_view to) noexcept {
        return put(event::rcpt, true, [&] { return write_rcpt(out, to, rcpt_syntax()); });
    }
    constexpr result<std::size_t> rcpt(writer& out, std::string_view to, std::string_view parameters) noexcept {
        bool offered = true;
        if (!parameters.empty()) [[unlikely]] {
            auto const all = parse_rcpt_parameters(parameters, rcpt_syntax());
            offered = !ahead_.check(event::parameter) && (!all || offered_.takes(all->present()));
        }
        return put(event::rcpt, offered, [&] { return write_rcpt(out, to, parameters, rcpt_syntax()); });
    }
    /// Likewise, with typed parameters.
    constexpr result<std::size_t> rcpt(writer& out, std::string_view to, rcpt_options const& options) noexcept {
        parameter_ids all = given(options);
        bool offered = true;
        if (!options.others.empty()) [[unlikely]] {
            offered = !ahead_.check(event::parameter);
            if (auto const more = parse_rcpt_parameters(options.others, rcpt_syntax())) all |= more->present();
        }
        return put(event::rcpt, offered && offered_.takes(all), [&] { return write_rcpt(out, to, options, rcpt_syntax()); });
    }
    constexpr result<std::size_t> data(writer& out) noexcept {
        return put(event::data, true, [&] { return write_no_argument(out, verb::data); });
    }
    /// A chunk of `size` octets, which content() must be given next. After a refused one there are no more: RSET.
    constexpr result<std::size_t> bdat(writer& out, std::uint64_t size, bool last) noexcept {
        event const reply_to = last ? event::last_chunk_end : event::chunk_end;
        auto bad = find_obstacle_to_chunk(event::bdat, extension::chunking);
        if (!bad && !under_way_.has_room(reply_to)) bad = fail(errc::too_many_outstanding, 0);
        if (bad) return *bad;
        auto const written = write_bdat(out, size, last);
        if (!written) return written;
        ahead_.settle(event::bdat, answer::done);
        chunk_left_ = size;
        chunk_last_ = last;
        if (size == 0) end_chunk();
        return written;
    }
    /// A chunk that the server fetches (RFC 4468).
    constexpr result<std::size_t> burl(writer& out, std::string_view url, bool last) noexcept {
        event const e = last ? event::last_burl : event::burl;
        if (auto const bad = find_obstacle_to_chunk(e, extension::burl)) return *bad;
        return put(e, true, [&] { return write_burl(out, url, last); });
    }

    constexpr result<std::size_t> rset(writer& out) noexcept {
        return put(verb::rset, [&] { return write_no_argument(out, verb::rset); });
    }
    constexpr result<std::size_t> noop(writer& out, std::string_view text = {}) noexcept {
        return put(verb::noop, [&] { return write_argument(out, verb::noop, text); });
    }
    constexpr result<std::size_t> help(writer& out, std::string_view text = {}) noexcept {
        return put(verb::help, [&] { return write_argument(out, verb::help, text); });
    }
    constexpr result<std::size_t> vrfy(writer& out, std::string_view text) noexcept { return look_up(out, verb::vrfy, text); }
    constexpr result<std::size_t> expn(writer& out, std::string_view text) noexcept { return look_up(out, verb::expn, text); }
    constexpr result<std::size_t> quit(writer& out) noexcept {
        return put(verb::quit, [&] { return write_no_argument(out, verb::quit); });
    }
    constexpr result<std::size_t> etrn(writer& out, etrn_option option, std::string_view node) noexcept {
        return put(verb::etrn, [&] { return write_etrn(out, option, node); });
    }
    /// Accepted, TURN and ATRN end the session: the other side is the client then.
    constexpr result<std::size_t> turn(writer& out) noexcept {
        return put(verb::turn, [&] { return write_no_argument(out, verb::turn); });
    }
    constexpr result<std::size_t> atrn(writer& out, std::string_view domains = {}) noexcept {
        return put(verb::atrn, [&] { return write_atrn(out, domains); });
    }
    /// `attributes` as for write_xclient. Accepted, XCLIENT begins the session anew: hello() again.
    constexpr result<std::size_t> xclient(writer& out, std::string_view attributes) noexcept {
        return put(verb::xclient, [&] { return write_xclient(out, verb::xclient, attributes); });
    }
    constexpr result<std::size_t> xforward(writer& out, std::string_view attributes) noexcept {
        return put(verb::xforward, [&] { return write_xclient(out, verb::xforward, attributes); });
    }
    constexpr result<std::size_t> verbose(writer& out) noexcept {
        return put(verb::verbose, [&] { return write_no_argument(out, verb::verbose); });
    }
    constexpr result<std::size_t> onex(writer& out) noexcept {
        return put(verb::onex, [&] { return write_no_argument(out, verb::onex); });
    }
    /// A command of the user's own.
    template <class One>
    constexpr result<std::size_t> send(writer& out, typename One::type const& value) noexcept {
        static_assert((std::is_same_v<One, Own> || ...), "this client does not know the command: client_with<One>");
        return put(protocol::template event_of<One>, core::template offers_own<One>(), [&] {
            return out.atomically([&](writer& w) {
                w.raw(One::verb).raw(' ');
                std::size_t const arguments = w.size();
                One::write(w, value);
                if (!w.ok()) return;
                std::string_view const text = detail::sub(w.text(), arguments);
                // What cannot be read is not sent.
                if (auto const bad = detail::find_unsafe(text)) w.refuse(*bad);
                else if (auto const parsed = One::parse(text, strict_syntax); !parsed) w.refuse(parsed.error());
                if (text.empty()) w.rewind(arguments - 1);
                w.crlf();
            });
        });
    }

    /// Content: after an accepted DATA as content_encoder::encode, call until it is done; after BDAT the octets as they
    /// are, no more than are left of the chunk (bad_value). If the server accepted DATA but no recipient, nothing may be
    /// sent but the end (RFC 2920 3.1): bad_sequence.
    constexpr encoded_content content(std::string_view octets, writer& out) noexcept {
        if (over()) return fail(errc::session_over, 0);
        if (chunk_left_ != 0) return put_chunk(octets, out);
        if (!reads_content() || recipients() == 0) return fail(errc::bad_sequence, 0);
        return content_.encode(octets, out);
    }
    /// Ends the content after DATA, as content_encoder::finish: call until it is done. bare_cr if the content ended with a
    /// CR: nothing can follow then but to close the connection, and the server drops the message. A chunk ends by itself.
    constexpr encoded_content end_content(writer& out) noexcept {
        if (over()) return fail(errc::session_over, 0);
        if (!reads_content()) return fail(errc::bad_sequence, 0);
        auto const finished = content_.finish(out);
        if (!finished.done()) return finished;
        push(event::content_end, {});
        return finished;
    }

  private:
    constexpr syntax rcpt_syntax() const noexcept {
        syntax rules = strict_syntax;
        rules.smtputf8 = ahead_.knows(fact::smtputf8);
        return rules;
    }
    constexpr result<std::size_t> look_up(writer& out, verb v, std::string_view text) noexcept {
        auto const parsed = parse_vrfy(v, text);
        bool const offered = !parsed || ((!parsed->smtputf8 || offered_.has(extension::smtputf8)) &&
                                         (!parsed->utf8reply || offered_.has(extension::utf8smtp)));
        return put(*event_of(v), offered, [&] { return write_argument(out, v, text); });
    }

    constexpr encoded_content put_chunk(std::string_view octets, writer& out) noexcept {
        if (!out.ok()) return out.error();
        if (octets.size() > chunk_left_) return fail(errc::bad_value, static_cast<std::size_t>(chunk_left_));
        std::string_view const part = detail::sub(octets, 0, out.room());
        out.raw(part);
        chunk_left_ -= part.size();
        if (chunk_left_ == 0) end_chunk();
        return {part.size(), part.size() == octets.size()};
    }
    constexpr void end_chunk() noexcept { push(chunk_last_ ? event::last_chunk_end : event::chunk_end, {}); }
};
using client = client_with<>;
static_assert(std::is_trivially_copyable_v<client> && sizeof(client) <= 128);

}  // namespace ehlo
