// ehlo: SMTP without allocation and without I/O. This header is all of the library, but for the opt-in headers.
#pragma once

#include <ehlo/config.hpp>  // first: the error of a compiler that is too old is then a short one

#include <ehlo/auth.hpp>
#include <ehlo/capabilities.hpp>
#include <ehlo/chunk.hpp>
#include <ehlo/detail/chunk_content.hpp>
#include <ehlo/client.hpp>
#include <ehlo/detail/client_core.hpp>
#include <ehlo/detail/client_reply.hpp>
#include <ehlo/command.hpp>
#include <ehlo/command_reader.hpp>
#include <ehlo/content.hpp>
#include <ehlo/dispatch.hpp>
#include <ehlo/ehlo_answer.hpp>
#include <ehlo/flow.hpp>
#include <ehlo/handler.hpp>
#include <ehlo/line.hpp>
#include <ehlo/observer.hpp>
#include <ehlo/own_commands.hpp>
#include <ehlo/policy.hpp>
#include <ehlo/proof.hpp>
#include <ehlo/proxy_header.hpp>
#include <ehlo/relay.hpp>
#include <ehlo/reply.hpp>
#include <ehlo/server.hpp>
#include <ehlo/session.hpp>
#include <ehlo/tap.hpp>
#include <ehlo/turn.hpp>
#include <ehlo/version.hpp>
#include <ehlo/xclient.hpp>
