#include <ehlo/ehlo.hpp>

#include <cstdio>
#include <string>
#include <string_view>

struct anybody {
    ehlo::reply on(ehlo::cmd::hello const&) { return ehlo::replies::ok; }
    ehlo::reply on(ehlo::cmd::mail const&) { return ehlo::replies::sender_ok; }
    ehlo::reply on(ehlo::cmd::rcpt const&) { return ehlo::replies::recipient_ok; }
    void on(ehlo::content const&) {}
    ehlo::reply on(ehlo::end_of_content const&) { return ehlo::replies::message_accepted; }
};

struct journal {
    std::string text;
    void on(ehlo::seen::command const& c) { text += "C: " + std::string(c.loggable()) + "\n"; }
    void on(ehlo::seen::reply const& r) { text += "S: " + std::to_string(r.said.code()) + "\n"; }
};

int main() {
    ehlo::policy const policy;
    ehlo::server_with<> smtp(policy, "mx.example.org");
    anybody handler;
    std::string in;
    char out[4096];
    journal j;

    ehlo::tap t(ehlo::direction::from_client, ehlo::observing(policy));
    auto turn = [&] {
        // In place of smtp.advance(in, handler, out):
        ehlo::step const step = t.run(in, out, j, [&](std::string_view rest) { return smtp.advance(rest, handler, out); });
        in.erase(0, step.consumed);
        return step.want;
    };
    turn();
    in = "EHLO me.example\r\nQUIT\r\n";
    bool const closed = turn() == ehlo::want::close;
    t.end(j);
    std::fputs(j.text.c_str(), stdout);
    return closed && j.text == "S: 220\nC: EHLO me.example\nC: QUIT\nS: 250\nS: 221\n" ? 0 : 1;
}
