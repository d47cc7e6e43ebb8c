// explain's watch mode: captures and two-sided transcripts, shown as conversations with what was meant.
#pragma once

#include "capture.hpp"
#include "envelope.hpp"

#include <ehlo/observer.hpp>

#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace watching {

namespace seen = ehlo::seen;
using ehlo::direction;

// Octets for people, on one line.
inline std::string shown(std::string_view octets) {
    std::string text;
    char escape[8];
    for (char const c : octets) {
        auto const u = static_cast<unsigned char>(c);
        if (c == '\r') text += "\\r";
        else if (c == '\n') text += "\\n";
        else if (u >= ' ' && u < 127) text += c;
        else if (std::snprintf(escape, sizeof escape, "\\x%02X", u) > 0) text += escape;
    }
    return text;
}

// A connection: the observer, what it was not yet able to read, and what is told of it.
class connection {
    struct recipient {
        std::string to;
        unsigned code = 0;
    };
    unsigned id_;
    bool json_;
    std::string& out_;
    ehlo::observer observer_{};
    std::string pending_[2]{};
    // What is told is told of octets that lie in `pending_`, which begins at `base_`.
    std::uint64_t base_[2] = {};
    std::map<std::uint64_t, std::string> mails_{}, rcpts_{};   // by number, until they are answered
    std::string from_{};
    std::vector<recipient> recipients_{};
    std::string table_{}, line_{};     // the latest line shown, for carets
    std::uint64_t line_at_ = 0, commands_ = 0, replies_ = 0, transactions_ = 0, content_ = 0;
    std::string mechanism_{};
    bool ended_ = false, ever_unsure_ = false;

  public:
    connection(unsigned id, bool json, std::string& out, std::string_view client, std::string_view server) : id_(id), json_(json), out_(out) {
        if (json_) event("connection", {{"client", quoted(client)}, {"server", quoted(server)}});
        else out_ += "connection " + std::to_string(id_) + (client.empty() ? "" : ": " + std::string(client) + " to " + std::string(server)) + "\n";
    }

    void show(direction d, std::string_view octets, std::size_t chunk) {
        for (; !octets.empty(); octets.remove_prefix((std::min)(chunk, octets.size()))) {
            pending_[static_cast<unsigned>(d)] += octets.substr(0, chunk);
            base_[0] = observer_.offset(direction::from_client), base_[1] = observer_.offset(direction::from_server);
            auto const done = observer_.advance(pending_[0], pending_[1], *this);
            pending_[0].erase(0, done.client);
            pending_[1].erase(0, done.server);
        }
    }
    void gap(direction d, std::uint64_t octets) {
        flush_content();
        if (json_) event("gap", {{"from", quoted(name(d))}, {"octets", std::to_string(octets)}});
        else out_ += "   (" + (octets == 0 ? std::string("some") : std::to_string(octets)) + " octets of the " + std::string(name(d)) + " are missing)\n";
        pending_[static_cast<unsigned>(d)].clear();
        observer_.gap(d, octets, *this);
    }
    void end() {
        if (ended_) return;
        ended_ = true;
        observer_.end(*this);
        flush_content();
        if (json_)
            return event("end", {{"commands", std::to_string(commands_)}, {"replies", std::to_string(replies_)},
                                 {"transactions", std::to_string(transactions_)}, {"sure", ever_unsure_ ? "false" : "true"}});
        if (!table_.empty()) out_ += "transactions of connection " + std::to_string(id_) + ":\n" + table_;
        out_ += "\n";
    }

