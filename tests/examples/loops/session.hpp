// What the servers of this folder have in common; none of it knows which event loop there is.
//
//   mailbox   the handler: takes mail for example.org, and looks each recipient up, which takes a while
//   session   one client: an ehlo::server, its mailbox, the octets that wait, and a deadline
//
// What the loop does, for each session, until it is over:
//   1. it sends all of `out`, and clears it. Until then it does not read: a client that does not listen is not heard
//   2. it does what `wants` says:
//        read    appends what has come to `in`, and calls turn()
//        write   calls turn()
//        reply   waits for the deadline, and does not read
//        tls     does the handshake, and calls secured()
//        close   closes the connection
//   3. it calls expired() when deadline() has passed, whatever it was waiting for
//   4. it calls lost() when the connection is
// A client that has closed its half of the connection is served all the same: the end is only read after all before it was answered.
#pragma once

#include <ehlo/ehlo.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

using clock_type = std::chrono::steady_clock;

// argv: [PORT [SECONDS]]. Of a timeout of other than RFC 5321's 5 minutes (4.5.3.2.7) only tests should think.
struct options {
    unsigned short port = 2525;
    std::chrono::seconds timeout{ehlo::server_timeout};

    options(int argc, char** argv) {
        if (argc > 1) port = static_cast<unsigned short>(std::strtoul(argv[1], nullptr, 10));
        if (argc > 2) timeout = std::chrono::seconds(std::strtoul(argv[2], nullptr, 10));
    }
};

inline void say_where(unsigned port) {
    std::printf("listening on 127.0.0.1:%u\n", port);
    std::fflush(stdout);
}

// Prints each message that it accepts: "message OCTETS RECIPIENTS", and the content.
class mailbox {
    std::string content_;
    ehlo::path asked_;   // a view into the octets of the RCPT that waits for its answer
    bool crowded_;

  public:
    static constexpr std::chrono::milliseconds lookup_time{5};

    explicit mailbox(bool crowded) : crowded_(crowded) {}

    ehlo::reply on(ehlo::connected const&) {
        return crowded_ ? ehlo::reply("421 4.3.2 Too many connections, try again later") : ehlo::reply("220 ESMTP ready");
    }
    ehlo::reply on(ehlo::cmd::hello const&) { return ehlo::replies::ok; }
    ehlo::reply on(ehlo::cmd::starttls const&) { return "220 2.0.0 Go ahead"; }  // asked only where the policy offers it
    ehlo::reply on(ehlo::cmd::mail const&) { return ehlo::replies::sender_ok; }
    ehlo::reply on(ehlo::cmd::rcpt const& c) {
        if (c.to.is_postmaster()) return ehlo::replies::recipient_ok;
        if (!ehlo::iequals(c.to.domain(), "example.org")) return "550 5.7.1 Not a domain of ours";
        asked_ = c.to;
        return ehlo::reply::later;
    }
    // The answer to that, when the lookup is done.
    ehlo::reply looked_up() const {
        return ehlo::iequals(asked_.local_part(), "nobody") ? ehlo::replies::no_such_user : ehlo::replies::recipient_ok;
    }
    void on(ehlo::content const& c) { content_ += c.octets; }
    // A message ends in one of two ways, and no memory waits for the next.
    void on(ehlo::abandoned const&) { content_ = {}; }
    ehlo::reply on(ehlo::end_of_content const& e) {
        std::string const content = std::exchange(content_, {});
        std::printf("message %zu %u\n", content.size(), e.recipients);
        std::fwrite(content.data(), 1, content.size(), stdout);
        return std::fflush(stdout) == 0 ? ehlo::replies::message_accepted : ehlo::replies::try_later;
    }
};

class session {
    ehlo::server_with<> smtp_;
    mailbox mail_;
    std::chrono::seconds timeout_;
    clock_type::time_point since_;
    std::size_t used_ = 0;   // of `in`; they stay until the next turn: what waits for its answer is a view into them
    char replies_[4 * ehlo::server::reply_space];

    void take(ehlo::step const& s) {
        used_ += s.consumed;
        out.append(replies_, s.produced);
        wants = s.want;
        // A command is consumed when it is whole: a client that drips gains no time.
        if (s.consumed != 0 || s.produced != 0 || wants == ehlo::want::reply) since_ = clock_type::now();
    }
    bool looks_up() const { return out.empty() && wants == ehlo::want::reply; }
    void close(ehlo::reply const& why) { take(smtp_.shut_down(mail_, replies_, why)); }

  public:
    static constexpr std::size_t at_once = 100;   // connections; who comes then is told 421
    static constexpr ehlo::policy rules{.offers = ehlo::policy{}.offers | ehlo::extension::chunking, .max_message = 10 << 20};

    std::string in, out;
    ehlo::want wants = ehlo::want::write;

    session(options const& o, bool crowded, ehlo::policy const& p = rules)
        : smtp_(p, "mx.example.org"), mail_(crowded), timeout_(o.timeout) {
        turn();   // the greeting
    }

    clock_type::time_point deadline() const {
        return since_ + (looks_up() ? clock_type::duration(mailbox::lookup_time) : timeout_);
    }

    void turn() {
        in.erase(0, std::exchange(used_, 0));
        take(smtp_.advance(in, mail_, replies_));
    }
    void secured() {
        smtp_.secured();
        turn();
    }
    void expired() {
        if (looks_up()) {
            take(smtp_.answer(mail_.looked_up(), mail_, replies_));
            turn();
        } else if (out.empty() && wants == ehlo::want::read) {
            close("421 4.4.2 Timeout, closing the channel");
        } else {
            lost();
        }
    }
    void stop() { close(ehlo::replies::shutting_down); }
    bool over() const { return out.empty() && wants == ehlo::want::close; }
    void lost() {
        smtp_.disconnected(mail_);
        out.clear();
        wants = ehlo::want::close;
    }
};
