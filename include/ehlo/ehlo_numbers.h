/* The numbers of the C interface, made of the enumerations of the C++ headers by tests/c/numbers.py. Included by ehlo.h. */
#ifndef EHLO_NUMBERS_H
#define EHLO_NUMBERS_H

enum ehlo_error { /* 0: no error */
    EHLO_OK = 0,
    EHLO_ERROR_EMPTY_LINE = 1,                   /* a command line with nothing on it */
    EHLO_ERROR_UNKNOWN_VERB = 2,                 /* a verb that no RFC known to ehlo defines */
    EHLO_ERROR_HTTP_REQUEST = 3,                 /* a web browser (or something that drives one) speaks to this port */
    EHLO_ERROR_MISSING_ARGUMENT = 4,             /* the command needs an argument */
    EHLO_ERROR_UNEXPECTED_ARGUMENT = 5,          /* the command takes no argument, or there is more after it */
    EHLO_ERROR_EXPECTED_FROM = 6,                /* MAIL (SEND, SOML, SAML) is not followed by "FROM:" */
    EHLO_ERROR_EXPECTED_TO = 7,                  /* RCPT is not followed by "TO:" */
    EHLO_ERROR_EXPECTED_PATH = 8,                /* no "<" where a path begins */
    EHLO_ERROR_UNCLOSED_PATH = 9,                /* no ">" where a path ends */
    EHLO_ERROR_NULL_PATH = 10,                   /* "<>" where a recipient is needed */
    EHLO_ERROR_BAD_ROUTE = 11,                   /* a source route is not "@domain,@domain:" */
    EHLO_ERROR_BAD_LOCAL_PART = 12,              /* neither a dot-string nor a quoted string */
    EHLO_ERROR_BAD_QUOTED_STRING = 13,           /* an octet that may not stand between quotes, or no closing quote */
    EHLO_ERROR_MISSING_DOMAIN = 14,              /* no "@" and domain after the local part */
    EHLO_ERROR_BAD_DOMAIN = 15,                  /* not labels of letters, digits and inner hyphens, joined by dots */
    EHLO_ERROR_BAD_ADDRESS_LITERAL = 16,         /* "[...]" is no IPv4, IPv6 or general address literal */
    EHLO_ERROR_BAD_PARAMETER = 17,               /* not keyword ["=" value] */
    EHLO_ERROR_BAD_PARAMETER_VALUE = 18,         /* the value does not fit this keyword */
    EHLO_ERROR_UNKNOWN_ATTRIBUTE = 19,           /* no attribute of XCLIENT, or of XFORWARD */
    EHLO_ERROR_DUPLICATE_PARAMETER = 20,         /* the same keyword twice */
    EHLO_ERROR_CONFLICTING_PARAMETERS = 21,      /* parameters that exclude each other, or one without another that it needs */
    EHLO_ERROR_NON_ASCII = 22,                   /* an octet over 127 without SMTPUTF8 */
    EHLO_ERROR_BAD_UTF8 = 23,                    /* octets over 127 that are not UTF-8 */
    EHLO_ERROR_NUL_OCTET = 24,                   /* an octet 0 */
    EHLO_ERROR_BARE_CR = 25,                     /* CR that no LF follows */
    EHLO_ERROR_BARE_LF = 26,                     /* LF that no CR precedes */
    EHLO_ERROR_BAD_NUMBER = 27,                  /* not a decimal number */
    EHLO_ERROR_BAD_REPLY_CODE = 28,              /* a reply line does not begin with [2-5][0-9][0-9] */
    EHLO_ERROR_BAD_REPLY_SEPARATOR = 29,         /* the octet after a reply code is neither SP nor "-" */
    EHLO_ERROR_MIXED_REPLY_CODES = 30,           /* the lines of one reply carry different codes */
    EHLO_ERROR_BAD_STATUS = 31,                  /* not an enhanced status code, or of another class than its reply */
    EHLO_ERROR_BAD_BASE64 = 32,                  /* not canonical base64 */
    EHLO_ERROR_BAD_XTEXT = 33,                   /* not xtext, or a control hidden in it */
    EHLO_ERROR_BAD_DATE_TIME = 34,               /* not a date-time of RFC 3339, or no such day */
    EHLO_ERROR_BAD_MECHANISM = 35,               /* not the name of a SASL mechanism */
    EHLO_ERROR_BAD_SASL_MESSAGE = 36,            /* decoded, but no message of its mechanism */
    EHLO_ERROR_UNEXPECTED_INITIAL_RESPONSE = 37, /* AUTH with one, for a mechanism that begins with a challenge */
    EHLO_ERROR_BAD_URL = 38,                     /* not an absolute URI */
    EHLO_ERROR_BAD_PROXY_HEADER = 39,            /* not a PROXY header of version 1 or 2 */
    EHLO_ERROR_BAD_CHECKSUM = 40,                /* the CRC32c in a PROXY header is not that of its octets */
    EHLO_ERROR_LINE_TOO_LONG = 41,
    EHLO_ERROR_LOCAL_PART_TOO_LONG = 42,
    EHLO_ERROR_DOMAIN_TOO_LONG = 43,
    EHLO_ERROR_PATH_TOO_LONG = 44,
    EHLO_ERROR_PARAMETER_TOO_LONG = 45,
    EHLO_ERROR_NUMBER_TOO_LARGE = 46,
    EHLO_ERROR_TOO_MANY_RECIPIENTS = 47,
    EHLO_ERROR_TOO_MANY_ERRORS = 48,
    EHLO_ERROR_MESSAGE_TOO_LARGE = 49,
    EHLO_ERROR_REPLY_TOO_LONG = 50,
    EHLO_ERROR_AUTH_LINE_TOO_LONG = 51,          /* a line of an AUTH exchange */
    EHLO_ERROR_PROXY_HEADER_TOO_LONG = 52,       /* version 1: over 107 octets; version 2: over the limit */
    EHLO_ERROR_BAD_SEQUENCE = 53,                /* the table of states has no such command here */
    EHLO_ERROR_NOT_IMPLEMENTED = 54,             /* the verb is known, this session does not do it */
    EHLO_ERROR_NOT_AUTHENTICATED = 55,           /* the service wants authentication first */
    EHLO_ERROR_TLS_REQUIRED = 56,                /* the service wants TLS first */
    EHLO_ERROR_MECHANISM_NEEDS_TLS = 57,         /* AUTH with a mechanism that sends a password in the clear, without TLS */
    EHLO_ERROR_UNKNOWN_PARAMETER = 58,           /* well formed, but this session does not offer it */
    EHLO_ERROR_UNEXPECTED_REPLY = 59,            /* a reply that nobody asked for */
    EHLO_ERROR_BAD_REPLY_CLASS = 60,             /* a reply of a class that the command cannot have */
    EHLO_ERROR_SESSION_OVER = 61,                /* the session is closed or broken */
    EHLO_ERROR_UNKNOWN_MECHANISM = 62,           /* AUTH with a mechanism that this session does not offer */
    EHLO_ERROR_AUTH_CANCELLED = 63,              /* the client gave up an AUTH exchange */
    EHLO_ERROR_EARLY_OCTETS = 64,                /* octets that came before the reply, or the TLS handshake, they had to wait for */
    EHLO_ERROR_OUTPUT_FULL = 65,                 /* the buffer is too small; nothing was written */
    EHLO_ERROR_UNSAFE_OCTET = 66,                /* CR, LF or NUL in an argument to be written; nothing was written */
    EHLO_ERROR_BAD_VALUE = 67,                   /* a value that has no spelling on the wire; nothing was written */
    EHLO_ERROR_NOT_OFFERED = 68,                 /* the server did not offer this extension */
    EHLO_ERROR_TOO_MANY_OUTSTANDING = 69,        /* more commands under way than the client can keep account of */
    EHLO_ERROR_END_HAS_BEGUN = 70,               /* content after a part of its end was written */
    EHLO_ERROR_MISSING_OCTETS = 71               /* fewer octets than were there before and are not consumed */
};