    void on(seen::command const& c) { say_command(c, {}); }
    void on(seen::of<ehlo::cmd::mail> const& c) {
        if (c.number) mails_[*c.number] = c.typed.from.text();
        say_command(c, c.typed.from.text());
    }
    void on(seen::of<ehlo::cmd::rcpt> const& c) {
        if (c.number) rcpts_[*c.number] = c.typed.to.text();
        say_command(c, c.typed.to.text());
    }
    void on(seen::of<ehlo::cmd::auth> const& c) {
        mechanism_ = c.typed.name;
        say_command(c, {});
    }
    void on(seen::response const& r) {
        flush_content();
        if (json_) event("response", {{"at", std::to_string(r.at)}});
        else out_ += "C: ***\n";
        line_.clear();
    }
    void on(seen::reply const& r) {
        flush_content();
        ++replies_;
        unsigned const code = r.said.code();
        line_at_ = r.at;
        if (json_) {
            fields f{{"to", r.to ? quoted(name(*r.to)) : "null"}, {"code", std::to_string(code)}, {"at", std::to_string(r.at)}};
            if (r.command_at && r.to != ehlo::event::greeting) f.push_back({"command_at", std::to_string(*r.command_at)});
            if (!r.sure) f.push_back({"sure", "false"});
            event("reply", f);
        } else {
            for (std::string_view rest = r.said.octets(); !rest.empty();) {
                std::size_t const end = rest.find("\r\n");
                out_ += "S: " + (line_ = shown(rest.substr(0, end))) + "\n";
                rest.remove_prefix(end + 2);
            }
            bool const odd = !r.to || !r.sure;
            if (odd) out_ += r.to ? "   (perhaps the reply to " + std::string(name(*r.to)) + ")\n" : "   (to something that was not seen)\n";
        }
        line_.clear();
        if (r.to == ehlo::event::mail && r.said.accepted()) {
            from_ = mails_[r.number];
            recipients_.clear();
        }
        if (r.to == ehlo::event::rcpt) recipients_.push_back({rcpts_[r.number], code});
        mails_.erase(mails_.begin(), mails_.upper_bound(r.to ? r.number : 0));
        rcpts_.erase(rcpts_.begin(), rcpts_.upper_bound(r.to ? r.number : 0));
        bool const authentication = r.to == ehlo::event::auth || r.to == ehlo::event::response;
        if (json_ && authentication && code != 334) event("auth", {{"mechanism", quoted(mechanism_)}, {"outcome", std::to_string(code)}});
    }
    void on(seen::content const& c) { content_ += c.size; }
    void on(seen::end_of_content const& e) {
        flush_content();
        if (json_) event("content", {{"octets", std::to_string(e.octets)}, {"at", std::to_string(e.at)}});
        line_.clear();
    }
    void on(seen::unanswered const& u) {
        flush_content();
        std::string const times = u.count > 1 ? " (" + std::to_string(u.count) + " times)" : "";
        if (json_) event("unanswered", {{"to", quoted(name(u.event))}, {"count", std::to_string(u.count)}});
        else out_ += "   (no reply to " + std::string(name(u.event)) + times + " was seen)\n";
    }
    void on(seen::transaction const& t) {
        ++transactions_;
        bool const decided = t.outcome == ehlo::outcome::delivered || t.outcome == ehlo::outcome::refused;
        if (json_) {
            std::string list;
            for (recipient const& r : recipients_) {
                list += list.empty() ? "{\"to\":" : ",{\"to\":";
                append_json(list, r.to);
                list += ",\"code\":" + std::to_string(r.code) + "}";
            }
            event("transaction", {{"from", t.whole ? quoted(from_) : "null"}, {"recipients", "[" + list + "]"},
                                  {"octets", t.octets ? std::to_string(*t.octets) : "null"}, {"what", quoted(name(t.outcome))},
                                  {"outcome", decided ? std::to_string(t.code) : "null"}});
        } else {
            std::string const octets = t.octets ? std::to_string(*t.octets) : "?";
            table_ += "  " + std::string(name(t.outcome)) + (decided ? " " + std::to_string(t.code) : "") + ", " + octets + " octets, from " +
                      (t.whole ? from_ : "?") + "\n";
            for (recipient const& r : recipients_) table_ += "    " + std::to_string(r.code) + " " + r.to + "\n";
        }
        recipients_.clear();
    }
    void on(seen::tls const&) {
        if (json_) event("starttls", {});
        else out_ += "   (TLS: the rest cannot be read)\n";
    }
    void on(seen::in_step const& s) {
        flush_content();
        ever_unsure_ = ever_unsure_ || !s.sure;
        if (json_) event("in_step", {{"sure", s.sure ? "true" : "false"}});
        else out_ += s.sure ? "   (in step again)\n" : "   (out of step)\n";
    }
    void on(seen::departed const& d) {
        std::string const what = std::string(name(d.what)) + (d.why ? ": " + std::string(message(*d.why)) : "") +
                                 (d.what == ehlo::departure::smuggled_end || d.what == ehlo::departure::other_end ? ": " + std::string(name(d.line)) : "");
        if (json_) {
            fields f{{"name", quoted(name(d.what))}, {"from", quoted(name(d.from))}, {"at", std::to_string(d.at)}};
            if (d.why) f.push_back({"error", quoted(name(*d.why))});
            if (d.line != ehlo::dot_line{}) f.push_back({"line", quoted(name(d.line))});
            return event("departure", f);
        }
        using enum ehlo::departure;
        bool const in_content = observer_.where() == ehlo::state::content || observer_.where() == ehlo::state::chunk;
        auto const side = static_cast<std::size_t>(d.from);
        if (d.from == direction::from_client && !line_.empty() && d.at >= line_at_ && d.at - line_at_ <= line_.size()) {
            caret(static_cast<std::size_t>(d.at - line_at_), what);
        } else if (in_content && (d.what == smuggled_end || d.what == other_end || d.what == bare_cr || d.what == bare_lf || d.what == nul) &&
                   d.at >= base_[side] && d.at - base_[side] < pending_[side].size()) {
            // Nothing of content is a secret of AUTH.
            std::size_t const at = static_cast<std::size_t>(d.at - base_[side]), begin = at < 24 ? 0 : at - 24;
            std::string const before = shown(std::string_view(pending_[side]).substr(begin, at - begin));
            out_ += "C: ..." + before + shown(std::string_view(pending_[side]).substr(at, 24)) + "...\n";
            caret(3 + before.size(), what);
        } else {
            out_ += "   ! " + what + " (octet " + std::to_string(d.at) + " of the " + std::string(name(d.from)) + ")\n";
        }
    }

