/* Parsers of others, beside ehlo in the same run and on the same octets.
 *
 * To compare with one of your own, or one that you have built, in C or in what C can call, write a file like this:
 *
 *     #include "peer.h"
 *
 *     static size_t commands(const char* in, size_t size) { return mine_parse_all(in, size); }
 *     static const ehlo_peer mine = {.name = "mine", .omits = "lengths", .commands = commands};
 *     EHLO_PEER(mine)
 *
 * and name it, and the libraries that it needs, when you configure:
 *
 *     cmake --preset bench -DEHLO_BENCH_PEERS="/path/mine.c;/path/libmine.a"
 *
 * All is called again and again on the same octets. A function that is null is not compared. Before anything is measured, what it
 * returns is held against what ehlo makes of the same: who takes another number of items is told of, who writes other octets is not
 * compared.
 */
#ifndef EHLO_BENCH_PEER_H
#define EHLO_BENCH_PEER_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ehlo_peer {
    const char* name;
    const char* omits; /* what it does not do that ehlo does, for the table */

    /* Commands, each with its CRLF: how many are well formed. Typed verb, path and parameters. */
    size_t (*commands)(const char* in, size_t size);
    /* The same for paths alone, each with brackets, and with CRLF after it. */
    size_t (*paths)(const char* in, size_t size);
    /* Replies: how many; each with its code and its lines. */
    size_t (*replies)(const char* in, size_t size);
    /* One answer to EHLO: which extensions; 1 if it was read. */
    size_t (*capabilities)(const char* in, size_t size);

    /* These return the octets written; `out` has twice the room of `in`, and more. */
    /* Content as it is on the wire, with its end, without what was added for the way. */
    size_t (*decode_content)(const char* in, size_t size, char* out);
    size_t (*encode_content)(const char* in, size_t size, char* out); /* with its end */
    size_t (*encode_base64)(const char* in, size_t size, char* out);
    size_t (*decode_base64)(const char* in, size_t size, char* out);

    /* 1 if all of it is UTF-8. */
    size_t (*check_utf8)(const char* in, size_t size);
} ehlo_peer;

void ehlo_add_peer(const ehlo_peer* peer);

#define EHLO_PEER(peer)                                                                  \
    __attribute__((constructor)) static void ehlo_add_this_peer(void) { ehlo_add_peer(&(peer)); }

#ifdef __cplusplus
}
#endif
#endif
