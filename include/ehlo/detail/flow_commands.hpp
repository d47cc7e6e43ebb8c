// The commands of a typestate client, each for what is in order where it is said.
#pragma once

#include <ehlo/detail/flow_places.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ehlo::inline v0::inline EHLO_TARGET::flow::detail {

template <class At, event On>
concept in_order_at = At::template can<On>;
template <class At, event On>
concept leads_nowhere_else = At::template can<On> && At::template remains<On>;

/// The commands, each for what can begin one: a session, or a command under way. `At` says what is in order, `Self` what comes
/// of it.
template <class Self, class At>
class EHLO_CONSUMABLE commands {
    template <event On, fact_set Brings = fact_set{}, class Write>
    constexpr auto next(Write&& write) noexcept {
        return static_cast<Self*>(this)->template step<On, Brings>(write);
    }

  public:
    EHLO_CONSUMES constexpr auto hello(writer& out, std::string_view name) && noexcept requires in_order_at<At, event::hello> {
        return next<event::hello>([&](auto& c) noexcept { return c.hello(out, name); });
    }
    EHLO_CONSUMES constexpr auto helo(writer& out, std::string_view name) && noexcept requires in_order_at<At, event::helo> {
        return next<event::helo>([&](auto& c) noexcept { return c.helo(out, name); });
    }
    /// `mail<fact::binary>` for BODY=BINARYMIME: then DATA does not compile, and BDAT does. `mail<fact::prdr>` for PRDR: then the
    /// reply to the end of the message does not compile, and each() does.
    template <fact_set Brings = fact_set{}>
    EHLO_CONSUMES constexpr auto mail(writer& out, std::string_view from, mail_options const& options) && noexcept
        requires in_order_at<At, event::mail>
    {
        return next<event::mail, Brings>([&](auto& c) noexcept -> result<std::size_t> {
            bool binary = options.body == body::binary_mime, prdr = options.prdr;
            // What the type does not say may not be asked for by the text of a parameter, either.
            if (!options.others.empty()) [[unlikely]] {
                auto const others = parse_mail_parameters(options.others, wide());
                binary = binary || (others && others->body() == body::binary_mime);
                prdr = prdr || (others && others->prdr());
            }
            if (binary != Brings.has(fact::binary) || prdr != Brings.has(fact::prdr)) return fail(errc::bad_value, 0);
            return c.mail(out, from, options);
        });
    }
    template <fact_set Brings = fact_set{}>
    EHLO_CONSUMES constexpr auto mail(writer& out, std::string_view from) && noexcept requires in_order_at<At, event::mail> {
        return next<event::mail, Brings>([&](auto& c) noexcept -> result<std::size_t> {
            if (Brings.has(fact::binary) || Brings.has(fact::prdr)) return fail(errc::bad_value, 0);
            return c.mail(out, from);
        });
    }
    template <class... Parameters>
    EHLO_CONSUMES constexpr auto rcpt(writer& out, std::string_view to, Parameters const&... parameters) && noexcept
        requires in_order_at<At, event::rcpt>
    {
        return next<event::rcpt>([&](auto& c) noexcept { return c.rcpt(out, to, parameters...); });
    }
    /// Where a recipient more or less makes no difference to what may come: in an envelope, in a pipeline.
    template <class... Parameters>
    constexpr auto rcpt(writer& out, std::string_view to, Parameters const&... parameters) & noexcept
        requires leads_nowhere_else<At, event::rcpt>
    {
        return next<event::rcpt>([&](auto& c) noexcept { return c.rcpt(out, to, parameters...); });
    }
    /// A range of recipients in a pipeline.
    template <class Range>
    EHLO_CONSUMES constexpr auto rcpt_each(writer& out, Range const& recipients) && noexcept
        requires(in_order_at<At, event::rcpt> && !At::alone)
    {
        return next<event::rcpt>([&](auto& c) noexcept -> result<std::size_t> {
            std::size_t size = 0;
            for (auto const& to : recipients) {
                auto const written = c.rcpt(out, to);
                if (!written) return written;
                size += *written;
            }
            return size;
        });
    }
    EHLO_CONSUMES constexpr auto data(writer& out) && noexcept requires in_order_at<At, event::data> {
        return next<event::data>([&](auto& c) noexcept { return c.data(out); });
    }
    /// A chunk that is not the last one, of `size` octets, which content() of what is returned must be given.
    EHLO_CONSUMES constexpr auto bdat(writer& out, std::uint64_t size) && noexcept
        requires(in_order_at<At, event::bdat> && At::alone)
    {
        return static_cast<Self*>(this)->template chunk<event::chunk_end>([&](auto& c) noexcept { return c.bdat(out, size, false); });
    }
    /// The last chunk.
    EHLO_CONSUMES constexpr auto bdat_last(writer& out, std::uint64_t size) && noexcept
        requires(in_order_at<At, event::bdat> && At::alone)
    {
        return static_cast<Self*>(this)->template chunk<event::last_chunk_end>([&](auto& c) noexcept { return c.bdat(out, size, true); });
    }
    EHLO_CONSUMES constexpr auto burl(writer& out, std::string_view url) && noexcept requires in_order_at<At, event::burl> {
        return next<event::burl>([&](auto& c) noexcept { return c.burl(out, url, false); });
    }
    EHLO_CONSUMES constexpr auto burl_last(writer& out, std::string_view url) && noexcept requires in_order_at<At, event::last_burl> {
        return next<event::last_burl>([&](auto& c) noexcept { return c.burl(out, url, true); });
    }
    EHLO_CONSUMES constexpr auto rset(writer& out) && noexcept requires in_order_at<At, event::rset> {
        return next<event::rset>([&](auto& c) noexcept { return c.rset(out); });
    }
    EHLO_CONSUMES constexpr auto quit(writer& out) && noexcept requires in_order_at<At, event::quit> {
        return next<event::quit>([&](auto& c) noexcept { return c.quit(out); });
    }
    EHLO_CONSUMES constexpr auto starttls(writer& out) && noexcept requires in_order_at<At, event::starttls> {
        return next<event::starttls>([&](auto& c) noexcept { return c.starttls(out); });
    }
    /// As client::auth: a message of sasl.hpp, or a mechanism, with or without an initial response.
    template <class... Arguments>
    EHLO_CONSUMES constexpr auto auth(writer& out, Arguments const&... arguments) && noexcept requires in_order_at<At, event::auth> {
        return next<event::auth>([&](auto& c) noexcept { return c.auth(out, arguments...); });
    }
    template <class Message>
    EHLO_CONSUMES constexpr auto auth_response(writer& out, Message const& m) && noexcept requires in_order_at<At, event::response> {
        return next<event::response>([&](auto& c) noexcept { return c.auth_response(out, m); });
    }
    EHLO_CONSUMES constexpr auto auth_cancel(writer& out) && noexcept requires in_order_at<At, event::response> {
        return next<event::response>([&](auto& c) noexcept { return c.auth_cancel(out); });
    }
    EHLO_CONSUMES constexpr auto xclient(writer& out, std::string_view attributes) && noexcept requires in_order_at<At, event::xclient> {
        return next<event::xclient>([&](auto& c) noexcept { return c.xclient(out, attributes); });
    }
    EHLO_CONSUMES constexpr auto turn(writer& out) && noexcept requires in_order_at<At, event::turn> {
        return next<event::turn>([&](auto& c) noexcept { return c.turn(out); });
    }
    EHLO_CONSUMES constexpr auto atrn(writer& out, std::string_view domains = {}) && noexcept requires in_order_at<At, event::atrn> {
        return next<event::atrn>([&](auto& c) noexcept { return c.atrn(out, domains); });
    }

