#include <ehlo/ehlo.hpp>

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

// A piece of one direction of a TCP connection, put in order: its octets, after so many that the capture has lost.
struct segment {
    ehlo::direction from;
    std::string octets;
    std::uint64_t lost = 0;
};

// What is looked for: who sent how much to whom, and whether it was certain; and content that another server might read as commands.
struct auditor {
    std::vector<std::string> log;

    void on(ehlo::seen::of<ehlo::cmd::rcpt> const& c) { log.push_back("to " + std::string(c.typed.to.text())); }
    void on(ehlo::seen::command const& c) {   // all others. `line` may hold a password: loggable() does not
        if (c.event == ehlo::event::auth) log.emplace_back(c.loggable());
    }
    void on(ehlo::seen::transaction const& t) {
        std::string const octets = t.octets ? std::to_string(*t.octets) : "?";   // they were not all seen
        log.push_back(std::string(name(t.outcome)) + ", " + octets + " octets" + (t.sure ? "" : ", not sure"));
    }
    void on(ehlo::seen::departed const& d) { log.push_back(std::string(name(d.what)) + " at " + std::to_string(d.at)); }
};

// One connection. The observer keeps no octet: what it did not consume is kept here.
class watched {
    ehlo::observer smtp_;
    std::string client_, server_;

  public:
    auditor told;

    void add(segment const& s) {
        std::string& stream = s.from == ehlo::direction::from_client ? client_ : server_;
        if (s.lost != 0) {
            smtp_.gap(s.from, s.lost, told);
            stream.clear();   // what waited there lacks its end
        }
        stream += s.octets;
        // Always both: only the server's reply to DATA, AUTH or STARTTLS tells how to read the client's next octets.
        auto const done = smtp_.advance(client_, server_, told);
        client_.erase(0, done.client);
        server_.erase(0, done.server);
    }
    void end() { smtp_.end(told); }   // FIN, RST, the end of the capture: what was never answered is told
};

int main() {
    using enum ehlo::direction;
    watched w;
    for (segment const& s : std::vector<segment>{
             {from_server, "220 mx.example ESMTP\r\n"}, {from_client, "EHLO me.example\r\n"},
             {from_server, "250-mx.example\r\n250 AUTH PLAIN\r\n"}, {from_client, "AUTH PLAIN AGFubgBzZWNyZXQ=\r\n"}, {from_server, "235 ok\r\n"},
             {from_client, "MAIL FROM:<ann@me.example>\r\n"}, {from_server, "250 ok\r\n"}, {from_client, "RCPT TO:<bob@mx.example>\r\n"},
             {from_server, "250 ok\r\n"}, {from_client, "DATA\r\n"}, {from_server, "354 go\r\n"}, {from_client, "one\r\n.\nMAIL FROM:<x@y>\r\n"},
             {from_client, ".\r\n"}, {from_server, "250 stored\r\n"},
             // The second message comes while packets are lost.
             {from_client, "MAIL FROM:<ann@me.example>\r\n"}, {from_server, "250 ok\r\n"}, {from_client, "DATA\r\n", 24}, {from_server, "", 8},
             {from_server, "354 go\r\n"}, {from_client, "two\r\n.\r\n"}, {from_server, "250 stored\r\n"}, {from_client, "QUIT\r\n"}, {from_server, "221 bye\r\n"}})
        w.add(s);
    w.end();
    for (std::string const& line : w.told.log) std::printf("%s\n", line.c_str());
    return w.told.log == std::vector<std::string>{"AUTH PLAIN", "to <bob@mx.example>", "bare_lf at 112", "smuggled_end at 111",
                                                   "delivered, 23 octets", "unknown, ? octets, not sure"} ? 0 : 1;
}
