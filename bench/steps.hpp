// One read, to a session that stands where it belongs: what a command costs that comes alone, or a buffer full of content; and one
// command of a client.
#pragma once

#include <ehlo/client.hpp>
#include <ehlo/server.hpp>

#include <span>
#include <string_view>

namespace bench {

/// Of a server. Each pass is on a copy, so that all are alike.
class server_step {
    ehlo::server session_{"mx.example.org"};
    std::string_view read_;

  public:
    /// `before`: the reads that lead there.
    server_step(std::span<std::string_view const> before, std::string_view read);
    void pass() const;
    void pass_stored(std::span<char> room) const;   ///< by a handler that says where content is to be put
    void copy() const;   ///< the pass without the read
    ehlo::state where() const { return session_.where(); }
};

/// Of a client.
class client_step {
    ehlo::client session_;

  public:
    /// `replies`: to the connection, to EHLO and, if there is a third, to MAIL.
    explicit client_step(std::span<std::string_view const> replies);
    void mail(std::span<char> room) const;   ///< with SIZE and BODY
    void rcpt(std::span<char> room) const;
    void copy() const;
};

}  // namespace bench