enum ehlo_blame {
    EHLO_BLAME_MALFORMED = 0,
    EHLO_BLAME_LIMIT = 1,
    EHLO_BLAME_SEQUENCE = 2,
    EHLO_BLAME_MISUSE = 3
};

enum ehlo_verb {
    EHLO_VERB_UNKNOWN = 0,
    EHLO_VERB_HELO = 1,
    EHLO_VERB_EHLO = 2,
    EHLO_VERB_MAIL = 3,
    EHLO_VERB_RCPT = 4,
    EHLO_VERB_DATA = 5,
    EHLO_VERB_RSET = 6,
    EHLO_VERB_NOOP = 7,
    EHLO_VERB_QUIT = 8,
    EHLO_VERB_VRFY = 9,
    EHLO_VERB_EXPN = 10,
    EHLO_VERB_HELP = 11,
    EHLO_VERB_SEND = 12,
    EHLO_VERB_SOML = 13,
    EHLO_VERB_SAML = 14,
    EHLO_VERB_TURN = 15,
    EHLO_VERB_LHLO = 16,
    EHLO_VERB_STARTTLS = 17,
    EHLO_VERB_AUTH = 18,
    EHLO_VERB_BDAT = 19,
    EHLO_VERB_BURL = 20,
    EHLO_VERB_ETRN = 21,
    EHLO_VERB_ATRN = 22,
    EHLO_VERB_XCLIENT = 23,
    EHLO_VERB_XFORWARD = 24,
    EHLO_VERB_VERBOSE = 25,
    EHLO_VERB_ONEX = 26
};

