// Typical use of all of the library, for symbols.py: its objects show what ehlo asks of the program it is linked into. Nothing here
// may ask for anything itself, so there is no std::string and no stream.
#include <ehlo/ehlo.hpp>
#include <ehlo/scram.hpp>

#ifndef USE
#define USE use_of_ehlo
#endif

namespace user {

struct store {
    std::uint64_t octets = 0;

    ehlo::reply on(ehlo::cmd::hello const&) noexcept { return ehlo::replies::ok; }
    ehlo::reply on(ehlo::cmd::mail const& c) noexcept {
        octets = c.parameters.size().value_or(0);
        return ehlo::replies::sender_ok;
    }
    ehlo::reply on(ehlo::cmd::rcpt const& c) noexcept {
        return c.to.is_postmaster() || ehlo::iequals(c.to.domain(), "example.org") ? ehlo::replies::recipient_ok : ehlo::replies::no_such_user;
    }
    void on(ehlo::content const& c) noexcept { octets += c.octets.size(); }
    ehlo::reply on(ehlo::end_of_content const&) noexcept { return ehlo::replies::message_accepted; }
};

// The linker must not make one of what two objects have here.
namespace {

constexpr ehlo::policy lmtp = [] {
    ehlo::policy p;
    p.service = ehlo::service::lmtp;
    p.bare = ehlo::bare_octets::normalize;
    p.grammar.tolerate = ehlo::leniency::all();
    return p;
}();

template <class Server>
std::size_t serve(std::string_view in) noexcept {
    Server server("mx.example.org");
    store s;
    std::size_t sum = 0;
    for (;;) {
        char out[4096];
        ehlo::step const step = server.advance(in, s, out);
        in.remove_prefix(step.consumed);
        sum += step.produced;
        if (step.want == ehlo::want::close || step.want == ehlo::want::read) return sum + s.octets;
    }
}

std::size_t deliver(std::string_view in, ehlo::writer& out) noexcept {
    ehlo::client client;
    auto reply = [&] {
        auto const r = client.receive(in);
        in.remove_prefix(r.consumed);
        return r.ready() && r->accepted;
    };
    ehlo::mail_options options;
    options.size = 1000;
    bool const ok = reply() && client.hello(out, "client.example") && reply() && client.mail(out, "<ann@client.example>", options) &&
                    client.rcpt(out, "<bob@example.org>") && client.data(out) && reply() && reply() && reply() &&
                    client.content(in, out).done() && client.end_content(out).done() && reply() && client.quit(out) && reply();
    client.disconnected();
    return ok;
}

struct count {
    std::size_t& sum;
    template <class Command>
    void operator()(Command const&) const noexcept { ++sum; }
};

std::size_t parse(std::string_view in, ehlo::writer& out) noexcept {
    std::size_t sum = 0;
    ehlo::syntax lenient;
    lenient.tolerate = ehlo::leniency::all();
    for (ehlo::syntax const& grammar : {ehlo::strict_syntax, lenient}) {
        if (auto const p = ehlo::parse_path(in, ehlo::path_role::any, grammar)) sum += p->text().size() + bool(ehlo::write_path(out, *p));
        if (auto const m = ehlo::parse_mailbox(in, grammar)) sum += bool(ehlo::write_unquoted(out, m->local_part));
        if (auto const c = ehlo::split_command(in, grammar)) sum += bool(ehlo::visit_command(*c, grammar, count{sum}));
        if (auto const p = ehlo::parse_mail_parameters(in, grammar)) sum += p->all().empty();
        if (auto const p = ehlo::parse_rcpt_parameters(in, grammar)) sum += p->all().empty();
    }
    ehlo::reply_reader replies;
    if (auto const r = replies.next(in); r.ready()) {
        sum += r->code();
        for (std::string_view const line : r->lines()) sum += line.size();
        if (auto const a = ehlo::parse_ehlo_answer(*r)) sum += a->size.value_or(1);
    }
    ehlo::line_reader lines;
    if (auto const l = lines.next(in, 2048); l.ready()) sum += l->size();
    ehlo::content_decoder decoder;
    sum += decoder.next(in).octets.size();
    ehlo::content_encoder encoder;
    auto const encoded = encoder.encode(in, out);
    sum += encoded.consumed + encoder.finish(out).done();
    sum += bool(ehlo::encode_base64(out, in)) + bool(ehlo::decode_base64(out, in));
    sum += bool(ehlo::write_mail(out, in)) + bool(ehlo::write_rcpt(out, in)) + bool(ehlo::write_reply(out, {250, in}));
    sum += ehlo::meaning(static_cast<unsigned>(sum)).size() + ehlo::message(static_cast<ehlo::errc>(in.size() & 7)).size();
    return sum;
}

}  // namespace
}  // namespace user

std::size_t USE(char const* data, std::size_t size) {
    std::string_view const in{data, size};
    char room[4096];
    ehlo::writer out(room);
    return user::serve<ehlo::server>(in) + user::serve<ehlo::basic_server<user::lmtp>>(in) + user::deliver(in, out) + user::parse(in, out);
}
