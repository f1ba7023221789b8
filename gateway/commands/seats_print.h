/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The forms of `postern seats`; all say the same (seats.h). */
#ifndef GATEWAY_SEATS_PRINT_H
#define GATEWAY_SEATS_PRINT_H

#include "gateway/census/seats_record.h"

void seats_print_text(const struct seats *s);
void seats_print_csv(const struct seats *s);
void seats_print_json(const struct seats *s);
/* One page; without `names` nobody is named on it. */
struct slice seats_html(const struct seats *s, bool names);

#endif
