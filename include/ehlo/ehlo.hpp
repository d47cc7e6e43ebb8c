// ehlo: SMTP without allocation and without I/O. This header is all of the library, but for the opt-in headers: scram.hpp (SCRAM and
// CRAM-MD5, with hashes of yours), format.hpp (std::ostream, std::format), std_error.hpp (std::error_code).
//
// It comes in three kinds.
//   Functions     parse_X(text, rules) reads one thing whole: result<T>. write_X(out, ...) writes one into a writer over your buffer.
//                 same_X compares. reply_for(failure, verb) says what a server answers to an error.
//   Readers       line_reader, command_reader, reply_reader, content_decoder: small values that are given a stream as it comes.
//   Machines      server, client, flow::connected, observer, tap, relay: a session each. The head of each header says which calls there
//                 are, and in which order they come. The order of commands is one table, in session.hpp, which proof.hpp proves.
//
// What all of it promises:
//   Borrowing     A view in a result points into the octets that were given, and lives as long as they do. What a handler is given lives
//                 until it returns. A server or a relay borrows its policy and its name. Nothing else is kept.
//   Errors        are values: failure{code, at}, `at` being the offset of the first octet that cannot be right. blame_of(code) says whose
//                 fault it is. Nothing is thrown; what a handler throws goes through, and ends its session.
//   need_more     is no error: the octets are the beginning of something. Readers say how many they consumed; discard these, and call
//                 again with the rest and what has come since. How the octets are cut changes nothing, and costs O(n) in all.
//   All or none   A write that fails leaves the writer as it was; a command that is refused moves no session. CR, LF and NUL are refused
//                 in every argument.
//   Not finished  is never taken for finished: what must be called again has no conversion to bool, and what must be looked at is
//                 [[nodiscard]].
//   No allocation no lock, clock, locale, state that is shared, or I/O. Everything is constexpr and noexcept, and compiles with
//                 -fno-exceptions -fno-rtti. Sessions are trivially copyable: two threads may have two of them, not one together.
//   Strict        RFC 5321 by default. Each departure that can be tolerated is a `rule` (leniency.hpp), and is told when it was used. None
//                 makes anything but CRLF "." CRLF end a message.
//
// Where to look next: include/README.md of the source has the map of the headers, and who begins where; each function has
// its grammar and section of the RFC. Headers in detail/ are included by others only; namespace detail is promised to nobody.
#pragma once

// First: what a compiler says of its age, or of an order that is not proved, is then short.
#include <ehlo/config.hpp>
#include <ehlo/proof.hpp>

// Machines.
#include <ehlo/client.hpp>
#include <ehlo/flow.hpp>
#include <ehlo/observer.hpp>
#include <ehlo/relay.hpp>
#include <ehlo/server.hpp>
#include <ehlo/tap.hpp>

// What they are told, ask and rest on.
#include <ehlo/handler.hpp>
#include <ehlo/own_commands.hpp>
#include <ehlo/policy.hpp>
#include <ehlo/session.hpp>

// What goes over the wire.
#include <ehlo/auth.hpp>
#include <ehlo/capabilities.hpp>
#include <ehlo/chunk.hpp>
#include <ehlo/command.hpp>
#include <ehlo/command_reader.hpp>
#include <ehlo/content.hpp>
#include <ehlo/dispatch.hpp>
#include <ehlo/ehlo_answer.hpp>
#include <ehlo/line.hpp>
#include <ehlo/proxy_header.hpp>
#include <ehlo/reply.hpp>
#include <ehlo/reply_reader.hpp>
#include <ehlo/turn.hpp>
#include <ehlo/version.hpp>
#include <ehlo/xclient.hpp>