enum ehlo_state {
    EHLO_STATE_CONNECTED = 0,  /* the connection is there, the greeting is not */
    EHLO_STATE_GREETED = 1,    /* 220 sent, no EHLO yet; also after TLS has begun, and after XCLIENT */
    EHLO_STATE_READY = 2,      /* EHLO or HELO accepted, no transaction */
    EHLO_STATE_MAIL = 3,       /* MAIL accepted, no recipient yet */
    EHLO_STATE_RCPT = 4,       /* at least one recipient accepted */
    EHLO_STATE_CONTENT = 5,    /* 354 sent: octets are content until it ends */
    EHLO_STATE_CHUNK = 6,      /* the octets of a BDAT are under way */
    EHLO_STATE_CHUNKS = 7,     /* a chunk was accepted that was not the last one (RFC 3030 2) */
    EHLO_STATE_SPOILT = 8,     /* a chunk was refused: the transaction is over, and nothing but RSET, EHLO and QUIT leads on (RFC 3030 2) */
    EHLO_STATE_EXCHANGE = 9,   /* 334 sent: lines are responses until AUTH is done (RFC 4954 4) */
    EHLO_STATE_HANDSHAKE = 10, /* 220 sent to STARTTLS: nothing is heard until TLS is there (RFC 3207 4) */
    EHLO_STATE_REFUSED = 11,   /* the greeting was 554 or another refusal: nothing but QUIT is heard (RFC 5321 3.1) */
    EHLO_STATE_TURNED = 12,    /* TURN or ATRN accepted: the roles are changed, and this session is over (RFC 2645 5.3) */
    EHLO_STATE_CLOSED = 13     /* the end */
};

enum ehlo_event {
    EHLO_EVENT_GREETING = 0,        /* the server's first reply */
    EHLO_EVENT_HELLO = 1,           /* EHLO, LHLO */
    EHLO_EVENT_HELO = 2,
    EHLO_EVENT_MAIL = 3,            /* MAIL, SEND, SOML, SAML */
    EHLO_EVENT_RCPT = 4,
    EHLO_EVENT_DATA = 5,
    EHLO_EVENT_CONTENT_END = 6,     /* CRLF "." CRLF */
    EHLO_EVENT_RSET = 7,
    EHLO_EVENT_NOOP = 8,
    EHLO_EVENT_VRFY = 9,
    EHLO_EVENT_EXPN = 10,
    EHLO_EVENT_HELP = 11,
    EHLO_EVENT_VERBOSE = 12,
    EHLO_EVENT_ONEX = 13,
    EHLO_EVENT_QUIT = 14,
    EHLO_EVENT_STARTTLS = 15,
    EHLO_EVENT_SECURED = 16,        /* the TLS handshake is over */
    EHLO_EVENT_AUTH = 17,
    EHLO_EVENT_RESPONSE = 18,       /* a line of the client in an AUTH exchange */
    EHLO_EVENT_BDAT = 19,           /* the line; its octets follow */
    EHLO_EVENT_CHUNK_END = 20,      /* the last octet of a chunk that is not the last one */
    EHLO_EVENT_LAST_CHUNK_END = 21,
    EHLO_EVENT_BURL = 22,
    EHLO_EVENT_LAST_BURL = 23,
    EHLO_EVENT_ETRN = 24,
    EHLO_EVENT_XFORWARD = 25,
    EHLO_EVENT_XCLIENT = 26,
    EHLO_EVENT_TURN = 27,
    EHLO_EVENT_ATRN = 28,
    EHLO_EVENT_PARAMETER = 29,      /* a parameter of MAIL, RCPT, VRFY or EXPN */
    EHLO_EVENT_SHUTDOWN = 30,       /* 421 that answers no command */
    EHLO_EVENT_LOST = 31,           /* the connection was lost */
    EHLO_EVENT_TLS_LOST = 32        /* TLS ended and the connection did not */
};

