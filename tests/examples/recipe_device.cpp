#include <ehlo/ehlo.hpp>

#include <cstddef>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>

// What the device has of a network, and of a sensor. 0 octets: it is lost, or nothing came in time; there is no more.
bool net_send(char const* octets, std::size_t size);
std::size_t net_receive(char* room, std::size_t size);
std::size_t read_sensor(char* room, std::size_t size);

// All the memory that it takes, known when it is linked: no heap. A reply must fit into `in` whole, for it is handed over as a view.
static struct {
    ehlo::client smtp;
    char in[1024], out[256], piece[64];
    std::size_t in_size;
} device;

static bool flush(ehlo::writer& out) {
    bool const sent = net_send(device.out, out.size());
    out = ehlo::writer(device.out);
    return sent;
}
static bool hear(ehlo::writer& out) {
    if (!flush(out)) return false;
    while (device.smtp.awaits()) {
        auto const r = device.smtp.receive({device.in, device.in_size});
        if (r.failed() || (r.ready() && !r->accepted)) return false;
        device.in_size -= r.consumed;
        std::memmove(device.in, device.in + r.consumed, device.in_size);
        if (r.ready()) continue;
        std::size_t const more = net_receive(device.in + device.in_size, sizeof device.in - device.in_size);   // no room: 0, too
        if (more == 0) return false;
        device.in_size += more;
    }
    return !device.smtp.over();
}

// True: the server has it. False: try again later; what it says to the end may have been lost, and then it has it twice.
static bool report() {
    device.smtp = ehlo::client({.bare = ehlo::bare_octets::normalize});
    device.in_size = 0;
    ehlo::writer out(device.out);
    bool ok = hear(out) && device.smtp.hello(out, "[192.0.2.7]") && hear(out) && device.smtp.mail(out, "<probe@example.org>") && hear(out) &&
              device.smtp.rcpt(out, "<reports@example.org>") && hear(out) && device.smtp.data(out) && hear(out);
    // A piece at a time. What comes of it may be more than `out` holds: then it is neither done nor failed, and is called again.
    for (std::size_t size; ok && (size = read_sensor(device.piece, sizeof device.piece)) != 0;) {
        for (std::string_view rest(device.piece, size); ok && !rest.empty();) {
            auto const put = device.smtp.content(rest, out);
            rest.remove_prefix(put.consumed);
            ok = !put.failed() && (put.done() || flush(out));
        }
    }
    for (bool done = false; ok && !done;) {
        auto const end = device.smtp.end_content(out);
        done = end.done();
        ok = !end.failed() && (done || flush(out));
    }
    return ok && hear(out);
}

// The world around it.
static struct collector {
    std::string stored, message, in, out;
    ehlo::server smtp{"mx.example.org"};

    ehlo::reply on(ehlo::cmd::hello const&) { return ehlo::replies::ok; }
    ehlo::reply on(ehlo::cmd::mail const&) { return ehlo::replies::sender_ok; }
    ehlo::reply on(ehlo::cmd::rcpt const&) { return ehlo::replies::recipient_ok; }
    void on(ehlo::content const& c) { message += c.octets; }
    ehlo::reply on(ehlo::end_of_content const&) { return stored = message, ehlo::replies::message_accepted; }
    void turn() {
        for (bool more = true; more;) {
            char room[1024];
            auto const s = smtp.advance(in, *this, room);
            in.erase(0, s.consumed);
            out.append(room, s.produced);
            more = s.want == ehlo::want::write;
        }
    }
} world;
static std::string measured;

bool net_send(char const* octets, std::size_t size) {
    world.in.append(octets, size);
    world.turn();
    return true;
}
std::size_t net_receive(char* room, std::size_t size) {
    std::size_t const n = world.out.copy(room, size < 11 ? size : 11);
    world.out.erase(0, n);
    return n;
}
std::size_t read_sensor(char* room, std::size_t size) {
    std::size_t const n = measured.copy(room, size);
    measured.erase(0, n);
    return n;
}

int main() {
    for (int i = 0; i < 500; ++i) measured += ".\n";   // the worst there is: each dot and each end of line becomes two octets
    bool const sent = report();
    std::string wanted;
    for (int i = 0; i < 500; ++i) wanted += ".\r\n";
    std::printf("%zu octets of memory, %zu of content\n", sizeof device, world.stored.size());
    return sent && world.stored == wanted ? 0 : 1;
}
