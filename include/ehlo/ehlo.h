/* ehlo for C99: SMTP parsers, writers and sessions. No allocation, no I/O, no exception. Compile ehlo_c.cpp as C++20 into the program, or
 * into a shared object; with -fno-exceptions no library of C++ has to be linked.
 *
 * Borrowed: an ehlo_text in a result points into the octets that were given, and lives as long as they do, unless it says otherwise.
 * What a callback is given lives until it returns. Sessions and readers are values: they may be copied with `=` or memcpy, kept in
 * bulk and saved; nothing has to be freed. What a session borrows is said where it is begun.
 *
 * Numbers stand in ehlo_numbers.h. EHLO_ABI counts up whenever a number or a struct changes; ehlo_fits() says whether header and object
 * agree. A function whose result is an ehlo_failure has failed if `.error` is not EHLO_OK. */
#ifndef EHLO_H
#define EHLO_H

#include <ehlo/ehlo_numbers.h>

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define EHLO_ABI 3

#ifndef EHLO_API
#define EHLO_API /* for a shared object: __attribute__((visibility("default"))), __declspec(dllexport) ... */
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Values ---- */

/* Octets that are somebody else's; there need be no NUL after them. `data` is NULL where something was not given. */
typedef struct ehlo_text {
    char const* data;
    size_t size;
} ehlo_text;

/* Room for output. What writes appends at data + size, and adds to `size`; if it fails nothing is changed. */
typedef struct ehlo_buffer {
    char* data;
    size_t capacity;
    size_t size;
} ehlo_buffer;

/* An error (ehlo_error), and its place: the offset of the first octet that cannot be right. */
typedef struct ehlo_failure {
    uint32_t error;
    uint32_t at;
} ehlo_failure;

/* What an incremental reader says. Discard `consumed` octets of the input, whatever the status; do it when the views are done with. */
enum ehlo_status { EHLO_NEED_MORE = 0, EHLO_READY = 1, EHLO_FAILED = 2 };
typedef struct ehlo_progress {
    size_t consumed;
    uint32_t status;
    ehlo_failure failure; /* of EHLO_FAILED */
} ehlo_progress;

/* Sets are bits: EHLO_BIT(EHLO_RULE_SPACE_AFTER_COLON) | EHLO_BIT(EHLO_RULE_MISSING_BRACKETS). */
#define EHLO_BIT(number) (UINT64_C(1) << (number))

/* What a parser of addresses and lines accepts. A NULL pointer to one is strict RFC 5321, which ehlo_syntax_init makes, too. */
typedef struct ehlo_syntax {
    uint64_t tolerate; /* of ehlo_rule */
    uint16_t max_local_part, max_domain, max_path;
    uint8_t smtputf8; /* octets over 127 are welcome */
} ehlo_syntax;

/* A path "<...>", or a mailbox without brackets. */
typedef struct ehlo_path {
    ehlo_text text;       /* all of it */
    ehlo_text local_part; /* quotes and case kept; empty for "<>" */
    ehlo_text domain;     /* or address literal with its brackets; empty for "<>" and "<Postmaster>" */
    uint64_t tolerated;   /* rules that were needed */
    uint8_t kind;         /* ehlo_path_kind */
    uint8_t domain_kind;  /* ehlo_host_kind */
} ehlo_path;

/* A command, typed. What a verb does not have is 0. */
typedef struct ehlo_command {
    uint64_t tolerated;
    uint64_t size;              /* MAIL: SIZE. BDAT: octets of the chunk */
    ehlo_text argument;         /* HELO, EHLO, LHLO: the name. VRFY, EXPN, HELP, NOOP: the text. AUTH: the mechanism. BURL: the URL.
                                   ETRN: the node with its "@" or "#". ATRN: the domains. XCLIENT, XFORWARD: the attributes */
    ehlo_path path;             /* MAIL, RCPT */
    ehlo_text parameters;       /* MAIL, RCPT: as they stand, see ehlo_next_parameter */
    ehlo_text initial_response; /* AUTH: base64; NULL if there is none, which is not the same as an empty one */
    uint8_t verb;               /* ehlo_verb */
    uint8_t has_size;           /* MAIL */
    uint8_t body;               /* MAIL: ehlo_body */
    uint8_t smtputf8;           /* MAIL, VRFY, EXPN */
    uint8_t last;               /* BDAT, BURL */
} ehlo_command;