enum ehlo_fact {
    EHLO_FACT_EXTENDED = 0,       /* EHLO or LHLO was accepted, not HELO: extensions may be used */
    EHLO_FACT_TLS = 1,            /* TLS is there */
    EHLO_FACT_AUTHENTICATED = 2,
    EHLO_FACT_SMTPUTF8 = 3,       /* this transaction asked for it */
    EHLO_FACT_BINARY = 4,         /* this transaction is BODY=BINARYMIME */
    EHLO_FACT_PRDR = 5            /* this transaction asked for a reply for each recipient (draft-hall-prdr-00) */
};

enum ehlo_extension {
    EHLO_EXTENSION_SIZE = 0,
    EHLO_EXTENSION_EIGHT_BIT_MIME = 1,
    EHLO_EXTENSION_PIPELINING = 2,
    EHLO_EXTENSION_ENHANCED_STATUS_CODES = 3,
    EHLO_EXTENSION_SMTPUTF8 = 4,
    EHLO_EXTENSION_HELP = 5,
    EHLO_EXTENSION_VRFY = 6,
    EHLO_EXTENSION_EXPN = 7,
    EHLO_EXTENSION_CHUNKING = 8,
    EHLO_EXTENSION_BINARY_MIME = 9,
    EHLO_EXTENSION_DSN = 10,
    EHLO_EXTENSION_STARTTLS = 11,
    EHLO_EXTENSION_AUTH = 12,
    EHLO_EXTENSION_DELIVER_BY = 13,
    EHLO_EXTENSION_FUTURE_RELEASE = 14,
    EHLO_EXTENSION_MT_PRIORITY = 15,
    EHLO_EXTENSION_RRVS = 16,
    EHLO_EXTENSION_REQUIRE_TLS = 17,
    EHLO_EXTENSION_LIMITS = 18,
    EHLO_EXTENSION_MTRK = 19,
    EHLO_EXTENSION_NO_SOLICITING = 20,
    EHLO_EXTENSION_CONPERM = 21,
    EHLO_EXTENSION_CONNEG = 22,
    EHLO_EXTENSION_BURL = 23,
    EHLO_EXTENSION_CHECKPOINT = 24,
    EHLO_EXTENSION_ETRN = 25,
    EHLO_EXTENSION_ATRN = 26,
    EHLO_EXTENSION_SUBMITTER = 27,
    EHLO_EXTENSION_UTF8SMTP = 28,
    EHLO_EXTENSION_SEND = 29,
    EHLO_EXTENSION_SOML = 30,
    EHLO_EXTENSION_SAML = 31,
    EHLO_EXTENSION_TURN = 32,
    EHLO_EXTENSION_VERBOSE = 33,
    EHLO_EXTENSION_ONEX = 34,
    EHLO_EXTENSION_XCLIENT = 35,
    EHLO_EXTENSION_XFORWARD = 36,
    EHLO_EXTENSION_PRDR = 37
};