    // These lead nowhere else: no std::move is needed.

    constexpr auto noop(writer& out, std::string_view text = {}) noexcept requires in_order_at<At, event::noop> {
        return next<event::noop>([&](auto& c) noexcept { return c.noop(out, text); });
    }
    constexpr auto help(writer& out, std::string_view text = {}) noexcept requires in_order_at<At, event::help> {
        return next<event::help>([&](auto& c) noexcept { return c.help(out, text); });
    }
    constexpr auto vrfy(writer& out, std::string_view text) noexcept requires in_order_at<At, event::vrfy> {
        return next<event::vrfy>([&](auto& c) noexcept { return c.vrfy(out, text); });
    }
    constexpr auto expn(writer& out, std::string_view text) noexcept requires in_order_at<At, event::expn> {
        return next<event::expn>([&](auto& c) noexcept { return c.expn(out, text); });
    }
    constexpr auto verbose(writer& out) noexcept requires in_order_at<At, event::verbose> {
        return next<event::verbose>([&](auto& c) noexcept { return c.verbose(out); });
    }
    constexpr auto onex(writer& out) noexcept requires in_order_at<At, event::onex> {
        return next<event::onex>([&](auto& c) noexcept { return c.onex(out); });
    }
    constexpr auto etrn(writer& out, etrn_option option, std::string_view node) noexcept requires in_order_at<At, event::etrn> {
        return next<event::etrn>([&](auto& c) noexcept { return c.etrn(out, option, node); });
    }
    constexpr auto xforward(writer& out, std::string_view attributes) noexcept requires in_order_at<At, event::xforward> {
        return next<event::xforward>([&](auto& c) noexcept { return c.xforward(out, attributes); });
    }

    /// A command of the user's own (own_commands.hpp).
    template <class One>
    EHLO_CONSUMES constexpr auto send(writer& out, typename One::type const& value) && noexcept
        requires in_order_at<At, At::template own<One>>
    {
        return next<At::template own<One>>([&](auto& c) noexcept { return c.template send<One>(out, value); });
    }
    template <class One>
    constexpr auto send(writer& out, typename One::type const& value) & noexcept
        requires leads_nowhere_else<At, At::template own<One>>
    {
        return next<At::template own<One>>([&](auto& c) noexcept { return c.template send<One>(out, value); });
    }

  private:
    static constexpr syntax wide() noexcept {
        syntax rules = strict_syntax;
        rules.smtputf8 = true;
        return rules;
    }
};

}  // namespace ehlo::flow::detail
