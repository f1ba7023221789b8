/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Colours of the pages: six hexadecimal digits, and whether people can read one on another (WCAG 2.2, 1.4.3). */
#ifndef GATEWAY_COLOURS_H
#define GATEWAY_COLOURS_H

struct colour {
	unsigned char red, green, blue;
};

#define COLOUR_CONTRAST_MIN 4.5

/* "#005ea2" or "005ea2"; 0 or -1. */
int colour_read(const char *text, struct colour *out);
/* From 1 to 21, whichever of them is in front. */
double colour_contrast(struct colour a, struct colour b);
/* Black or white, whichever is easier to read on it; at least 4.5 either way. */
struct colour colour_upon(struct colour ground);
/* The colour itself, or brighter until it can be read on a dark ground. */
struct colour colour_brightened(struct colour c, struct colour ground);

#endif