  private:
    struct field {
        std::string_view key;
        std::string value;
    };
    using fields = std::vector<field>;
    static std::string quoted(std::string_view text) {
        std::string s;
        append_json(s, text);
        return s;
    }
    void event(std::string_view what, fields const& all) {
        out_ += "{\"event\":\"" + std::string(what) + "\",\"id\":" + std::to_string(id_);
        for (field const& f : all) out_ += ",\"" + std::string(f.key) + "\":" + f.value;
        out_ += "}\n";
    }
    void caret(std::size_t column, std::string const& what) { out_ += "   " + std::string(column, ' ') + "^ " + what + "\n"; }
    void flush_content() {
        if (content_ != 0 && !json_) out_ += "C: (" + std::to_string(content_) + " octets of content)\n";
        content_ = 0;
    }
    void say_command(seen::command const& c, std::string_view path) {
        flush_content();
        ++commands_;
        bool const secret = c.secret < c.line.size();
        if (json_) {
            fields f{{"verb", quoted(name(c.verb))}, {"at", std::to_string(c.at)}};
            if (!path.empty()) f.push_back({"path", quoted(path)});
            if (c.verb == ehlo::verb::unknown) f.push_back({"line", quoted(std::string(c.loggable()) + (secret ? "***" : ""))});
            if (c.fault) f.push_back({"error", quoted(name(c.fault->code))});
            if (!c.sure) f.push_back({"sure", "false"});
            return event("command", f);
        }
        line_ = shown(c.loggable());
        line_at_ = c.at;
        bool const cut = c.line.empty() && c.size > 2;
        out_ += "C: " + (cut ? "(a line of " + std::to_string(c.size) + " octets)" : line_ + (secret ? " ***" : "")) + "\n";
    }
};

// All connections of a file.
class watcher {
    struct tcp {
        std::string client, server;
        capture::stream streams[2]{};
        std::unique_ptr<connection> shown{};
        bool is_smtp = false, decided = false, ended = false;
    };
    bool json_;
    std::size_t chunk_;
    std::string out_{};
    unsigned count_ = 0;
    std::map<std::string, std::size_t> known_{};
    std::vector<std::unique_ptr<tcp>> all_{};

  public:
    watcher(bool json, std::size_t chunk) : json_(json), chunk_(chunk) {}
    std::string const& output() const { return out_; }