/* A reply to be sent. `status` is the enhanced one, { 5, 1, 1 }, or { 0 }. `text` is borrowed until the call that
 * writes it returns: for the answer of a callback that is the ehlo_server_ call, not the callback. */
typedef struct ehlo_reply {
    ehlo_text text;
    uint16_t code;
    uint16_t status[3];
} ehlo_reply;
#define EHLO_LATER 0     /* as `code`, in a handler's answer: it will be given to ehlo_server_answer */
#define EHLO_CHALLENGE 334 /* as `code`, in the answer to AUTH: `text` is the challenge, raw octets; ehlo makes base64 of it */

/* A reply that was received. */
typedef struct ehlo_reply_view {
    ehlo_text octets;   /* all of it, codes and CRLFs included: see ehlo_next_line */
    ehlo_text text;     /* the first line without its code */
    uint64_t tolerated;
    uint32_t lines;
    uint16_t code;
    uint16_t status[3]; /* { 0 } if there is none */
} ehlo_reply_view;

/* An answer to EHLO, or what is left of it in a client. */
typedef struct ehlo_offers {
    uint64_t extensions; /* of ehlo_extension */
    uint64_t max_size;   /* SIZE; 0: no limit, or none told */
    ehlo_text domain;    /* the server's name, and */
    ehlo_text auth;      /* all mechanisms, separated by SP: only of ehlo_parse_offers */
    uint32_t mechanisms; /* those of ehlo_mechanism */
} ehlo_offers;

/* ---- Opaque values: a size that is known, and nothing else. ehlo_c.cpp proves that they suffice. ---- */

typedef struct ehlo_command_reader { uint64_t opaque[4]; } ehlo_command_reader;
typedef struct ehlo_reply_reader { uint64_t opaque[4]; } ehlo_reply_reader;
typedef struct ehlo_decoder { uint64_t opaque[2]; } ehlo_decoder;
typedef struct ehlo_encoder { uint64_t opaque[2]; } ehlo_encoder;
typedef struct ehlo_settings { uint64_t opaque[16]; } ehlo_settings;
typedef struct ehlo_server { uint64_t opaque[20]; } ehlo_server;
typedef struct ehlo_client { uint64_t opaque[20]; } ehlo_client;
typedef struct ehlo_observer { uint64_t opaque[96]; } ehlo_observer;

/* ---- About the library ---- */

EHLO_API char const* ehlo_version(void); /* "0.2.0" */

/* The sizes that header and object must agree in. */
typedef struct ehlo_layout {
    uint32_t abi, command, reply, reply_view, server_options, handler, seen, settings, server, client, observer;
} ehlo_layout;
EHLO_API ehlo_layout const* ehlo_get_layout(void); /* the object's; static */

/* What numbers are called: "bad_domain", "RCPT", "rcpt" ... and, for an error, what it means. Static; "" for no such number. */
enum ehlo_kind {
    EHLO_NAME_OF_ERROR, EHLO_NAME_OF_BLAME, EHLO_NAME_OF_VERB, EHLO_NAME_OF_STATE, EHLO_NAME_OF_EVENT, EHLO_NAME_OF_FACT,
    EHLO_NAME_OF_EXTENSION, EHLO_NAME_OF_RULE, EHLO_NAME_OF_MECHANISM, EHLO_NAME_OF_WANT, EHLO_NAME_OF_DIRECTION,
    EHLO_NAME_OF_DEPARTURE, EHLO_NAME_OF_OUTCOME, EHLO_NAME_OF_DOT_LINE
};
EHLO_API char const* ehlo_name(uint32_t kind, uint32_t number);
EHLO_API char const* ehlo_error_message(uint32_t error);
/* Whose fault an error is: ehlo_blame. */
EHLO_API uint32_t ehlo_error_blame(uint32_t error);

/* ---- Parsers ---- */

EHLO_API void ehlo_syntax_init(ehlo_syntax* out);

