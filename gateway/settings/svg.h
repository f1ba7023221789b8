/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A logo in SVG, judged by what it may hold.
 *
 * In <img>, where ours stands, browsers run no script of an SVG and load
 * nothing that it names.  What would be dropped there in silence is refused
 * here, so that nobody wonders; and a file that holds drawing and nothing else
 * stays harmless wherever it is shown later.  So: elements and attributes that
 * draw, values without addresses, what editors note for themselves.
 */
#ifndef GATEWAY_SVG_H
#define GATEWAY_SVG_H

#include "base/arena.h"

/* NULL, or what is wrong with it. */
const char *svg_fault(struct arena *a, struct slice bytes);

/* ---- svg_values.c: values of attributes and style sheets, in which references (&amp;) were replaced ---- */

bool svg_is_attribute(struct slice name);       /* of those that draw, but href and the ones that are text */
bool svg_is_text_attribute(struct slice name);  /* names things: id, class, data-name */
const char *svg_style_fault(struct arena *a, struct slice value, bool is_sheet);
const char *svg_link_fault(struct arena *a, struct slice value, bool is_image);

#endif
