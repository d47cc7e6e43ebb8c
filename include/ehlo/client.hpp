// The client machine: commands out, replies in, matched by counting. No I/O: the caller's event loop drives it.
#pragma once

#include <ehlo/auth.hpp>
#include <ehlo/capabilities.hpp>
#include <ehlo/chunk.hpp>
#include <ehlo/client_reply.hpp>
#include <ehlo/command.hpp>
#include <ehlo/content.hpp>
#include <ehlo/event_queue.hpp>
#include <ehlo/heard_offers.hpp>
#include <ehlo/own_commands.hpp>
#include <ehlo/reply.hpp>
#include <ehlo/session.hpp>
#include <ehlo/turn.hpp>
#include <ehlo/vocabulary.hpp>
#include <ehlo/xclient.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>

namespace ehlo::inline v0::inline EHLO_TARGET {

/// Whether a client goes without TLS.
enum class tls_use : std::uint8_t {
    optional,     ///< it is the caller's business
    if_offered,   ///< where STARTTLS is offered, no mail and no AUTH before it; go on without if it was refused
    required,     ///< no mail and no AUTH without it, whatever the server offers
};

/// How a client is to behave: a value, set at run time.
struct client_settings {
    tls_use tls = tls_use::optional;
    bool clear_text_passwords = false;               ///< PLAIN, LOGIN, XOAUTH2 and OAUTHBEARER without TLS
    bare_octets bare = bare_octets::reject;          ///< what to do about a CR or LF alone in content after DATA
    bool lmtp = false;                               ///< hello() says LHLO (RFC 2033)
};

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
class client_with {
    static_assert(detail::proved<Own...>());
    using protocol = protocol_with<Own...>;
    using session_type = basic_session<protocol>;

    // In this order there are no gaps: the bits lie in the padding of what is before them.
    [[no_unique_address]] detail::heard_offers<Own...> offered_;
    bool broken_ : 1 = false;
    bool lmtp_ : 1 = false;                   // the latest accepted greeting was LHLO
    bool said_lhlo_ : 1 = false;
    bool chunk_last_ : 1 = false;
    bool stale_ : 1 = false;                  // octets lay there when nothing was under way: they answer nothing
    bool unsure_ : 1 = false;                 // the server may have a transaction open that session_ does not know of
    bool undecided_ : 1 = false;              // broken while the end of a message was under way
    bool each_ : 1 = false;                   // PRDR: 353 has come, and the reply to the message has not
    std::uint32_t heard_ = 0;                 // recipients whose reply to the message has come
    std::uint64_t chunk_left_ = 0;            // octets of the chunk under way that are still to be written
    detail::event_queue under_way_;
    reply_reader reader_;
    session_type session_;                    // as the replies have it
    session_type ahead_;                      // if all that is under way is accepted
    content_encoder content_;
    client_settings settings_;

    // Stand in front of their callers: Clang 14 would not have them in a constant expression otherwise.

