#include <ehlo/ehlo.hpp>

#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Delivers a message by LMTP: what became of it for each recipient. Of Io it wants send(octets), and receive(in): false if the connection
// is lost.
template <class Io>
std::vector<ehlo::verdict> deliver(Io& io, std::string_view from, std::vector<std::string> const& to, std::string_view message) {
    ehlo::client smtp({.bare = ehlo::bare_octets::normalize, .lmtp = true});
    std::vector<std::optional<ehlo::verdict>> became(to.size());
    std::vector<std::size_t> accepted;   // LMTP answers for those alone, in order (RFC 2033 4.2)
    std::size_t answered = 0;
    auto decide = [&](ehlo::verdict v) {
        for (auto& b : became)
            if (!b) b = v;
    };
    auto note = [&](ehlo::client_reply const& r) {
        ehlo::verdict const v = verdict_of(r);
        if (r.to == ehlo::event::rcpt) {
            if (r.accepted) accepted.push_back(answered);
            else if (v != ehlo::verdict::unknown) became[answered] = v;
            ++answered;
        } else if (r.to == ehlo::event::content_end) {
            if (r.recipient < accepted.size()) became[accepted[r.recipient]] = v;
        } else if (v != ehlo::verdict::unknown) {
            decide(v);   // of MAIL, DATA, or a 421: it is about all that are undecided
        }
    };

    std::string in;
    char buffer[4096];
    ehlo::writer out(buffer);
    auto send = [&] {
        io.send(out.text());
        out = ehlo::writer(buffer);
    };
    auto hear = [&] {
        send();
        while (smtp.awaits()) {
            auto const r = smtp.receive(in);
            if (r.ready()) note(*r);
            in.erase(0, r.consumed);
            if (r.failed() || (r.need_more() && !io.receive(in))) return false;
        }
        return !smtp.over();
    };
    auto say = [&](auto write) { return write() || (hear() && write()); };

    bool ok = hear() && smtp.hello(out, "client.example") && hear() && say([&] { return smtp.mail(out, from); });
    for (std::string const& t : to) ok = ok && say([&] { return smtp.rcpt(out, t); });
    ok = ok && say([&] { return smtp.data(out); }) && hear() && smtp.where() == ehlo::state::content;
    std::string_view rest = smtp.recipients() != 0 ? message : std::string_view();
    for (bool done = false; ok && !done; send()) {
        auto const put = rest.empty() ? smtp.end_content(out) : smtp.content(rest, out);
        ok = !put.failed();
        done = rest.empty() && put.done();
        rest.remove_prefix(put.consumed);
    }
    ok = ok && hear() && smtp.quit(out) && hear();
    decide(smtp.disconnected());   // of those that no reply was about: unknown if the end was sent, else later

    std::vector<ehlo::verdict> all;
    for (auto const& b : became) all.push_back(*b);
    return all;
}

// The other end.
class lmtp {
    ehlo::server_with<> smtp_;
    std::string in_, out_, message_;
    std::vector<std::string> to_;
    std::size_t at_once_;

  public:
    static constexpr ehlo::policy rules{.service = ehlo::service::lmtp};
    std::vector<std::string> stored;
    std::size_t breaks_after = 100;   // messages

    explicit lmtp(std::size_t at_once) : smtp_(rules, "mx.example.org"), at_once_(at_once) { send({}); }

    ehlo::reply on(ehlo::cmd::hello const&) { return ehlo::replies::ok; }
    ehlo::reply on(ehlo::cmd::mail const&) { return ehlo::replies::sender_ok; }
    ehlo::reply on(ehlo::cmd::rcpt const& c) {
        if (c.to.local_part() == "nobody") return ehlo::replies::no_such_user;
        to_.emplace_back(c.to.local_part());
        return ehlo::replies::recipient_ok;
    }
    void on(ehlo::content const& c) { message_ += c.octets; }
    ehlo::reply on(ehlo::end_of_content const& e) {
        if (to_[e.recipient] == "full") return "452 4.2.2 The mailbox is full";
        stored.push_back(to_[e.recipient] + ": " + message_);
        return ehlo::replies::message_accepted;
    }

    void send(std::string_view octets) {
        in_ += octets;
        for (bool more = true; more;) {
            char room[1024];
            auto const s = smtp_.advance(in_, *this, room);
            in_.erase(0, s.consumed);
            out_.append(room, s.produced);
            more = s.want == ehlo::want::write;
        }
    }
    bool receive(std::string& in) {
        if (out_.empty() || (stored.size() > breaks_after)) return false;
        in += out_.substr(0, at_once_);
        out_.erase(0, at_once_);
        return true;
    }
};

int main() {
    using enum ehlo::verdict;
    std::vector<std::string> const to{"<ann@example.org>", "<nobody@example.org>", "<full@example.org>", "<bob@example.org>"};
    for (std::size_t const at_once : {1u, 9u, 1000u}) {
        lmtp io(at_once);
        auto const became = deliver(io, "<>", to, "hello\n");
        if (became != std::vector{delivered, refused, later, delivered}) return 1;
        if (io.stored != std::vector<std::string>{"ann: hello\r\n", "bob: hello\r\n"}) return 2;
        lmtp none(at_once);
        if (deliver(none, "<>", {"<nobody@example.org>"}, "hello\n") != std::vector{refused} || !none.stored.empty()) return 3;
        lmtp breaking(at_once);
        breaking.breaks_after = 0;
        if (deliver(breaking, "<>", to, "hello\n") != std::vector{unknown, refused, unknown, unknown}) return 4;
    }
    std::printf("delivered, refused, later\n");
}
