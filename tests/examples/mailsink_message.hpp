// What mailsink does with a session and its messages: the handler that ehlo asks.
#pragma once

#include "diagnostics.hpp"
#include "envelope.hpp"
#include "mailsink_options.hpp"
#include "spool.hpp"

#include <ehlo/ehlo.hpp>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mailsink {

inline constexpr ehlo::reply disk_full = "452 4.3.1 Insufficient system storage";
inline constexpr ehlo::reply too_many_connections = "421 4.3.2 Too many connections, try again later";
inline constexpr ehlo::reply no_relay = "550 5.7.1 We do not relay";
inline constexpr ehlo::reply no_list = "550 5.1.1 No such list here";
inline constexpr ehlo::reply ready_for_tls = "220 2.0.0 Ready to start TLS";

// What all sessions share.
struct shared {
    options opt;
    diagnostics err;
    spool mails;
    unsigned long long messages = 0, octets = 0, connections = 0;
    std::time_t now = 0;
    char decoded[64 * 1024];  // content on its way into a file: that of one connection at a time
};
inline shared all;

// One session, and the message in it on its way to the disk.
class message {
    spool::file file_;
    int failed_ = 0;  // errno of what could not be written
    bool quit_ = false, crowded_ = false, extended_ = false, tls_ = false;
    bool stored_ = false;             // LMTP: for some of its recipients it is, or cannot be
    std::size_t held_ = 0;            // octets in `decoded`
    std::uint32_t answered_ = 0;      // LMTP: recipients who have had their reply to the content
    envelope envelope_;
    std::vector<made_up const*> answers_;  // to the content, for each recipient, where some are made up
    logins::server_login login_;

    static bool keeps_envelope() { return !all.opt.discard || all.opt.verbose; }
    static made_up const* find(std::map<std::string, made_up, std::less<>> const& answers, std::string_view address) {
        auto const found = answers.find(address);
        return found == answers.end() ? nullptr : &found->second;
    }

    void write_out() {
        if (failed_ == 0 && !file_.is_open() && !all.mails.begin(file_)) failed_ = errno;
        if (failed_ == 0 && !spool::write(file_, {all.decoded, held_})) failed_ = errno;
    }
    // Whom it was kept for: all but those for whom it is refused.
    std::string kept_for() const {
        if (answers_.empty() || !all.opt.lmtp()) return envelope_.to();
        std::string to;
        for (std::size_t i = 0; i < answers_.size(); ++i)
            if (answers_[i] == nullptr || answers_[i]->said().accepted()) to.append(to.empty() ? "" : ", ").append(envelope_.to(i));
        return to;
    }
    bool finish() {
        write_out();
        held_ = 0;
        auto const line = [this](std::string const& name) { return envelope_.json(name, ehlo::replies::message_accepted, kept_for()); };
        if (failed_ == 0 && !all.mails.keep(file_, line)) failed_ = errno;
        return failed_ == 0;
    }
    void drop() {
        if (file_.is_open()) all.mails.drop(file_);
        held_ = 0;
        failed_ = 0;
    }
    // Told once for each kind of trouble, and again when it lasts: a full disk must not fill the log, too.
    void complain() const {
        static int told = 0;
        static std::time_t when = 0;
        if (told == failed_ && all.now - when < 60) return;
        told = failed_;
        when = all.now;
        all.err.say("mailsink: cannot store a message: " + std::string(std::strerror(failed_)));
    }
    ehlo::reply end_message(std::uint64_t octets) {
        if (!std::exchange(stored_, true)) {
            if (!all.opt.discard && !finish()) complain();
            if (failed_ == 0) {
                ++all.messages;
                all.octets += octets;
            }
        }
        if (failed_ == 0) return ehlo::replies::message_accepted;
        return failed_ == ENOSPC || failed_ == EDQUOT || failed_ == EFBIG ? disk_full : ehlo::replies::try_later;
    }
    void forget_login() {
        login_ = logins::server_login();
        envelope_.login.clear();
    }
    // RFC 3848: how the message came.
    std::string protocol() const {
        std::string with = all.opt.lmtp() ? "LMTP" : extended_ ? "ESMTP" : "SMTP";
        return with + (tls_ ? "S" : "") + (envelope_.login.empty() ? "" : "A");
    }
    ehlo::auth_answer noted(ehlo::auth_answer const& a) {
        if (a.said.accepted()) envelope_.login = login_.name();
        return a;
    }

  public:
    void begin(std::string peer, bool crowded) {
        envelope_.peer = std::move(peer);
        crowded_ = crowded;
    }
    void secured() { tls_ = true; }

