// What is measured: one pass over a workload each, through the public functions and as a user would write it. Of every
// result some number is made that depends on all of it, so that no part of the work can be left out.
//
// Each is a file of its own in work/: what a compiler inlines depends on all that is in a file. When they stood together,
// GCC made parse_replies 21 % slower because somewhere else a call of parse_reply was added.
#pragma once

#include "sink.hpp"

#include <ehlo/config.hpp>

#include <cstddef>
#include <span>
#include <string_view>

// No more of ehlo than the work needs: two dozen files include this one.
namespace ehlo::inline v0::inline EHLO_TARGET {
struct capabilities;
struct policy;
struct reply_limits;
}

namespace bench {

// Commands and paths.
void read_lines(std::string_view in);
void split_commands(std::string_view in);
void parse_commands(std::string_view in);  ///< every line as a typed command, parameters included
void parse_commands_leniently(std::string_view in);            ///< with all that can be tolerated
void parse_reads(std::span<std::string_view const> reads);     ///< a command a read, each until the reader wants more
void parse_paths(std::span<std::string_view const> paths);
/// The loop of parse_paths without the work.
inline void visit_paths(std::span<std::string_view const> paths) {
    for (std::string_view const p : paths) use(p.data() + p.size());
}
void write_mails(std::span<std::string_view const> paths, std::span<char> room);   ///< with SIZE and BODY, as clients write it
void write_rcpts(std::span<std::string_view const> paths, std::span<char> room);

// Replies.
void parse_replies(std::string_view in);
void parse_reply_lines(std::string_view in);   ///< with all lines, and the enhanced code
void parse_capabilities(std::string_view answer);
void parse_ehlo_answer(std::string_view answer);
void write_replies(std::span<char> room);  ///< the usual_replies
void write_capabilities(std::span<char> room, ehlo::capabilities const& offered);

// Content.
void decode_content(std::string_view in, std::span<char> out);  ///< with a copy, as into a file's buffer
void decode_spans(std::string_view in);               ///< without
void encode_content(std::string_view in, std::span<char> room);

// Octets that come in chunks of some size, into a buffer that grows.
void read_line_chunks(std::string_view in, std::size_t chunk, std::size_t limit);
void read_reply_chunks(std::string_view in, std::size_t chunk, ehlo::reply_limits const& limits);
void decode_chunks(std::string_view in, std::size_t chunk);

// Codecs.
void encode_base64(std::string_view in, std::span<char> room);
void decode_base64(std::string_view in, std::span<char> room);
void encode_xtext(std::string_view in, std::span<char> room);
void decode_xtext(std::string_view in, std::span<char> room);
void check_utf8(std::string_view in);

/// Greeting to QUIT with a client that awaits every reply: `reads` are what comes from it, one call for each.
void serve(std::span<std::string_view const> reads);
/// The same session as a client, with PIPELINING. `replies` are what comes from the server. False if it did not go well.
bool send(std::span<std::string_view const> replies, std::string_view content, std::span<char> room);
/// The same as a server with settings of its own, that offers AUTH. False if the session did not end well.
bool serve_under(ehlo::policy const& settings, std::span<std::string_view const> reads);
/// A client's AUTH LOGIN, and its content in chunks. `replies`, and false, as in `send`.
bool log_in(std::span<std::string_view const> replies, std::span<char> room);
bool send_chunks(std::span<std::string_view const> replies, std::span<std::string_view const> chunks, std::span<char> room);

/// The session of `serve` as one in the middle sees it: `server` has the greeting, and what is said to each of `client`.
void watch(std::span<std::string_view const> client, std::span<std::string_view const> server);
/// The same by way of a relay. False if an octet was left, or it ended too early.
bool pass_on(std::span<std::string_view const> client, std::span<std::string_view const> server);

}  // namespace bench