    void watch(std::string_view file) {
        if (!capture::is_capture(file)) return transcript(file);
        std::string const wrong = capture::read(file, [this](capture::segment const& s) { take(s); });
        for (auto const& c : all_) finish(*c);
        all_.clear();
        known_.clear();
        if (!wrong.empty()) unreadable(wrong);
    }
    void unreadable(std::string_view why) {
        if (json_) {
            append_json(out_ += "{\"event\":\"unreadable\",\"error\":", why);
            out_ += "}\n";
        } else {
            out_ += "! " + std::string(why) + "\n";
        }
    }

  private:
    // "C: " and "S: " before each line; all others are remarks.
    void transcript(std::string_view file) {
        connection c(++count_, json_, out_, {}, {});
        while (!file.empty()) {
            std::size_t const end = (std::min)(file.find('\n'), file.size());
            std::string_view line = file.substr(0, end);
            file.remove_prefix((std::min)(end + 1, file.size()));
            if (line.ends_with('\r')) line.remove_suffix(1);
            bool const from_client = line.starts_with("C:"), from_server = line.starts_with("S:");
            if (!from_client && !from_server) continue;
            line.remove_prefix(line.size() > 2 && line[2] == ' ' ? 3 : 2);
            c.show(from_client ? direction::from_client : direction::from_server, std::string(line) + "\r\n", chunk_);
        }
        c.end();
    }

    static bool is_known_port(unsigned port) { return port == 25 || port == 587 || port == 2525 || port == 24 || port == 10024 || port == 10025; }
    tcp& find(capture::segment const& s, bool& from_client) {
        bool const begins = s.syn && !s.ack;
        auto found = known_.find(s.from + " " + s.to);
        if (found == known_.end()) found = known_.find(s.to + " " + s.from);
        if (found != known_.end() && begins && all_[found->second]->ended) {
            known_.erase(found);
            found = known_.end();
        }
        if (found == known_.end()) {
            auto c = std::make_unique<tcp>();
            bool const client = begins || (!(s.syn && s.ack) && (is_known_port(s.to_port) || (!is_known_port(s.from_port) && s.to_port < s.from_port)));
            c->client = client ? s.from : s.to;
            c->server = client ? s.to : s.from;
            c->is_smtp = is_known_port(client ? s.to_port : s.from_port);
            c->decided = c->is_smtp;
            found = known_.emplace(c->client + " " + c->server, all_.size()).first;
            all_.push_back(std::move(c));
        }
        tcp& c = *all_[found->second];
        from_client = c.client == s.from;
        return c;
    }
    void take(capture::segment const& s) {
        bool from_client = false;
        tcp& c = find(s, from_client);
        if (c.ended) return;
        direction const d = from_client ? direction::from_client : direction::from_server;
        direction const other = from_client ? direction::from_server : direction::from_client;
        capture::stream& mine = c.streams[static_cast<unsigned>(d)];
        capture::stream& theirs = c.streams[static_cast<unsigned>(other)];
        if (s.syn) return mine.begin(s.sequence + 1);
        if (!c.decided && !s.payload.empty()) {
            c.decided = true;
            c.is_smtp = !from_client && s.payload.starts_with("220");
        }
        if (!c.is_smtp) return;
        if (!c.shown) {
            c.shown = std::make_unique<connection>(++count_, json_, out_, c.client, c.server);
            // No beginning was seen: this is the middle.
            if (!mine.begun() && !theirs.begun() && !s.payload.empty()) {
                c.shown->gap(direction::from_client, 0);
                c.shown->gap(direction::from_server, 0);
            }
        }
        connection& shown = *c.shown;
        auto const octets = [&](direction of) { return [&shown, of, this](std::string_view text) { shown.show(of, text, chunk_); }; };
        auto const gap = [&](direction of) { return [&shown, of](std::uint64_t n) { shown.gap(of, n); }; };
        if (s.ack) theirs.acknowledged(s.acknowledged, octets(other), gap(other));
        if (!s.payload.empty()) mine.take(s.sequence, s.payload, octets(d), gap(d));
        if (s.rst) finish(c);
    }
    void finish(tcp& c) {
        if (c.ended) return;
        c.ended = true;
        if (!c.shown) return;
        for (direction const d : {direction::from_client, direction::from_server})
            c.streams[static_cast<unsigned>(d)].flush([&](std::string_view text) { c.shown->show(d, text, chunk_); },
                                                      [&](std::uint64_t n) { c.shown->gap(d, n); });
        c.shown->end();
    }
};

}  // namespace watching