    ehlo::reply on(ehlo::connected const&) { return crowded_ ? too_many_connections : ehlo::reply(220, all.opt.lmtp() ? "LMTP ready" : "ESMTP ready"); }
    ehlo::reply on(ehlo::cmd::hello const& c) {
        extended_ = c.verb != ehlo::verb::helo;
        if (keeps_envelope()) envelope_.helo = c.name.text;
        return ehlo::replies::ok;
    }
    ehlo::reply on(ehlo::cmd::starttls const&) {
        forget_login();
        return ready_for_tls;
    }
    ehlo::mechanisms mechanisms() const { return logins::server_login::offered(); }
    ehlo::auth_answer on(ehlo::cmd::auth const& c) { return noted(login_.begin(all.opt.users, c)); }
    ehlo::auth_answer on(ehlo::auth_response const& r) { return noted(login_.go_on(all.opt.users, r)); }
    ehlo::reply on(ehlo::cmd::xclient const& c) {
        forget_login();
        if (auto const address = c.find(ehlo::client_attribute::addr)) envelope_.peer = *address;
        return {220, "ESMTP ready"};
    }
    ehlo::reply on(ehlo::cmd::vrfy const& c) {
        if (c.verb == ehlo::verb::vrfy) return ehlo::replies::cannot_verify;
        auto const list = all.opt.lists.find(c.string);
        return list == all.opt.lists.end() ? no_list : ehlo::reply(250, {2, 1, 5}, list->second);
    }
    ehlo::reply on(ehlo::cmd::mail const& c) {
        if (keeps_envelope()) envelope_.begin(protocol(), c.from.address(), c.parameters.all().text());
        envelope_.octets = envelope_.recipients = answered_ = 0;
        answers_.clear();
        stored_ = false;
        return ehlo::replies::sender_ok;
    }
    ehlo::reply on(ehlo::cmd::rcpt const& c) {
        std::string_view const address = c.to.address();
        bool const ours = c.to.is_postmaster() || all.opt.takes_mail_for(c.to.domain()) || !envelope_.login.empty();
        made_up const* const answer = find(all.opt.answers, address);
        if (answer == nullptr && !ours) return no_relay;
        if (answer != nullptr && !answer->said().accepted()) return answer->said();
        if (keeps_envelope()) envelope_.add(address, c.parameters.all().text());
        ++envelope_.recipients;
        if (!all.opt.content_answers.empty()) answers_.push_back(find(all.opt.content_answers, address));
        return answer != nullptr ? answer->said() : ehlo::replies::recipient_ok;
    }
    void on(ehlo::content const& c) {
        envelope_.octets += c.octets.size();
        if (c.octets.size() > sizeof all.decoded - held_) flush();  // no piece is larger than what is read at once
        std::memcpy(all.decoded + held_, c.octets.data(), c.octets.size());
        held_ += c.octets.size();
    }
    ehlo::reply on(ehlo::end_of_content const& e) {
        for (std::size_t i = 0; i < answers_.size(); ++i) {
            if (answers_[i] == nullptr || (all.opt.lmtp() && i != e.recipient)) continue;
            if (!answers_[i]->said().accepted()) return answers_[i]->said();
        }
        return end_message(e.octets);
    }
    void on(ehlo::abandoned const& a) {
        envelope_.octets = a.octets;
        drop();
    }
    void on(ehlo::answered const& a) {
        quit_ = a.event == ehlo::event::quit;
        if (all.opt.verbose) all.err.say(envelope_.peer + " " + std::string(name(a.verb)) + " " + std::to_string(unsigned{a.sent.code}));
        if (a.event != ehlo::event::content_end && a.event != ehlo::event::last_chunk_end) return;
        std::string const to = keeps_envelope() ? all.opt.lmtp() ? envelope_.to(answered_) : envelope_.to() : std::string();
        ++answered_;
        if (!a.sent.accepted() && !all.opt.discard) all.mails.append(envelope_.json("", a.sent, to));
        if (all.opt.verbose)
            all.err.say(envelope_.peer + " <" + envelope_.from + "> to " + to + ": " + std::to_string(envelope_.octets) + " octets: " +
                        as_text(a.sent));
        if (answered_ == envelope_.recipients || !all.opt.lmtp()) drop();
    }

    // What has come so far must be in the file when `decoded` is another connection's.
    void flush() {
        if (held_ != 0 && !all.opt.discard) write_out();
        held_ = 0;
    }
    bool quit() const { return quit_; }
};

}  // namespace mailsink