/* "<ann@example.org>"; "<>" and "<Postmaster>", too. All of `in`. */
EHLO_API ehlo_failure ehlo_parse_path(ehlo_text in, ehlo_syntax const* rules, ehlo_path* out);
/* "ann@example.org" */
EHLO_API ehlo_failure ehlo_parse_mailbox(ehlo_text in, ehlo_syntax const* rules, ehlo_path* out);
/* Whether they mean the same: domains without case, local parts with it and without their quotes (RFC 5321 2.4, 4.1.2). */
EHLO_API int ehlo_same_mailbox(ehlo_path const* a, ehlo_path const* b);
EHLO_API int ehlo_same_domain(ehlo_text a, ehlo_text b);

/* A command line without its CRLF. */
EHLO_API ehlo_failure ehlo_parse_command(ehlo_text line, ehlo_syntax const* rules, ehlo_command* out);
/* Takes the next parameter of MAIL or RCPT, or attribute of XCLIENT, out of `rest`; 0 if there is none. `value` is as it stands (xtext,
 * mostly), and NULL if there is no "=". */
EHLO_API int ehlo_next_parameter(ehlo_text* rest, ehlo_text* keyword, ehlo_text* value);

/* Commands out of a stream: all octets not yet consumed are given. After EHLO_FAILED the line is consumed, and the next call goes on. */
EHLO_API void ehlo_command_reader_init(ehlo_command_reader* reader);
EHLO_API ehlo_progress ehlo_read_command(ehlo_command_reader* reader, ehlo_text in, size_t max_line, ehlo_syntax const* rules, ehlo_command* out);

/* Replies out of a stream, likewise. After EHLO_FAILED the stream cannot be read on. `tolerate`: of ehlo_rule. */
EHLO_API void ehlo_reply_reader_init(ehlo_reply_reader* reader);
EHLO_API ehlo_progress ehlo_read_reply(ehlo_reply_reader* reader, ehlo_text in, uint64_t tolerate, ehlo_reply_view* out);
/* Takes the next line, without code and CRLF, out of `rest`, which is a reply's `octets` at first; 0 if there is none. */
EHLO_API int ehlo_next_line(ehlo_text* rest, ehlo_text* line);
/* A positive answer to EHLO or LHLO. */
EHLO_API ehlo_failure ehlo_parse_offers(ehlo_reply_view const* reply, uint64_t tolerate, ehlo_offers* out);
/* What is to be replied to a fault in a command of this verb (EHLO_VERB_DATA: in content). Its text is static. */
EHLO_API void ehlo_reply_for(ehlo_failure fault, uint32_t verb, ehlo_reply* out);

/* Content after DATA: only CRLF "." CRLF ends it. `bare`: ehlo_bare_octets. */
typedef struct ehlo_decoded {
    size_t consumed; /* octets of the input. Nothing consumed, and no end: more is needed */
    size_t produced; /* octets of content */
    uint32_t end;    /* the content has ended with them */
} ehlo_decoded;
EHLO_API void ehlo_decoder_init(ehlo_decoder* decoder);
/* Without a copy: `piece` is a part of the input. */
EHLO_API ehlo_decoded ehlo_decode_piece(ehlo_decoder* decoder, ehlo_text in, uint32_t bare, ehlo_text* piece);
/* With a copy: octets of `out` after those produced may be written over. */
EHLO_API ehlo_decoded ehlo_decode(ehlo_decoder* decoder, ehlo_text in, uint32_t bare, ehlo_buffer* out);
/* What was seen in it so far. */
enum ehlo_content_flaw { EHLO_HAD_BARE_CR = 1, EHLO_HAD_BARE_LF = 2, EHLO_HAD_NUL = 4, EHLO_HAD_LONG_LINE = 8 };
EHLO_API uint32_t ehlo_decoder_flaws(ehlo_decoder const* decoder);

/* The other way: dots are doubled. If it is not done and has not failed, there was too little room: send, drop `consumed` octets, repeat. */
typedef struct ehlo_encoded {
    size_t consumed;
    uint32_t done;
    ehlo_failure failure;
} ehlo_encoded;
EHLO_API void ehlo_encoder_init(ehlo_encoder* encoder, uint32_t bare);
EHLO_API ehlo_encoded ehlo_encode(ehlo_encoder* encoder, ehlo_text in, ehlo_buffer* out);
EHLO_API ehlo_encoded ehlo_encode_end(ehlo_encoder* encoder, ehlo_buffer* out);