enum ehlo_rule {
    EHLO_RULE_BARE_LF_LINE = 0,                /* LF alone ends a command line */
    EHLO_RULE_SPACE_AFTER_COLON = 1,           /* MAIL FROM: <a@b> */
    EHLO_RULE_MISSING_BRACKETS = 2,            /* MAIL FROM:a@b */
    EHLO_RULE_MISSING_DOMAIN = 3,              /* <drozd>, a mailbox without a domain */
    EHLO_RULE_SPACES_IN_ROUTE = 4,             /* <@A, @B: c@d> */
    EHLO_RULE_IPV6_SINGLE_GROUP = 5,           /* "::" for one group of zeros */
    EHLO_RULE_UNDERSCORE_IN_DOMAIN = 6,        /* <a@b_c.example> */
    EHLO_RULE_TRAILING_DOT = 7,                /* <a@b.example.> */
    EHLO_RULE_LOOSE_DOTS = 8,                  /* <a..b@c>, <.a@c>, <a.@c> */
    EHLO_RULE_UTF8_WITHOUT_SMTPUTF8 = 9,       /* octets over 127, if UTF-8, where SMTPUTF8 was not asked for */
    EHLO_RULE_SPACES_AFTER_VERB = 10,          /* HELO  usc.edu: more than one space between verb and argument */
    EHLO_RULE_TEXT_AFTER_HELLO = 11,           /* EHLO [192.0.2.1] a text: the habit of RFC 2821's days (RFC 5321 4.1.1.1) */
    EHLO_RULE_MIXED_REPLY_CODES = 12,          /* the lines of one reply carry different codes; the last one counts */
    EHLO_RULE_TAB_AFTER_COLON = 13,            /* MAIL FROM: HTAB <a@b>: KumoMTA */
    EHLO_RULE_SPACE_BEFORE_COLON = 14,         /* MAIL FROM : <a@b> */
    EHLO_RULE_SPACES_BETWEEN_PARAMETERS = 15,  /* MAIL FROM:<a@b>  SIZE=1   BODY=7BIT: more than one space before a parameter */
    EHLO_RULE_LOWER_CASE_HEXCHAR = 16,         /* ENVID=a+2b: xtext of RFC 3461 with lower-case digits */
    EHLO_RULE_AUTH_NOT_A_MAILBOX = 17,         /* AUTH=test, AUTH=<user>, at MAIL: KMail, E-MailRelay */
    EHLO_RULE_ANY_HELLO_NAME = 18,             /* EHLO my_pc.., EHLO [::1], HELO alone: whatever stands there is the name, nothing too */
    EHLO_RULE_BLANKS_IN_EHLO_ANSWER = 19,      /* "SIZE  1000 ", "PIPELINING" HTAB: spaces or tabs where one space, or none, should stand */
    EHLO_RULE_DOVECOT_XCLIENT = 20,            /* XCLIENT SESSION=a TTL=5: attributes that Dovecot has and Postfix does not */
    EHLO_RULE_REPEATED_ATTRIBUTE = 21,         /* XCLIENT HELO=a HELO=b: an attribute twice; the last one counts */
    EHLO_RULE_EMPTY_LINE_BETWEEN_REPLIES = 22, /* CRLF alone before a reply: it is passed over */
    EHLO_RULE_BARE_LF_REPLY = 23,              /* LF alone ends a line of a reply */
    EHLO_RULE_CONTROLS_IN_REPLY = 24,          /* CR alone, or NUL, in a line of a reply: it is of the text */
    EHLO_RULE_ODD_REPLY_SEPARATOR = 25,        /* 250_ok, 250: ok: the line is the last one, as if a space stood there */
    EHLO_RULE_ODD_REPLY_CODE = 26,             /* 950 ok, 150 ok: any three digits; what does not begin with 2 or 3 is a refusal */
    EHLO_RULE_WIDE_ORCPT = 27                  /* ORCPT=rfc822;+C3+B6@a: octets over 127 where the type is not utf-8: Postfix 3.7 */
};

