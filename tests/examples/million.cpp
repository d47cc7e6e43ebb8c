// A million SMTP sessions in one process: they are values without a pointer, so an array holds them, and any of them can go on
// at any time. Each receives one message, a step at a time, and which session takes the next step is left to chance.
//
//   c++ -std=c++20 -O2 -Iinclude tests/examples/million.cpp -o million && ./million [SESSIONS]
#include <ehlo/server.hpp>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>

struct store {
    std::size_t messages = 0, octets = 0;
    ehlo::reply on(ehlo::cmd::hello const&) { return ehlo::replies::ok; }
    ehlo::reply on(ehlo::cmd::mail const&) { return ehlo::replies::sender_ok; }
    ehlo::reply on(ehlo::cmd::rcpt const&) { return ehlo::replies::recipient_ok; }
    void on(ehlo::content const& c) { octets += c.octets.size(); }
    ehlo::reply on(ehlo::end_of_content) {
        ++messages;
        return ehlo::replies::message_accepted;
    }
};

struct connection {
    ehlo::server smtp{"mx.example.org"};
    unsigned char step = 0;
};

constexpr std::string_view steps[] = {"", "EHLO client.example\r\n", "MAIL FROM:<ann@client.example>\r\n", "RCPT TO:<bob@mx.example.org>\r\n",
                                      "DATA\r\n", "Subject: one of many\r\n\r\nHello", ".\r\n.\r\n", "QUIT\r\n"};
constexpr std::size_t step_count = sizeof steps / sizeof *steps;

int main(int argc, char** argv) {
    std::size_t const count = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000;
    if (count == 0 || count > 0xFFFFFFFF) return 2;
    auto const connections = std::make_unique<connection[]>(count);
    auto const open = std::make_unique<std::uint32_t[]>(count);   // those that are not done
    for (std::size_t i = 0; i < count; ++i) open[i] = static_cast<std::uint32_t>(i);
    store handler;
    char buffer[2048];

    auto const begin = std::chrono::steady_clock::now();
    unsigned long long chance = 1;
    for (std::size_t left = count; left != 0;) {
        chance = chance * 6364136223846793005u + 1442695040888963407u;
        std::uint32_t& one = open[(chance >> 33) % left];
        connection& c = connections[one];
        std::string_view const in = steps[c.step++];
        auto const s = c.smtp.advance(in, handler, buffer);
        if (s.consumed != in.size()) return 1;
        if (c.step == step_count) one = open[--left];
    }
    double const seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();

    std::size_t closed = 0;
    for (std::size_t i = 0; i < count; ++i) closed += connections[i].smtp.where() == ehlo::state::closed;
    std::printf("%zu sessions of %zu octets: %zu MiB; %zu messages, %zu octets of content, %.2f s, %.0f ns a step\n", count, sizeof(ehlo::server),
                count * sizeof(connection) >> 20, handler.messages, handler.octets, seconds,
                seconds * 1e9 / static_cast<double>(count * step_count));
    return closed == count && handler.messages == count ? 0 : 1;
}