EHLO_API ehlo_failure ehlo_decode_base64(ehlo_text in, ehlo_buffer* out);
EHLO_API ehlo_failure ehlo_encode_base64(ehlo_text in, ehlo_buffer* out);
EHLO_API ehlo_failure ehlo_decode_xtext(ehlo_text in, ehlo_buffer* out);
EHLO_API ehlo_failure ehlo_encode_xtext(ehlo_text in, ehlo_buffer* out);

/* ---- Writers: a whole line with its CRLF, or nothing. CR, LF and NUL in an argument are refused. ---- */

/* What MAIL carries. NULL or all zeros: nothing. */
typedef struct ehlo_mail_options {
    uint64_t size;
    ehlo_text others; /* further parameters, as text: "RET=HDRS ENVID=a1" */
    uint8_t has_size;
    uint8_t body;     /* ehlo_body; EHLO_BODY_SEVEN_BIT: none is written */
    uint8_t smtputf8;
} ehlo_mail_options;
EHLO_API ehlo_failure ehlo_write_mail(ehlo_buffer* out, ehlo_text from, ehlo_mail_options const* options);
EHLO_API ehlo_failure ehlo_write_rcpt(ehlo_buffer* out, ehlo_text to, ehlo_text parameters, ehlo_syntax const* rules);
EHLO_API ehlo_failure ehlo_write_bdat(ehlo_buffer* out, uint64_t size, int last);
/* All others: EHLO, HELO, LHLO with a name; NOOP, HELP, VRFY, EXPN, ATRN, XCLIENT, XFORWARD with their argument; AUTH with a mechanism;
 * DATA, RSET, QUIT, STARTTLS, TURN, VERB, ONEX with none. */
EHLO_API ehlo_failure ehlo_write_command(ehlo_buffer* out, uint32_t verb, ehlo_text argument);
EHLO_API ehlo_failure ehlo_write_reply(ehlo_buffer* out, ehlo_reply const* reply);
/* Makes a reply of "550 5.1.1 No such user here", which it borrows: a literal, or a buffer in the context, but not one that ends with the
 * callback that answers, for the reply is written after it. On failure `out` is unchanged. */
EHLO_API ehlo_failure ehlo_make_reply(ehlo_reply* out, char const* line);

/* ---- Server ---- */

/* The settings of any number of sessions. Begin with ehlo_server_options_init. */
typedef struct ehlo_server_options {
    uint64_t offers;      /* of ehlo_extension */
    uint64_t max_message; /* octets */
    ehlo_syntax grammar;
    uint32_t max_recipients, max_line, max_errors;
    uint32_t reply_space; /* free octets of output that a call needs */
    uint8_t service;      /* ehlo_service */
    uint8_t bare;         /* ehlo_bare_octets */
    uint8_t early;        /* ehlo_early_octets */
    uint8_t require_tls, require_authentication, clear_text_passwords;
} ehlo_server_options;
EHLO_API void ehlo_server_options_init(ehlo_server_options* out);
/* Checks them, and makes what sessions borrow. `bad_value` for what no server may be: too few recipients, SMTPUTF8 without 8BITMIME ... */
EHLO_API ehlo_failure ehlo_settings_init(ehlo_settings* settings, ehlo_server_options const* options);

/* A message: its octets of content, the recipients that were accepted, and what an answer is for. With PRDR (if `offers` has it) the answer
 * to EHLO_ABOUT_MESSAGE_OR_EACH may be 353: then each recipient is asked for, and after them the message. */
enum ehlo_about { EHLO_ABOUT_MESSAGE = 0, EHLO_ABOUT_MESSAGE_OR_EACH = 1, EHLO_ABOUT_RECIPIENT = 2, EHLO_ABOUT_MESSAGE_AFTER_EACH = 3 };
typedef struct ehlo_message {
    uint64_t octets;
    uint32_t recipients;
    uint32_t recipient; /* of EHLO_ABOUT_RECIPIENT, from 0 on */
    uint32_t about;     /* ehlo_about */
} ehlo_message;

/* AUTH, or a response of the client. */
typedef struct ehlo_auth_step {
    ehlo_text mechanism; /* empty for a response */
    ehlo_text base64;    /* NULL: AUTH without an initial response; ehlo_decode_base64 */
    uint8_t number;      /* ehlo_mechanism; 0 for a response */
    uint8_t is_response;
    uint8_t cancelled;   /* the client said "*" */
} ehlo_auth_step;