enum ehlo_mechanism {
    EHLO_MECHANISM_UNKNOWN = 0,
    EHLO_MECHANISM_PLAIN = 1,               /* RFC 4616 */
    EHLO_MECHANISM_LOGIN = 2,               /* never standardised; draft-murchison-sasl-login */
    EHLO_MECHANISM_EXTERNAL = 3,            /* RFC 4422 A */
    EHLO_MECHANISM_ANONYMOUS = 4,           /* RFC 4505 */
    EHLO_MECHANISM_CRAM_MD5 = 5,            /* RFC 2195 */
    EHLO_MECHANISM_DIGEST_MD5 = 6,          /* RFC 2831, historic: by name only */
    EHLO_MECHANISM_SCRAM_SHA_1 = 7,         /* RFC 5802 */
    EHLO_MECHANISM_SCRAM_SHA_1_PLUS = 8,    /* RFC 5802 */
    EHLO_MECHANISM_SCRAM_SHA_256 = 9,       /* RFC 7677 */
    EHLO_MECHANISM_SCRAM_SHA_256_PLUS = 10, /* RFC 7677 */
    EHLO_MECHANISM_XOAUTH2 = 11,            /* Google and Microsoft, before RFC 7628 */
    EHLO_MECHANISM_OAUTHBEARER = 12         /* RFC 7628 */
};

enum ehlo_body {
    EHLO_BODY_SEVEN_BIT = 0,
    EHLO_BODY_EIGHT_BIT_MIME = 1,
    EHLO_BODY_BINARY_MIME = 2
};

enum ehlo_path_kind {
    EHLO_PATH_NULL = 0,
    EHLO_PATH_POSTMASTER = 1,
    EHLO_PATH_MAILBOX = 2
};

enum ehlo_host_kind {
    EHLO_HOST_DOMAIN = 0,
    EHLO_HOST_IPV4 = 1,
    EHLO_HOST_IPV6 = 2,
    EHLO_HOST_GENERAL = 3
};

enum ehlo_want {
    EHLO_WANT_READ = 0,   /* more input */
    EHLO_WANT_WRITE = 1,  /* send what was produced, and call again with the rest of the input */
    EHLO_WANT_ROOM = 2,   /* an output of reply_space octets: this one was smaller, and sending would not help; then as `write` */
    EHLO_WANT_REPLY = 3,  /* the answer that a handler put off with reply::later */
    EHLO_WANT_TLS = 4,    /* send what was produced, do the TLS handshake, call `secured` (RFC 3207 4); no octet may be left over */
    EHLO_WANT_TURN = 5,   /* send what was produced; from now on the peer is the server (RFC 2645 5.3), and this session is over */
    EHLO_WANT_CLOSE = 6   /* send what was produced, and close the connection */
};

enum ehlo_service {
    EHLO_SERVICE_SMTP = 0,        /* RFC 5321 */
    EHLO_SERVICE_SUBMISSION = 1,  /* RFC 6409: authentication is required, see policy::require_authentication */
    EHLO_SERVICE_LMTP = 2         /* RFC 2033: LHLO, and one reply for each recipient when the content has ended */
};

enum ehlo_early_octets {
    EHLO_EARLY_ACCEPT = 0,  /* they are read when their turn comes */
    EHLO_EARLY_REJECT = 1   /* 554, and the session ends */
};

enum ehlo_bare_octets {
    EHLO_BARE_REJECT = 0,     /* take the whole content, then refuse it (the encoder: refuse to send it) */
    EHLO_BARE_NORMALIZE = 1,  /* make CRLF of it */
    EHLO_BARE_PASS = 2        /* hand it on as it is (the encoder refuses it all the same: what leaves must be clean) */
};

enum ehlo_tls_use {
    EHLO_TLS_OPTIONAL = 0,    /* it is the caller's business */
    EHLO_TLS_IF_OFFERED = 1,  /* where STARTTLS is offered, no mail and no AUTH before it; go on without if it was refused */
    EHLO_TLS_REQUIRED = 2     /* no mail and no AUTH without it, whatever the server offers */
};

enum ehlo_verdict {
    EHLO_VERDICT_DELIVERED = 0,  /* the server has taken responsibility */
    EHLO_VERDICT_REFUSED = 1,    /* for good */
    EHLO_VERDICT_LATER = 2,      /* to be tried again */
    EHLO_VERDICT_UNKNOWN = 3     /* not decided yet; or its end was sent, and the connection was lost before the reply (RFC 1047) */
};

enum ehlo_direction {
    EHLO_DIRECTION_FROM_CLIENT = 0,
    EHLO_DIRECTION_FROM_SERVER = 1
};

enum ehlo_sight {
    EHLO_SIGHT_BOTH = 0,
    EHLO_SIGHT_CLIENT_ONLY = 1,
    EHLO_SIGHT_SERVER_ONLY = 2
};

