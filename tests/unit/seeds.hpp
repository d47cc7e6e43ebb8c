// Four texts about SMTP, in Russian and Chinese, from which people learned the protocol. One table names every command,
// reply code, route rule and dialogue that they give, and runs it. What strict RFC 5321 refuses of it is refused, with its
// place; then it runs under the named rules of leniency that the row lists, and under no others.

#pragma once

#include "catch.hpp"

#include "machine.hpp"

#include <optional>
#include <string_view>

namespace seeds {

using namespace machine;
using ehlo::errc;
using ehlo::leniency;
using ehlo::rule;
using ehlo::state;
using ehlo::verb;

enum document : unsigned {
    drkb = 1,          // Delphi Russian Knowledge Base: "Описание протокола SMTP", msa.km.ru
    realcoding = 2,    // realcoding.net: the same text, reprinted among PHP articles
    delphi_world = 4,  // Delphi World: "Простой протокол передачи почты (SMTP)", after RFC 821
    telnet = 8,        // a Chinese text: ten commands, the reply codes, a telnet session
};
constexpr unsigned msa = drkb | realcoding;

struct row {
    unsigned in;                          // the documents that say it
    void (*run)(row const&);
    std::string_view text;                // the command, path or dialogue
    std::string_view says = {};           // how the document puts it, or what must come of it
    unsigned code = 0;                    // the server's answer
    std::string_view before = {};         // lines that lead the server there
    std::optional<ehlo::failure> strict{};// what strict RFC 5321 finds wrong with the text
    unsigned strict_code = 0;             // and answers
    leniency rules{};                     // under which it runs
    bool modes = false;                   // SEND, SOML and SAML are served
};

// The runners, below.
void command(row const&);
void reply_code(row const&);
void first_digit(row const&);
void route(row const&);
void relay(row const&);
void dialogue(row const&);
void exchange(row const&);

constexpr std::string_view helo = "HELO usc.edu\r\n";
constexpr std::string_view mail = "HELO usc.edu\r\nMAIL FROM:<Smith@usc.edu>\r\n";
constexpr std::string_view rcpt = "HELO usc.edu\r\nMAIL FROM:<Smith@usc.edu>\r\nRCPT TO:<Jones@mit.edu>\r\n";
constexpr ehlo::failure no_such_verb{errc::unknown_verb, 0};

constexpr row table[] = {

    // --- commands ---
    // The text, the syntax that the document gives, the code, the state.
    {msa, command, "HELO usc.edu", "HELO <SP> <domain> <CRLF>", 250},
    {msa, command, "MAIL FROM:<Smith@usc.edu>", "MAIL <SP> FROM:<reverse-path> <CRLF>", 250, helo},
    {msa, command, "RCPT TO:<Jones@mit.edu>", "RCPT <SP> TO:<forward-path> <CRLF>", 250, mail},
    {msa, command, "DATA", "DATA <CRLF>", 354, rcpt},
    {msa, command, "RSET", "RSET <CRLF>", 250, rcpt},
    {msa, command, "SEND FROM:<Smith@usc.edu>", "SEND <SP> FROM:<reverse-path> <CRLF>", 502, helo},
    {msa, command, "SOML FROM:<Smith@usc.edu>", "SOML <SP> FROM:<reverse-path> <CRLF>", 502, helo},
    {msa, command, "SAML FROM:<Smith@usc.edu>", "SAML <SP> FROM:<reverse-path> <CRLF>", 502, helo},
    {.in = msa, .run = command, .text = "SEND FROM:<Smith@usc.edu>", .code = 250, .before = helo, .modes = true},
    {.in = msa, .run = command, .text = "SOML FROM:<Smith@usc.edu>", .code = 250, .before = helo, .modes = true},
    {.in = msa, .run = command, .text = "SAML FROM:<Smith@usc.edu>", .code = 250, .before = helo, .modes = true},
    {msa, command, "VRFY Smith", "VRFY <SP> <string> <CRLF>", 252},
    {msa, command, "EXPN staff", "EXPN <SP> <string> <CRLF>", 502},
    {msa, command, "HELP MAIL", "HELP <SP> <string> <CRLF>", 214},
    {msa, command, "NOOP", "NOOP <CRLF>", 250},
    {msa, command, "QUIT", "QUIT <CRLF>", 221},
    // "The keyword has four characters and is parted from its argument by one or more spaces": RFC 5321 has one.
    {.in = msa, .run = command, .text = "MAIL  FROM:<Smith@usc.edu>", .says = "one or more spaces", .before = helo,
     .strict = ehlo::failure{errc::expected_from, 5}, .strict_code = 501},
    // The dialogue of that text calls it HELLO; it is answered as any word that is no command.
    {.in = msa | telnet, .run = command, .text = "HELLO 195.161.101.33", .says = "HELLO<domain><CRLF>",
     .strict = no_such_verb, .strict_code = 500},
    {.in = msa, .run = command, .text = "HELO 195.161.101.33", .says = "our IP address, which looks like a domain", .code = 250},
    {.in = msa, .run = command, .text = "MAIL FROM:<drozd>", .code = 250, .before = helo,
     .strict = ehlo::failure{errc::missing_domain, 16}, .strict_code = 501, .rules = rule::missing_domain},
    {msa, command, "RCPT TO:<drol@mail.ru>", "", 250, mail},

    {delphi_world, command, "HELO usc.edu", "names the sending module", 250},
    {delphi_world, command, "MAIL FROM:<Smith@usc.edu>", "begins a mail transaction", 250, helo},
    {delphi_world, command, "RCPT TO:<Green@mit.edu>", "names a recipient", 250, mail},
    {delphi_world, command, "DATA", "what follows is the mail, up to CRLF.CRLF", 354, rcpt},
    {delphi_world, command, "RSET", "breaks off the transaction", 250, mail},
    {delphi_world, command, "NOOP", "nothing but OK", 250, mail},
    {delphi_world, command, "QUIT", "OK, and the connection is closed", 221, mail},
    {delphi_world, command, "VRFY Smith", "is this a user?", 252, rcpt},
    {delphi_world, command, "SEND FROM:<Smith@usc.edu>", "to terminals", 502, helo},
    {delphi_world, command, "SOML FROM:<Smith@usc.edu>", "to terminals or mailboxes", 502, helo},
    {delphi_world, command, "SAML FROM:<Smith@usc.edu>", "to terminals and mailboxes", 502, helo},
    {delphi_world, command, "EXPN staff", "is this a mailing list?", 502, rcpt},
    {delphi_world, command, "HELP", "about the commands", 214, rcpt},
    // "Either say OK and change roles, or refuse and stay the receiver."
    {delphi_world, command, "TURN", "the roles change", 502, helo},
    // The first printing has a space after the colon, the explanation of the same line has none.
    {.in = delphi_world, .run = command, .text = "MAIL FROM: <Smith@usc.edu>", .code = 250, .before = helo,
     .strict = ehlo::failure{errc::expected_path, 10}, .strict_code = 501, .rules = rule::space_after_colon},
    {.in = delphi_world, .run = command, .text = "MAIL FROM:<@HOSTI, @HOST2, @HOST3:Smith@usc.edu>", .code = 250, .before = helo,
     .strict = ehlo::failure{errc::bad_route, 18}, .strict_code = 501, .rules = rule::spaces_in_route},

    {.in = telnet, .run = command, .text = "REST", .says = "REST<CRLF>", .strict = no_such_verb, .strict_code = 500},
    {.in = telnet, .run = command, .text = "RSET", .says = "what REST means", .code = 250},
    {.in = telnet, .run = command, .text = "HELO askcuix", .says = "what HELLO means", .code = 250},
    // The spaces fell out of the table of commands: no rule brings them back.
    {.in = telnet, .run = command, .text = "MAILFROM:<askcuix@domain.com>", .says = "MAILFROM:<reverse-path><CRLF>",
     .strict = no_such_verb, .strict_code = 500},
    {.in = telnet, .run = command, .text = "RCPTTO:<test@domain.com>", .says = "RCPTTO:<forward-path><CRLF>",
     .strict = no_such_verb, .strict_code = 500},
    {.in = telnet, .run = command, .text = "VRFY<test>", .says = "VRFY<string><CRLF>", .strict = no_such_verb, .strict_code = 500},
    {telnet, command, "MAIL FROM:<askcuix@domain.com>", "", 250, helo},
    {telnet, command, "RCPT TO:<test@domain.com>", "", 250, mail},
    {telnet, command, "DATA", "DATA<CRLF>", 354, rcpt},
    {telnet, command, "NOOP", "NOOP<CRLF>", 250},
    {telnet, command, "QUIT", "QUIT<CRLF>", 221},
    {telnet, command, "VRFY test", "mostly forbidden, for safety", 252},
    {telnet, command, "EXPN test", "often forbidden too", 502},
    {telnet, command, "HELP", "HELP<CRLF>", 214},
    {.in = telnet, .run = command, .text = "helo askcuix", .code = 250},
    {.in = telnet, .run = command, .text = "mail from: <askcuix@domain.com>", .code = 250, .before = helo,
     .strict = ehlo::failure{errc::expected_path, 10}, .strict_code = 501, .rules = rule::space_after_colon},
    {.in = telnet, .run = command, .text = "rcpt to: <test@domain.com>", .code = 250, .before = mail,
     .strict = ehlo::failure{errc::expected_path, 8}, .strict_code = 501, .rules = rule::space_after_colon},
    {.in = telnet, .run = command, .text = "data", .code = 354, .before = rcpt},
    {.in = telnet, .run = command, .text = "quit", .code = 221},

    // --- reply codes ---
    {delphi_world | telnet, reply_code, "", "system status or help", 211},
    {delphi_world | telnet, reply_code, "", "help", 214},
    {delphi_world | telnet, reply_code, "", "the service is ready", 220},
    {delphi_world | telnet | msa, reply_code, "", "the service closes the channel", 221},
    {delphi_world | telnet | msa, reply_code, "", "done", 250},
    {delphi_world | telnet, reply_code, "", "not local; will be forwarded", 251},
    {delphi_world | telnet | msa, reply_code, "", "begin the mail", 354},
    {delphi_world | telnet, reply_code, "", "not available, closing", 421},
    {delphi_world | telnet, reply_code, "", "mailbox not available", 450},
    {delphi_world | telnet, reply_code, "", "local error", 451},
    {delphi_world | telnet, reply_code, "", "too little storage", 452},
    {delphi_world, reply_code, "", "syntax error, or no such command", 500},  // the Chinese list begins with 501
    {delphi_world | telnet, reply_code, "", "syntax error in the argument", 501},
    {delphi_world | telnet, reply_code, "", "not implemented", 502},
    {delphi_world | telnet, reply_code, "", "wrong order", 503},
    {delphi_world | telnet, reply_code, "", "parameter not implemented", 504},
    {delphi_world | telnet, reply_code, "", "mailbox not available", 550},
    {delphi_world | telnet, reply_code, "", "not local; try another path", 551},
    {delphi_world | telnet, reply_code, "", "storage exceeded", 552},
    {delphi_world | telnet, reply_code, "", "bad mailbox name", 553},
    {delphi_world | telnet, reply_code, "", "failed", 554},
    // "A simple client can look at nothing but the first digit." Texts and other digits do not matter.
    {delphi_world | telnet, first_digit, "2", "success"},
    {delphi_world | telnet, first_digit, "3", "not complete yet"},
    {delphi_world | telnet, first_digit, "5", "failure"},

    // --- source routes ---
    // The path as printed, and the path that RFC 5321 knows. The place is counted in the path.
    {.in = delphi_world, .run = route, .text = "<@HOSTI, @HOST2, @HOST3:Smith@usc.edu>", .says = "<@HOSTI,@HOST2,@HOST3:Smith@usc.edu>",
     .strict = ehlo::failure{errc::bad_route, 8}, .rules = rule::spaces_in_route},
    {.in = delphi_world, .run = route, .text = "<@HOSTA.ARPA, @HOSTB.ARPA: USERC@HOSTD.ARPA>",
     .says = "<@HOSTA.ARPA,@HOSTB.ARPA:USERC@HOSTD.ARPA>", .strict = ehlo::failure{errc::bad_route, 13}, .rules = rule::spaces_in_route},
    {.in = delphi_world, .run = route, .text = "<@HOSTA.ARPA: USERX@HOSTY.ARPA>", .says = "<@HOSTA.ARPA:USERX@HOSTY.ARPA>",
     .strict = ehlo::failure{errc::bad_local_part, 13}, .rules = rule::spaces_in_route},
    {.in = delphi_world, .run = route, .text = "<@HOSTB.ARPA: USERC@HOSTD.ARPA>", .says = "<@HOSTB.ARPA:USERC@HOSTD.ARPA>",
     .strict = ehlo::failure{errc::bad_local_part, 13}, .rules = rule::spaces_in_route},
    {.in = delphi_world, .run = route, .text = "<USERX@HOSTY.ARPA>", .says = "<USERX@HOSTY.ARPA>"},
    // The host that relays takes itself out of the forward path and puts itself in front of the reverse path:
    // from, to, the host; from and to as it sends them on.
    {.in = delphi_world, .run = relay,
     .text = "<USERX@HOSTY.ARPA>|<@HOSTA.ARPA, @HOSTB.ARPA: USERC@HOSTD.ARPA>|HOSTA.ARPA",
     .says = "<@HOSTA.ARPA: USERX@HOSTY.ARPA>|<@HOSTB.ARPA: USERC@HOSTD.ARPA>", .rules = rule::spaces_in_route},
    {.in = delphi_world, .run = relay, .text = "<@HOSTA.ARPA: USERX@HOSTY.ARPA>|<@HOSTB.ARPA: USERC@HOSTD.ARPA>|HOSTB.ARPA",
     .says = "<@HOSTB.ARPA, @HOSTA.ARPA: USERX@HOSTY.ARPA>|<USERC@HOSTD.ARPA>", .rules = rule::spaces_in_route},
    // "At the end of the way the forward path holds the mailbox alone": there is nothing more to take out.
    {.in = delphi_world, .run = relay, .text = "<USERX@HOSTY.ARPA>|<USERC@HOSTD.ARPA>|HOSTD.ARPA", .says = "|"},
    // "A host that does not relay answers as if there were no such mailbox."
    {delphi_world, exchange,
     "C HELO usc.edu\nS 250\nC MAIL FROM:<Smith@usc.edu>\nS 250\nC RCPT TO:<@HOSTA.ARPA:green@HOSTD.ARPA>\nS 550\n"},

    // --- rules of conduct ---
    // "NOOP does nothing and touches nothing that was said before"; "at any time in a transaction NOOP, HELP, EXPN, VRFY".
    {msa | delphi_world, exchange,
     "C NOOP\nS 250\nC HELP\nS 214\nC EXPN a\nS 502\nC VRFY a\nS 252\nC HELO usc.edu\nS 250\nC NOOP\nS 250\n"
     "C MAIL FROM:<Smith@usc.edu>\nS 250\nC NOOP\nS 250\nC HELP\nS 214\nC EXPN a\nS 502\nC VRFY a\nS 252\n"
     "C RCPT TO:<Jones@mit.edu>\nS 250\nC NOOP\nS 250\nC VRFY a\nS 252\nC DATA\nS 354\nC NOOP\nC .\nS 250\n"},
    // "RSET: all that was stored is deleted; the answer is positive."
    {msa | telnet, exchange,
     "C HELO usc.edu\nS 250\nC MAIL FROM:<Smith@usc.edu>\nS 250\nC RCPT TO:<Jones@mit.edu>\nS 250\nC RSET\nS 250\nC DATA\nS 503\n"
     "C RCPT TO:<Jones@mit.edu>\nS 503\nC MAIL FROM:<Smith@usc.edu>\nS 250\n"},
    // "The first command, by the specification, must be HELO"; the other text says that it may be left out where a server
    // does not ask for it. This one asks.
    {delphi_world | telnet, exchange, "C MAIL FROM:<Smith@usc.edu>\nS 503\nC HELO usc.edu\nS 250\nC MAIL FROM:<Smith@usc.edu>\nS 250\n"},
    // "One recipient for each RCPT, and as many RCPT as there are recipients."
    {delphi_world | telnet, exchange,
     "C HELO usc.edu\nS 250\nC MAIL FROM:<Smith@usc.edu>\nS 250\nC RCPT TO:<a@mit.edu>,<b@mit.edu>\nS 501\nC RCPT TO:<a@mit.edu>\nS 250\n"
     "C RCPT TO:<b@mit.edu>\nS 250\nC DATA\nS 354\nC x\nC .\nS 250\n"},
    // "MAIL begins a new mail and sets all buffers anew"; after the 250 another mail may follow.
    {telnet, exchange,
     "C HELO a\nS 250\nC MAIL FROM:<a@b>\nS 250\nC RCPT TO:<c@d>\nS 250\nC DATA\nS 354\nC x\nC .\nS 250\nC DATA\nS 503\n"
     "C MAIL FROM:<a@b>\nS 250\nC DATA\nS 503\nC RCPT TO:<c@d>\nS 250\nC DATA\nS 354\nC .\nS 250\nC QUIT\nS 221\n"},

    // --- dialogues ---
    // A line of the client may be followed by | what strict RFC 5321 finds there | the line as RFC 5321 would have it.
    // "S?" is a line that stands in the document where no server can say it.
    {.in = msa, .run = dialogue, .text =
        "C HELLO 195.161.101.33 | unknown_verb 0 | HELO 195.161.101.33\n"
        "S 250 smtp.mail.ru is ready\n"
        "C MAIL FROM:<drozd> | missing_domain 16 | MAIL FROM:<drozd@mail.ru>\n"
        "S 250 OK\n"
        "C RCPT TO:<drol@mail.ru>\n"
        "S 250 OK\n"
        "C DATA\n"
        "S 354 Start mail input; end with <CRLF>.<CRLF>\n"
        "S? 250 OK\n"  // printed before the mail, and again after it
        "C From: Drozd <drozd@mail.ru>\n"
        "C To: Drol <drol@mail.ru>\n"
        "C Subject: Hello\n"
        "C \n"
        "C Hello Drol!\n"
        "C You will be die on next week!\n"
        "C .\n"
        "S 250 OK\n"
        "C QUIT\n"  // printed with the sides the wrong way round
        "S 221 smtp.mail.ru is closing transmission channel\n",
     .says = "smtp.mail.ru", .rules = rule::missing_domain},
    {.in = delphi_world, .run = dialogue, .text =
        "S 220 mit.edu Simple Mail Transfer Service Ready\n"
        "C HELO usc.edu\n"
        "S 250 mit.edu\n"
        "C MAIL FROM: <Smith@usc.edu> | expected_path 10 | MAIL FROM:<Smith@usc.edu>\n"
        "S 250 OK\n"
        "C RCPT TO:<Jones@mit.edu>\n"
        "S 250 OK\n"
        "C RCPT TO:<Green@mit.edu>\n"
        "S 550 No such user here\n"
        "C RCPT TO:<Brown@mit.edu>\n"
        "S 250 OK\n"
        "C DATA\n"
        "S 354 Start mail input; end with <CRLF>.<CRLF>\n"
        "C Blah blah blah...\n"
        "C ...etc. etc. etc.\n"
        "C .\n"
        "S 250 OK\n"
        "C QUIT\n"
        "S 221 mit.edu Service closing transmission channel\n",
     .says = "mit.edu", .rules = rule::space_after_colon},
    {.in = telnet, .run = dialogue, .text =
        "C helo askcuix\n"
        "S 250 askcuix\n"
        "C mail from: <askcuix@domain.com> | expected_path 10 | MAIL FROM:<askcuix@domain.com>\n"
        "S 250 ok\n"
        "C rcpt to: <test@domain.com> | expected_path 8 | RCPT TO:<test@domain.com>\n"
        "S 250 ok\n"
        "C data\n"
        "S 354 go ahead\n"
        "C From: askcuix@domain.com\n"
        "C To: test@domain.com\n"
        "C Date: Mon, 25 May 2008 14:24:27 +0800\n"
        "C Subject: test mail\n"
        "C Hi, test\n"
        "C This is a test mail, you don't reply it.\n"
        "C .\n"
        "S 250 ok message accepted for delivery\n"
        "C quit\n"
        "S 221 Ok,close\n",
     .says = "askcuix", .rules = rule::space_after_colon},
};

}  // namespace seeds