/* A reply that was written, for a log. */
typedef struct ehlo_answered {
    ehlo_text line;     /* the command, if it is still there; from octet `secret` on it belongs in no log */
    ehlo_reply reply;
    ehlo_failure fault; /* error EHLO_OK: none */
    uint64_t tolerated;
    uint32_t secret;
    uint8_t verb, event;
    uint8_t early;      /* the client did not wait where it had to */
} ehlo_answered;

/* What a server is for. Any may be NULL. `*answer` holds what is said if it is left alone: 250 to EHLO, HELO and MAIL, 550 to RCPT, 354 to
 * DATA, 220 to STARTTLS, 252 to VRFY, 250 to NOOP, 214 to HELP, 451 at the end of content, 535 to AUTH, 502 to all others; so mail is
 * taken only by one who says so. EHLO_LATER as its code puts the answer off, but for the greeting. The callbacks must not throw, nor call
 * the session that is calling them but for what it knows. */
typedef struct ehlo_handler {
    void (*connected)(void* context, ehlo_reply* answer);                               /* the greeting; 220 */
    void (*command)(void* context, ehlo_command const* command, ehlo_reply* answer);    /* EHLO, HELO, MAIL, RCPT, DATA, VRFY, EXPN, HELP,
                                                                                           NOOP, STARTTLS; ETRN, BURL ... where offered */
    void (*content)(void* context, ehlo_text octets);                                   /* decoded, a piece at a time */
    void (*end_of_content)(void* context, ehlo_message const* message, ehlo_reply* answer); /* 250: the server is responsible now */
    void (*abandoned)(void* context, ehlo_message const* message);                      /* nothing of it is delivered */
    void (*auth)(void* context, ehlo_auth_step const* step, ehlo_reply* answer);        /* 235, 535 ..., or EHLO_CHALLENGE */
    void (*answered)(void* context, ehlo_answered const* what);                         /* every reply */
    uint32_t mechanisms;                                                                /* bits of ehlo_mechanism that `auth` does */
} ehlo_handler;

/* What a call did: discard `consumed` octets of the input, send the octets that were added to the buffer, then do what it wants. */
typedef struct ehlo_step {
    size_t consumed;
    size_t produced;
    uint32_t want; /* ehlo_want */
} ehlo_step;

/* Settings and name (a domain or an address literal) are borrowed as long as the session lives. Fails if the name is neither. */
EHLO_API ehlo_failure ehlo_server_init(ehlo_server* server, ehlo_settings const* settings, ehlo_text name);
/* First with no input, for the greeting; then whenever octets have come, with all that were not consumed. */
EHLO_API ehlo_step ehlo_server_advance(ehlo_server* server, ehlo_text in, ehlo_buffer* out, ehlo_handler const* handler, void* context);
/* What the handler put off, when EHLO_WANT_REPLY; then `advance` again. Until then the input stays where it is. */
EHLO_API ehlo_step ehlo_server_answer(ehlo_server* server, ehlo_reply const* answer, ehlo_buffer* out, ehlo_handler const* handler, void* context);
/* Says 421, or `reply`, and closes. */
EHLO_API ehlo_step ehlo_server_shut_down(ehlo_server* server, ehlo_reply const* reply, ehlo_buffer* out, ehlo_handler const* handler, void* context);
/* The TLS handshake is over, when EHLO_WANT_TLS; before the greeting: TLS was there from the beginning. */
EHLO_API void ehlo_server_secured(ehlo_server* server);
/* The client is authenticated by other means than AUTH. */
EHLO_API void ehlo_server_authenticated(ehlo_server* server);
/* The connection was lost; TLS was, and the connection was not. The session is over. */
EHLO_API void ehlo_server_disconnected(ehlo_server* server, ehlo_handler const* handler, void* context);
EHLO_API void ehlo_server_tls_lost(ehlo_server* server, ehlo_handler const* handler, void* context);
EHLO_API uint32_t ehlo_server_state(ehlo_server const* server);              /* ehlo_state */
EHLO_API int ehlo_server_knows(ehlo_server const* server, uint32_t fact);    /* ehlo_fact */

/* ---- Client ---- */