    constexpr std::optional<failure> find_obstacle(event e, bool offered) const noexcept {
        if (over()) return fail(errc::session_over, 0);
        if (chunk_left_ != 0) return fail(errc::bad_sequence, 0);
        if (auto const why = ahead_.check(e)) return fail(*why, 0);
        if (!under_way_.empty() && !facts_of(under_way_.last()).pipelined) return fail(errc::bad_sequence, 0);
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
            if (clear_text_mechanisms.has(m) && !ahead_.knows(fact::tls) && !settings_.clear_text_passwords) return fail(errc::tls_required, 0);
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
    constexpr explicit client_with(client_settings const& s) noexcept : content_(s.bare), settings_(s) {
        if (s.tls == tls_use::required) session_.require(fact::tls);
        ahead_ = session_;
        push(event::greeting, {});
    }

    constexpr state where() const noexcept { return session_.where(); }
    /// Whether something holds: TLS, authentication ...
    constexpr bool knows(fact f) const noexcept { return session_.knows(f); }
    constexpr fact_set known() const noexcept { return session_.known(); }
    /// Says of a fact that it holds by other means: a certificate that authenticates, TLS from the beginning (RFC 8314).
    /// False, and nothing happens, for what only the dialogue can tell: an EHLO, the SMTPUTF8 of a MAIL.
    constexpr bool know(fact f) noexcept {
        if (!protocol::from_outside.has(f)) return false;
        session_.know(f);
        ahead_.know(f);
        return true;
    }
    /// What the latest accepted EHLO offered; nothing after HELO, STARTTLS and XCLIENT.
    constexpr capabilities offers() const noexcept {
        return offered_.all();
    }
    /// The mechanisms of AUTH that it offered, as far as ehlo knows their names.
    constexpr mechanisms offered_mechanisms() const noexcept { return offered_.mechanisms(); }
    /// Whether it offered a command of the user's own; one without a keyword always is.
    template <class One>
    constexpr bool offers_own() const noexcept {
        constexpr unsigned n = static_cast<unsigned>(protocol::template event_of<One>) - static_cast<unsigned>(event::own0);
        return One::keyword.empty() || offered_.has_own(n);
    }
    /// Recipients accepted in the open transaction, as far as replies have come.
    constexpr std::uint32_t recipients() const noexcept { return session_.recipients(); }
    /// The event whose reply comes next; nothing if none is under way.
    constexpr std::optional<event> awaits() const noexcept {
        return under_way_.empty() ? std::nullopt : std::optional(under_way_.first());
    }
    /// Octets of the chunk under way that content() is still to be given.
    constexpr std::uint64_t chunk_left() const noexcept { return chunk_left_; }
    /// Whether the session is over: closed, turned, or broken by the server.
    constexpr bool over() const noexcept { return broken_ || protocol::ends.has(session_.where()); }

    /// Reads the first reply in `in`, which holds all octets received and not yet consumed. Octets that lie there before
    /// a command is written do not answer it, as far as they were shown to receive(): what was read ahead is to be shown first.
    /// None may follow the 220 to STARTTLS (RFC 3207 4.2).
    /// A refusal that nobody asked for (421, but also 451, 554 ...) ends the session: `to` is event::shutdown, or, if it came
    /// after 354 or in the middle of a chunk, the event of the end of that.
    /// After a MAIL with PRDR the end of the message may be answered 353, then for each recipient, then for the message (`more`
    /// says that others follow); or, by a server that decides for all alike, once.
    /// Errors: those of parse_reply; unexpected_reply, bad_reply_class (`at` 0): the session is broken then, except by
    /// missing_octets, which is the caller's fault: nothing has changed, and all octets are to be shown.
    constexpr progress<client_reply> receive(std::string_view in EHLO_LIFETIMEBOUND, reply_limits const& limits = {}) noexcept {
        if (under_way_.empty() || stale_) [[unlikely]] return receive_unasked(in, limits);
        auto const parsed = reader_.next(in, limits);
        if (parsed.need_more()) return {std::size_t{0}};
        if (parsed.failed()) return unreadable(parsed.error());
        reply_view const& r = *parsed;
        event const to = under_way_.first();
        event const of = answered(session_, to);
        if (!right_class(of, r.code())) return broken(fail(errc::bad_reply_class, 0));
        std::uint32_t recipient = 0;
        if (detail::ends_message(to) && (lmtp_ || session_.knows(fact::prdr))) [[unlikely]] {
            if (r.code() == 353) {
                each_ = true;
                return {client_reply{to, r, true, 0, true}, parsed.consumed};
            }
            // In LMTP the last one is for a recipient, too.
            std::uint32_t const due = lmtp_ ? replies_due_now(to) : each_ ? recipients() + 1 : 1;
            recipient = heard_++;
            if (heard_ < due && r.code() != 421) return {client_reply{to, r, r.accepted(), recipient, !lmtp_}, parsed.consumed};
            heard_ = 0;
            each_ = false;
        }
        fact_set const brings = under_way_.first_brings();
        under_way_.pop();
        settle(of, r, brings, limits.tolerate);
        if (under_way_.empty() && parsed.consumed != in.size()) [[unlikely]] {
            if (awaits_handshake()) return broken(fail(errc::unexpected_reply, parsed.consumed));
            stale_ = !is_blank(detail::sub(in, parsed.consumed), limits);
        }
        return {client_reply{to, r, r.accepted(), recipient}, parsed.consumed};
    }

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
        return put(verb::starttls, [&] { return write_bare(out, verb::starttls); });
    }

