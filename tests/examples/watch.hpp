// explain's watch mode: captures and two-sided transcripts, shown as conversations with what was meant.
#pragma once

#include "capture.hpp"
#include "telling.hpp"
#include "transcript.hpp"

#include <ehlo/observer.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace watching {

// A connection: the observer, what it was not yet able to read, and what is told of it.
class connection final : public teller {
    ehlo::observer observer_{};
    std::string pending_[2]{};
    // The latest octets of each side, to show what stands around a departure when enough of it has come.
    std::string raw_[2]{};
    std::uint64_t raw_at_[2] = {};
    bool ended_ = false, states_;

    bool is_content() const override { return observer_.where() == ehlo::state::content || observer_.where() == ehlo::state::chunk; }
    std::string_view latest(direction d, std::uint64_t& from) const override {
        auto const side = static_cast<std::size_t>(d);
        from = raw_at_[side];
        return raw_[side];
    }

  public:
    // `states`: where the session is by now is told as often as it changes.
    connection(unsigned id, bool json, std::string& out, std::string_view client, std::string_view server, bool states)
        : teller(id, json, out), states_(states) {
        begin(client, server);
    }

    void show(direction d, std::string_view octets, std::size_t chunk) {
        auto const side = static_cast<std::size_t>(d);
        if (states_) chunk = 1;
        for (; !octets.empty(); octets.remove_prefix((std::min)(chunk, octets.size()))) {
            pending_[side] += octets.substr(0, chunk);
            remember(side, octets.substr(0, chunk));
            ehlo::state const before = observer_.where();
            auto const done = observer_.advance(pending_[0], pending_[1], told());
            if (states_ && observer_.where() != before) state(observer_.where());
            pending_[0].erase(0, done.client);
            pending_[1].erase(0, done.server);
        }
    }
    void gap(direction d, std::uint64_t octets) {
        teller::gap(d, octets);
        auto const side = static_cast<std::size_t>(d);
        pending_[side].clear();
        observer_.gap(d, octets, told());
        raw_[side].clear();
        raw_at_[side] = observer_.offset(d);
    }
    ehlo::state where() const { return observer_.where(); }
    bool opaque() const { return observer_.opaque(); }
    // What comes now was decrypted.
    void secured() {
        observer_.secured();
        teller::secured();
        for (std::size_t side = 0; side < 2; ++side) {
            pending_[side].clear();
            raw_[side].clear();
            raw_at_[side] = 0;
        }
    }
    void end() {
        if (ended_) return;
        ended_ = true;
        observer_.end(told());
        teller::end();
    }

  private:
    teller& told() { return *this; }
    void remember(std::size_t side, std::string_view octets) {
        constexpr std::size_t enough = 64 * 1024;
        raw_[side] += octets;
        if (raw_[side].size() < 3 * enough) return;
        raw_at_[side] += raw_[side].size() - enough;
        raw_[side].erase(0, raw_[side].size() - enough);
    }
};

// All connections of a file.
class watcher {
    struct tcp {
        std::string client, server, told{};
        capture::stream streams[2]{};
        std::unique_ptr<connection> shown{};
        bool is_smtp = false, decided = false, ended = false;
    };
    bool json_, states_;
    std::size_t chunk_;
    std::string out_{};
    unsigned count_ = 0;
    bool good_ = true;
    std::map<std::string, std::size_t> known_{};
    std::vector<std::unique_ptr<tcp>> all_{};

  public:
    watcher(bool json, std::size_t chunk, bool states = false) : json_(json), states_(states), chunk_(chunk) {}
    std::string const& output() const { return out_; }
    // Whether all that it was given could be read, and there was something in it.
    bool good() const { return good_; }

