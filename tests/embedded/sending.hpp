// A client with its buffers: what the two clients of this folder have in common.
#pragma once

#include <ehlo/client.hpp>

#include "device.hpp"

#include <optional>
#include <string_view>

template <class Client>
class sending {
  public:
    Client smtp;

    explicit sending(ehlo::client_settings const& settings = {}) noexcept : smtp(settings) {}

    /// Sends what was written and waits for the next reply: whether it accepts.
    bool accepted() noexcept {
        if (!sent()) return false;
        for (;;) {
            auto const reply = smtp.receive({in_ + from_, used_ - from_});
            from_ += reply.consumed;
            if (reply.failed()) return false;
            if (reply.ready()) return reply->accepted;
            if (!more()) return false;
        }
    }
    /// A command: it could be written, and was accepted.
    template <class Command>
    bool say(Command command) noexcept { return command(smtp, out_) && accepted(); }

    /// The whole content, as the device gives it.
    bool content() noexcept {
        char piece[256];
        while (std::size_t const n = device_read(piece, sizeof piece)) {
            std::string_view rest(piece, n);
            while (!rest.empty()) {
                auto const some = smtp.content(rest, out_);
                if (some.failed() || !sent()) return false;
                rest.remove_prefix(some.consumed);
            }
        }
        return smtp.end_content(out_).done() && accepted();
    }

  private:
    bool sent() noexcept {
        bool const ok = device_send(room_, out_.size());
        out_ = ehlo::writer(room_);
        return ok;
    }
    bool more() noexcept {
        for (std::size_t i = from_; i < used_; ++i) in_[i - from_] = in_[i];
        used_ -= from_;
        from_ = 0;
        std::size_t const n = device_receive(in_ + used_, sizeof in_ - used_);
        used_ += n;
        return n != 0;
    }

    char in_[1024];
    char room_[600];
    std::size_t from_ = 0, used_ = 0;
    ehlo::writer out_{room_};
};