    /// AUTH with an initial response, one of sasl::*. A mechanism that sends a password in the clear needs TLS (tls_required),
    /// unless the settings allow it.
    template <class Message, class = std::enable_if_t<std::is_same_v<decltype(&Message::mechanism), v0::mechanism const*>>>
    constexpr result<std::size_t> auth(writer& out, Message const& initial) noexcept {
        return put_auth(Message::mechanism, [&] { return write_auth(out, initial); });
    }
    /// Without one: the server's challenge comes first.
    constexpr result<std::size_t> auth(writer& out, mechanism m) noexcept { return auth(out, v0::name(m)); }
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

    /// `from` with its brackets. A SIZE over what the server takes is refused here: message_too_large.
    /// `v`: SEND, SOML or SAML instead (RFC 821 3.4).
    constexpr result<std::size_t> mail(writer& out, std::string_view from, mail_options const& options = {},
                                       verb v = verb::mail) noexcept {
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
    constexpr result<std::size_t> rcpt(writer& out, std::string_view to, std::string_view parameters = {}) noexcept {
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
        return put(event::data, true, [&] { return write_bare(out, verb::data); });
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
        return put(verb::rset, [&] { return write_bare(out, verb::rset); });
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
        return put(verb::quit, [&] { return write_bare(out, verb::quit); });
    }
    constexpr result<std::size_t> etrn(writer& out, etrn_option option, std::string_view node) noexcept {
        return put(verb::etrn, [&] { return write_etrn(out, option, node); });
    }
    /// Accepted, TURN and ATRN end the session: the other side is the client then.
    constexpr result<std::size_t> turn(writer& out) noexcept {
        return put(verb::turn, [&] { return write_bare(out, verb::turn); });
    }
    constexpr result<std::size_t> atrn(writer& out, std::string_view domains = {}) noexcept {
        return put(verb::atrn, [&] { return write_atrn(out, domains); });
    }
    /// `attributes` as for write_client_facts. Accepted, XCLIENT begins the session anew: hello() again.
    constexpr result<std::size_t> xclient(writer& out, std::string_view attributes) noexcept {
        return put(verb::xclient, [&] { return write_client_facts(out, verb::xclient, attributes); });
    }
    constexpr result<std::size_t> xforward(writer& out, std::string_view attributes) noexcept {
        return put(verb::xforward, [&] { return write_client_facts(out, verb::xforward, attributes); });
    }
    constexpr result<std::size_t> verbose(writer& out) noexcept {
        return put(verb::verbose, [&] { return write_bare(out, verb::verbose); });
    }
    constexpr result<std::size_t> onex(writer& out) noexcept {
        return put(verb::onex, [&] { return write_bare(out, verb::onex); });
    }
    /// A command of the user's own.
    template <class One>
    constexpr result<std::size_t> send(writer& out, typename One::type const& value) noexcept {
        static_assert((std::is_same_v<One, Own> || ...), "this client does not know the command: client_with<One>");
        return put(protocol::template event_of<One>, offers_own<One>(), [&] {
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

    /// The TLS handshake that starttls() asked for is over, or, before the greeting, TLS was there from the beginning
    /// (RFC 8314). All that was learnt before is forgotten. False, and nothing happens, at any other time.
    [[nodiscard]] constexpr bool secured() noexcept {
        if (over()) return false;
        if (awaits_handshake()) session_.settle(event::secured, answer::done);
        else if (!session_.check(event::greeting)) session_.know(fact::tls);
        else return false;
        reader_ = reply_reader();
        offered_.forget();
        ahead_ = session_;
        return true;
    }
    /// TLS ended and the connection did not: nothing that comes now can be trusted. As disconnected().
    constexpr verdict tls_lost() noexcept { return end(event::tls_lost); }
    /// The connection was lost: what is under way will not be answered. What to think of the messages whose reply is missing:
    /// `unknown` if the end of one was sent, `later` otherwise (RFC 5321 3.8: as if it were 451).
    constexpr verdict disconnected() noexcept { return end(event::lost); }

  private:
    // What the server said breaks the session; what the caller forgot does not: the octets may still come.
    constexpr progress<client_reply> unreadable(failure f) noexcept {
        return f.code == errc::missing_octets ? progress<client_reply>(f, 0) : broken(f);
    }
    constexpr progress<client_reply> broken(failure f) noexcept {
        broken_ = true;
        undecided_ = undecided_ || ends_under_way();
        under_way_.clear();
        return {f, 0};
    }
    constexpr verdict end(event how) noexcept {
        verdict const v = undecided_ || ends_under_way() ? verdict::unknown : verdict::later;
        session_.settle(how, answer::refused);
        under_way_.clear();
        chunk_left_ = 0;
        return v;
    }

    constexpr bool ends_under_way() const noexcept {
        return under_way_.has(event::content_end) || under_way_.has(event::last_chunk_end) || under_way_.has(event::last_burl);
    }
    constexpr bool awaits_handshake() const noexcept { return !session_.check(event::secured); }
    // 354 came, and the end has not been sent.
    constexpr bool reads_content() const noexcept { return under_way_.empty() && !session_.check(event::content_end); }

    // Octets that came when nothing was under way, or when all was over.
    EHLO_NOINLINE constexpr progress<client_reply> receive_unasked(std::string_view in, reply_limits const& limits) noexcept {
        if (over()) return in.empty() && !broken_ ? progress<client_reply>(std::size_t{0}) : broken(fail(errc::session_over, 0));
        if (in.empty() && stale_) return unreadable(fail(errc::missing_octets, 0));  // one was left there
        if (!in.empty() && awaits_handshake()) return broken(fail(errc::unexpected_reply, 0));
        stale_ = stale_ || (!in.empty() && !is_blank(in, limits));
        auto const parsed = reader_.next(in, limits);
        if (parsed.need_more()) return {std::size_t{0}};
        if (parsed.failed()) return unreadable(parsed.error());
        if (parsed->accepted()) return broken(fail(errc::unexpected_reply, 0));
        // In content it is about that, even if the end was written before it was heard.
        event const to = chunk_left_ != 0                      ? (chunk_last_ ? event::last_chunk_end : event::chunk_end)
                         : !session_.check(event::content_end) ? event::content_end
                                                               : event::shutdown;
        end(event::shutdown);
        return {client_reply{to, *parsed, false}, parsed.consumed};
    }

    // Nothing but the empty lines that the rule tolerates.
    static constexpr bool is_blank(std::string_view octets, reply_limits const& limits) noexcept {
        constexpr charset line_ends("\r\n");
        return limits.tolerate.has(rule::empty_line_between_replies) && detail::find_first<~line_ends>(octets) == octets.size();
    }
    // RFC 5321 4.2: by the first digit. But the greeting is 220 and nothing else (3.1), and so is the go-ahead to TLS; and a reply for
    // each recipient is announced by 353.
    // A yes to what is out of order, because something before it was refused, shows that the two do not agree on what is open.
    // To MAIL and RCPT it does no harm yet (see unsure_); to whatever carries content, or moves on, it does.
    constexpr bool right_class(event e, unsigned code) const noexcept {
        if (!session_.fits(e, answer_of(code))) return false;
        if (code < 400 && e != event::mail && e != event::rcpt) {
            if (!protocol::rules.has(session_.where(), e) || (unsure_ && session_.check(e))) [[unlikely]] return false;
        }
        if (detail::ends_message(e) && code / 100 == 3) return code == 353 && !each_ && recipients() != 0;
        return (e != event::greeting && e != event::starttls) || code == 220 || code >= 400;
    }
    // A chunk has one reply: to its BDAT and its octets. Where no chunk may come it is to the BDAT alone (RFC 3030 2).
    static constexpr event answered(session_type& s, event e) noexcept {
        if ((e != event::chunk_end && e != event::last_chunk_end) || !s.check(e)) return e;
        if (s.check(event::bdat)) return event::bdat;
        s.settle(event::bdat, answer::done);
        return e;
    }
    // RFC 2033 4.2, 4.3: one for each recipient that was accepted, and so none if none was, whether the transaction is spoilt or
    // was not begun.
    constexpr std::uint32_t replies_due_now(event e) const noexcept {
        if (!lmtp_ || !detail::ends_message(e)) return 1;
        return session_.recipients_owed();
    }

    constexpr void push(event e, fact_set brings) noexcept {
        under_way_.push(e, brings);
        accept(ahead_, e, brings);
        skip_unanswered();
    }
    // Moves on by the answer that the client hopes for.
    static constexpr void accept(session_type& s, event e, fact_set brings) noexcept {
        event const of = answered(s, e);
        s.settle(of, s.fits(of, answer::done) ? answer::done : answer::more, brings);
    }
    // What has no reply is over as soon as it is the first under way.
    constexpr void skip_unanswered() noexcept {
        while (!under_way_.empty() && replies_due_now(under_way_.first()) == 0) [[unlikely]] {
            session_.settle(answered(session_, under_way_.first()), answer::refused);
            under_way_.pop();
            if (under_way_.empty()) ahead_ = session_;
        }
    }

    constexpr void settle(event e, reply_view const& r, fact_set brings, leniency tolerate) noexcept {
        change const what = session_.settle(e, r.code(), brings);
        if (session_.over()) [[unlikely]] {
            end(event::shutdown);
            return;
        }
        be_sure(e, r.accepted(), what);
        if (!session_.knows(fact::extended)) offered_.forget();
        if (e == event::hello || e == event::helo) [[unlikely]] hear_hello(e, r, tolerate);
        if (e == event::starttls && !r.accepted() && settings_.tls == tls_use::if_offered) session_.require({});
        if (under_way_.empty()) ahead_ = session_;
        // A chunk that is refused takes with it what was sent after it.
        else if (what == change::dropped && !r.accepted()) look_ahead();
        skip_unanswered();
    }
    constexpr void be_sure(event e, bool accepted, change what) noexcept {
        constexpr event_set anew = event::rset | event::hello | event::helo, last = event::last_chunk_end | event::last_burl;
        if (accepted) {
            if (e == event::mail || e == event::rcpt) unsure_ = what == change::none;
            else if (anew.has(e)) unsure_ = false;
        } else if (last.has(e)) {
            unsure_ = true;   // RFC 3030 2: "The resulting state from a failed BDAT command is indeterminate."
        } else if (e == event::rset && session_.check(event::mail) && under_way_.has(event::mail)) {
            end(event::shutdown);   // RCPT and DATA after that MAIL would be taken for the transaction that is still open
        }
    }
    constexpr void look_ahead() noexcept {
        ahead_ = session_;
        under_way_.each([this](event e, fact_set brings, unsigned count) noexcept {
            for (unsigned i = 0; i < count && i < 2; ++i) accept(ahead_, e, brings);
        });
    }
    constexpr void hear_hello(event e, reply_view const& r, leniency tolerate) noexcept {
        if (!r.accepted()) return;
        lmtp_ = said_lhlo_;
        if (e == event::helo) return offered_.forget();
        offered_.hear(r, tolerate);
        bool const wanted = settings_.tls == tls_use::required || (settings_.tls == tls_use::if_offered && offered_.has(extension::starttls));
        session_.require(wanted ? fact_set(fact::tls) : fact_set());
    }
    constexpr syntax rcpt_syntax() const noexcept {
        syntax rules = strict_syntax;
        rules.smtputf8 = ahead_.knows(fact::smtputf8);
        return rules;
    }
    constexpr result<std::size_t> look_up(writer& out, verb v, std::string_view text) noexcept {
        auto const parsed = parse_lookup(v, text);
        bool const offered = !parsed || ((!parsed->smtputf8 || offered_.has(extension::smtputf8)) &&
                                         (!parsed->utf8reply || offered_.has(extension::utf8smtp)));
        return put(event_of(v).value(), offered, [&] { return write_argument(out, v, text); });
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