/* NULL or all zeros: TLS is the caller's business, bare CR and LF are refused. */
typedef struct ehlo_client_options {
    uint8_t tls;  /* ehlo_tls_use */
    uint8_t bare; /* ehlo_bare_octets */
    uint8_t lmtp; /* EHLO_VERB_EHLO says LHLO */
    uint8_t clear_text_passwords;
} ehlo_client_options;
EHLO_API void ehlo_client_init(ehlo_client* client, ehlo_client_options const* options);

typedef struct ehlo_client_reply {
    ehlo_reply_view reply;
    uint32_t to;        /* the ehlo_event that it answers; EHLO_EVENT_SHUTDOWN: none */
    uint32_t verdict;   /* what it says of the message, or of the recipient: ehlo_verdict */
    uint32_t recipient; /* LMTP, after content: which of the accepted ones */
    uint8_t accepted;
} ehlo_client_reply;
/* The first reply in `in`, which holds all octets not yet consumed. EHLO_FAILED: the session is over. */
EHLO_API ehlo_progress ehlo_client_receive(ehlo_client* client, ehlo_text in, ehlo_client_reply* out);

/* Commands, as the ehlo_write_ functions write them. Those that are out of order, or not offered, fail and write nothing. */
EHLO_API ehlo_failure ehlo_client_command(ehlo_client* client, ehlo_buffer* out, uint32_t verb, ehlo_text argument);
EHLO_API ehlo_failure ehlo_client_mail(ehlo_client* client, ehlo_buffer* out, ehlo_text from, ehlo_mail_options const* options);
EHLO_API ehlo_failure ehlo_client_rcpt(ehlo_client* client, ehlo_buffer* out, ehlo_text to, ehlo_text parameters);
/* A chunk of `size` octets, which ehlo_client_content is given next. */
EHLO_API ehlo_failure ehlo_client_bdat(ehlo_client* client, ehlo_buffer* out, uint64_t size, int last);
/* AUTH with an initial response, raw octets; NULL: without. AUTH PLAIN. */
EHLO_API ehlo_failure ehlo_client_auth(ehlo_client* client, ehlo_buffer* out, ehlo_text mechanism, ehlo_text initial);
EHLO_API ehlo_failure ehlo_client_auth_plain(ehlo_client* client, ehlo_buffer* out, ehlo_text user, ehlo_text password);
/* The answer to a challenge, raw octets; NULL cancels. The challenge is the base64 in the reply's text. */
EHLO_API ehlo_failure ehlo_client_auth_response(ehlo_client* client, ehlo_buffer* out, ehlo_text octets);
/* After the 354 to DATA, as ehlo_encode; after BDAT the octets as they are. The end is for DATA alone. */
EHLO_API ehlo_encoded ehlo_client_content(ehlo_client* client, ehlo_text octets, ehlo_buffer* out);
EHLO_API ehlo_encoded ehlo_client_end_content(ehlo_client* client, ehlo_buffer* out);
/* The TLS handshake is over, or TLS was there from the beginning; 0 at any other time. */
EHLO_API int ehlo_client_secured(ehlo_client* client);
/* The connection was lost, or TLS was. What to think of a message without a reply: ehlo_verdict. */
EHLO_API uint32_t ehlo_client_disconnected(ehlo_client* client);
EHLO_API uint32_t ehlo_client_tls_lost(ehlo_client* client);
EHLO_API uint32_t ehlo_client_state(ehlo_client const* client);
EHLO_API int ehlo_client_over(ehlo_client const* client);
/* The ehlo_event whose reply comes next; -1: none. */
EHLO_API int ehlo_client_awaits(ehlo_client const* client);
EHLO_API void ehlo_client_offers(ehlo_client const* client, ehlo_offers* out);
EHLO_API uint32_t ehlo_client_recipients(ehlo_client const* client); /* accepted in the open transaction */

/* ---- Observer ---- */

/* NULL or all zeros: both sides are seen, and read as RFC 5321 has it. */
typedef struct ehlo_observer_options {
    uint64_t tolerate;  /* of ehlo_rule: what the server is known to accept */
    uint64_t ends;      /* of ehlo_dot_line: what it takes for the end of content */
    uint8_t sees;       /* ehlo_sight */
    uint8_t lmtp;
    uint8_t guesses;    /* while out of step, tell what looks like a command */
    uint8_t no_bdat;    /* to the server BDAT is no command */
    uint8_t keeps_chunks; /* of a BDAT that it refuses at once, the server reads the chunk as commands */
    uint32_t max_line;  /* octets of a client's line that are kept; 0: 12,288 */
} ehlo_observer_options;

