/* What the tests of the C interface share. */
#ifndef CHECK_H
#define CHECK_H

#include <ehlo/ehlo.h>

#include <stdio.h>
#include <string.h>

extern unsigned checks, faults;

#define CHECK(what) ((void)(checks++, (what) ? 0 : (faults++, printf("%s:%d: %s\n", __FILE__, __LINE__, #what))))

static inline int is(ehlo_text t, char const* s) { return t.data && t.size == strlen(s) && memcmp(t.data, s, t.size) == 0; }
static inline int wrote(ehlo_buffer const* b, char const* s) { return b->size == strlen(s) && memcmp(b->data, s, b->size) == 0; }
static inline int fails(ehlo_failure f, unsigned error, unsigned at) { return f.error == error && f.at == at; }

void test_sessions(void);

#endif
