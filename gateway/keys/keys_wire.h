/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a worker and its keys role say to one another: one question, one
 * answer, each one packet of their line (keys_line.h).
 *
 * A packet is a head and fields without names, each in its place: numbers of 8
 * bytes, texts and bytes with their length before them.  Both ends are this
 * program, yet each reads the other as it reads a stranger.
 */
#ifndef GATEWAY_KEYS_WIRE_H
#define GATEWAY_KEYS_WIRE_H

#include "base/text.h"
#include "gateway/keeper.h"

/* A Response of a person in 3,000 groups that are all told has 270 kB. */
#define KEYS_PACKET_MAX (384u << 10)
#define KEYS_MAGIC 0x31736b50u          /* "Pks1": another form gets another number */

enum keys_question { KEYS_ASSERTION = 1, KEYS_REJECTION, KEYS_QUERY, KEYS_UNWRAP };
enum keys_answer { KEYS_NO, KEYS_DONE, KEYS_NONE_OPENS };

struct keys_head {
	uint32_t magic;
	uint32_t what;                  /* keys_question or keys_answer */
	uint64_t id;                    /* of the question; the answer has the same */
	int64_t until;                  /* clock_monotonic_us: nobody waits any longer; 0 in an answer */
};

/* ---- writing: the head goes first ---- */

void wire_head(struct text *t, const struct keys_head *head);
void wire_number(struct text *t, uint64_t n);
void wire_bytes(struct text *t, struct slice s);        /* p NULL stays NULL */

/* ---- reading: past the first fault everything is 0, NULL, empty ---- */

struct wire {
	struct arena *arena;
	struct slice rest;
	bool bad;
};

bool wire_take_head(struct wire *w, struct keys_head *out);
uint64_t wire_take_number(struct wire *w);
struct slice wire_take_bytes(struct wire *w);           /* lent from the packet */
const char *wire_take_text(struct wire *w);             /* a copy; holds no NUL; NULL where NULL was written */
/* "SHA1" and "SHA256" as numbers; NULL, 0: another one. */
const char *wire_digest_name(uint64_t number);
uint64_t wire_digest_number(const char *name);
/* Nothing was wrong, and nothing is left. */
bool wire_is_done(const struct wire *w);

/* ---- the keys role's side (keys_answer.c) ---- */

/* One question to the keeper.  0 with the answer; -1: it has no head that one could answer. */
int keys_answer(struct arena *a, const struct keeper *keeper, struct slice question, struct slice *answer_out);
/* The answer KEYS_NO to the question with that id. */
struct slice keys_refusal(struct arena *a, uint64_t id, const struct error *why);

#endif