enum ehlo_seen_kind {
    EHLO_SEEN_COMMAND = 0,    /* line, secret, fault, verb, event if it has one, number; `command` unless it is malformed */
    EHLO_SEEN_RESPONSE = 1,   /* of AUTH: all of `octets` is secret */
    EHLO_SEEN_REPLY = 2,      /* `reply`; event and number of what it answers, if has_event */
    EHLO_SEEN_UNANSWERED = 3, /* `count` commands whose reply was not seen */
    EHLO_SEEN_CONTENT = 4,    /* `octets`, decoded */
    EHLO_SEEN_END_OF_CONTENT = 5, /* `total` octets */
    EHLO_SEEN_TRANSACTION = 6,    /* outcome, code, recipients, accepted, total */
    EHLO_SEEN_TLS = 7,        /* from at (client) and server_at on all is opaque */
    EHLO_SEEN_IN_STEP = 8,    /* `sure` has changed, from at (client) and server_at on */
    EHLO_SEEN_DEPARTED = 9    /* departure; fault.error, tolerated or dot_line say more */
};
typedef struct ehlo_seen {
    uint64_t at, size, server_at; /* where it stands in its stream */
    uint64_t number;              /* of the reply that belongs to it, counted from the greeting; see has_number */
    uint64_t total, tolerated;
    ehlo_text octets;             /* the line of a command, without its end; content */
    ehlo_command const* command;
    ehlo_reply_view const* reply;
    ehlo_failure fault;
    uint32_t kind, secret, count, code, recipients, accepted;
    uint8_t from, sure, has_number, has_event, event, verb, outcome, departure, dot_line;
    uint8_t has_total;            /* all octets of the content were seen */
} ehlo_seen;
typedef void ehlo_watcher(void* context, ehlo_seen const* what);

EHLO_API void ehlo_observer_init(ehlo_observer* observer, ehlo_observer_options const* options);
/* Octets of both directions that were seen and not yet consumed; it says how many of each are done with. */
EHLO_API void ehlo_observer_advance(ehlo_observer* observer, ehlo_text client, ehlo_text server, ehlo_watcher* watcher, void* context,
                                    size_t* client_consumed, size_t* server_consumed);
/* So many octets of a direction are missing (0: nobody knows). Unconsumed ones before them are lost, too. */
EHLO_API void ehlo_observer_gap(ehlo_observer* observer, uint32_t direction, uint64_t octets, ehlo_watcher* watcher, void* context);
EHLO_API void ehlo_observer_secured(ehlo_observer* observer); /* what comes now was decrypted */
EHLO_API void ehlo_observer_end(ehlo_observer* observer, ehlo_watcher* watcher, void* context);
EHLO_API uint32_t ehlo_observer_state(ehlo_observer const* observer);
EHLO_API int ehlo_observer_sure(ehlo_observer const* observer);

/* ---- Here ---- */

static inline ehlo_text ehlo_string(char const* s) {
    ehlo_text t;
    t.data = s;
    t.size = s ? strlen(s) : 0;
    return t;
}
static inline ehlo_text ehlo_octets(char const* data, size_t size) {
    ehlo_text t;
    t.data = data;
    t.size = size;
    return t;
}
/* Whether this header and the object that was linked are of one make. */
static inline int ehlo_fits(void) {
    ehlo_layout here;
    here.abi = EHLO_ABI;
    here.command = sizeof(ehlo_command);
    here.reply = sizeof(ehlo_reply);
    here.reply_view = sizeof(ehlo_reply_view);
    here.server_options = sizeof(ehlo_server_options);
    here.handler = sizeof(ehlo_handler);
    here.seen = sizeof(ehlo_seen);
    here.settings = sizeof(ehlo_settings);
    here.server = sizeof(ehlo_server);
    here.client = sizeof(ehlo_client);
    here.observer = sizeof(ehlo_observer);
    return memcmp(&here, ehlo_get_layout(), sizeof here) == 0;
}

#ifdef __cplusplus
}
#endif

#endif