    void watch(std::string_view file, std::string const& name) {
        if (file.empty()) return unreadable(name, "is empty");
        if (!capture::is_capture(file)) {
            transcript::conversation const said = transcript::read(file);
            if (!said.wrong.empty()) return unreadable(name, said.wrong);
            if (said.lines.empty())
                return unreadable(name, "is no capture (pcap, pcapng), and no transcript: no line begins with \"C:\" or \"S:\", nor as swaks, sendmail -v, "
                                        "curl -v or Postfix write them");
            return show(said);
        }
        unsigned const before = count_;
        std::size_t segments = 0;
        std::string const wrong = capture::read(file, [&](capture::segment const& s) {
            ++segments;
            take(s);
        });
        for (auto const& c : all_) {
            finish(*c);
            out_ += c->told;
        }
        std::size_t const connections = all_.size();
        all_.clear();
        known_.clear();
        if (!wrong.empty()) return unreadable(name, wrong);
        if (count_ == before) unreadable(name, "has no SMTP in it: " + counted(segments, "TCP segment") + ", " + counted(connections, "connection"));
    }
    void unreadable(std::string const& name, std::string_view why) {
        good_ = false;
        if (json_) {
            append_json(out_ += "{\"event\":\"unreadable\",\"file\":", name);
            append_json(out_ += ",\"error\":", why);
            out_ += "}\n";
        } else {
            out_ += "! " + name + " " + std::string(why) + "\n";
        }
    }

  private:
    void show(transcript::conversation const& said) {
        connection c(++count_, json_, out_, {}, {}, states_);
        c.reads_tls();
        if (!said.has_content) c.hides_content();
        if (said.lines[0].tls) c.secured();
        bool ends_unseen = false;   // content is under way that was left out, with the line that ends it or without
        for (transcript::line const& l : said.lines) {
            bool const from_client = l.from == direction::from_client;
            // A client that goes on after STARTTLS is shown as it was understood.
            if (c.opaque() && (from_client || l.tls)) c.secured();
            if (ends_unseen && !from_client) c.show(direction::from_client, ".\r\n", chunk_);
            ends_unseen = false;
            ehlo::state const before = c.where();
            c.show(l.from, std::string(l.text) + "\r\n", chunk_);
            ends_unseen = !said.has_content && c.where() == ehlo::state::content && before != ehlo::state::content;
        }
        c.end();
    }

    static bool is_known_port(unsigned port) { return port == 25 || port == 587 || port == 2525 || port == 24 || port == 10024 || port == 10025; }
    tcp& find(capture::segment const& s, bool& from_client) {
        bool const begins = s.syn && !s.ack;
        auto found = known_.find(s.from + " " + s.to);
        if (found == known_.end()) found = known_.find(s.to + " " + s.from);
        // A port that is used again.
        if (found != known_.end() && begins) {
            tcp& old = *all_[found->second];
            capture::stream const& client = old.streams[0];
            bool const again = old.client != s.from || (client.begun() && client.first() != s.sequence + 1);
            if (old.ended || again) {
                finish(old);
                known_.erase(found);
                found = known_.end();
            }
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
        if (s.syn && !mine.begun()) mine.begin(s.sequence + 1);
        std::uint32_t const sequence = s.sequence + (s.syn ? 1 : 0);   // data may come with it
        if (s.syn && s.payload.empty()) return;
        if (!c.decided && !s.payload.empty()) {
            c.decided = true;
            c.is_smtp = !from_client && s.payload.starts_with("220");
        }
        if (!c.is_smtp) return;
        if (!c.shown) {
            c.shown = std::make_unique<connection>(++count_, json_, c.told, c.client, c.server, states_);
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
        if (!s.payload.empty()) mine.take(sequence, s.payload, octets(d), gap(d));
        auto const end = static_cast<std::uint32_t>(sequence + s.payload.size());
        if (s.missing != 0 && mine.next() == end) mine.acknowledged(static_cast<std::uint32_t>(end + s.missing), octets(d), gap(d));   // cut off by the capture
        if (s.rst && mine.next() == sequence) finish(c);   // another RST would not be believed
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