enum ehlo_awaits {
    EHLO_AWAITS_OCTETS = 0,         /* more of this direction, or of the other */
    EHLO_AWAITS_REPLY = 1,          /* the client's octets cannot be read before the server's reply is known: leave them, and give it the server's */
    EHLO_AWAITS_CLIENT_OCTETS = 2   /* the client's octets that were left come first: give it them, then these again */
};

enum ehlo_departure {
    EHLO_DEPARTURE_MALFORMED = 0,               /* a command, an AUTH response or a reply: `why` */
    EHLO_DEPARTURE_TOLERATED = 1,               /* a command or a reply under the rules of leniency that were asked for: `rules` */
    EHLO_DEPARTURE_OUT_OF_ORDER = 2,            /* a command: `why` */
    EHLO_DEPARTURE_NOT_OFFERED = 3,             /* a command, or one with a parameter, that the latest EHLO did not offer */
    EHLO_DEPARTURE_PIPELINING_NOT_OFFERED = 4,  /* a command before the reply to the one before it */
    EHLO_DEPARTURE_DID_NOT_WAIT = 5,            /* octets after a command that must be the last of a group (RFC 2920 3.1) */
    EHLO_DEPARTURE_EARLY_TALKER = 6,            /* a command before the greeting */
    EHLO_DEPARTURE_AFTER_STARTTLS = 7,          /* octets in the clear after STARTTLS, or its 220 (RFC 3207 4.2) */
    EHLO_DEPARTURE_AFTER_THE_END = 8,           /* octets after QUIT, or after a 421 */
    EHLO_DEPARTURE_BARE_CR = 9,
    EHLO_DEPARTURE_BARE_LF = 10,
    EHLO_DEPARTURE_NUL = 11,
    EHLO_DEPARTURE_LONG_LINE = 12,              /* a command or a line of a reply over 512 octets, a line of content over 998 */
    EHLO_DEPARTURE_SMUGGLED_END = 13,           /* content has a line that others take for its end: `line` */
    EHLO_DEPARTURE_OTHER_END = 14,              /* content ended at such a line, as the endpoint is said to read: `line` */
    EHLO_DEPARTURE_MAY_BE_CHUNK = 15,           /* a refused line that a laxer reader may take for BDAT, and the next octets for its chunk */
    EHLO_DEPARTURE_CONTENT_FOR_NOBODY = 16,     /* after 354, though no recipient was accepted (RFC 2920 3.1) */
    EHLO_DEPARTURE_UNEXPECTED_REPLY = 17,       /* nobody asked for it */
    EHLO_DEPARTURE_EARLY_REPLY = 18,            /* to content, or a chunk, that has not ended */
    EHLO_DEPARTURE_BAD_REPLY_CLASS = 19,        /* the command cannot have such a reply */
    EHLO_DEPARTURE_TOO_MANY_UNDER_WAY = 20      /* more commands without a reply than an observer keeps: it must find its step again */
};

enum ehlo_outcome {
    EHLO_OUTCOME_DELIVERED = 0,  /* the server said yes to the message; in LMTP for one recipient at least */
    EHLO_OUTCOME_REFUSED = 1,
    EHLO_OUTCOME_ABANDONED = 2,  /* by RSET, EHLO, QUIT, or because the connection was lost before its end was sent */
    EHLO_OUTCOME_UNKNOWN = 3     /* its end was sent and the reply not seen; or octets were lost */
};

enum ehlo_dot_line {
    EHLO_DOT_LINE_CRLF_DOT_CRLF = 0,  /* the end */
    EHLO_DOT_LINE_LF_DOT_LF = 1,
    EHLO_DOT_LINE_LF_DOT_CRLF = 2,
    EHLO_DOT_LINE_LF_DOT_CR = 3,
    EHLO_DOT_LINE_CRLF_DOT_LF = 4,
    EHLO_DOT_LINE_CRLF_DOT_CR = 5,
    EHLO_DOT_LINE_CR_DOT_LF = 6,
    EHLO_DOT_LINE_CR_DOT_CRLF = 7,
    EHLO_DOT_LINE_CR_DOT_CR = 8,
    EHLO_DOT_LINE_WITH_NUL = 9        /* any of them with NULs beside the dot, which some drop */
};

#endif
