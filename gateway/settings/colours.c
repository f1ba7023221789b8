/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Contrast as WCAG 2.2 defines it ("relative luminance", "contrast ratio"). */
#include "gateway/settings/colours.h"

#include "base/encode.h"

#include <math.h>
#include <string.h>

int colour_read(const char *text, struct colour *out)
{
	unsigned char bytes[3];

	text += *text == '#';
	if (strlen(text) != 6)
		return -1;
	for (int i = 0; i < 3; i++) {
		int high = hex_value(text[2 * i]), low = hex_value(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return -1;
		bytes[i] = (unsigned char)(high * 16 + low);
	}
	*out = (struct colour){bytes[0], bytes[1], bytes[2]};
	return 0;
}

static double linear(unsigned char channel)
{
	double v = channel / 255.0;

	return v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
}

static double luminance(struct colour c)
{
	return 0.2126 * linear(c.red) + 0.7152 * linear(c.green) + 0.0722 * linear(c.blue);
}

double colour_contrast(struct colour a, struct colour b)
{
	double x = luminance(a), y = luminance(b);

	return x > y ? (x + 0.05) / (y + 0.05) : (y + 0.05) / (x + 0.05);
}

struct colour colour_upon(struct colour ground)
{
	static const struct colour white = {255, 255, 255}, black = {0, 0, 0};

	return colour_contrast(white, ground) >= COLOUR_CONTRAST_MIN ? white : black;
}

static unsigned char brighter(unsigned char channel, int tenths)
{
	return (unsigned char)(channel + (255 - channel) * tenths / 10);
}

struct colour colour_brightened(struct colour c, struct colour ground)
{
	struct colour made = c;

	for (int tenths = 1; tenths <= 10 && colour_contrast(made, ground) < COLOUR_CONTRAST_MIN; tenths++)
		made = (struct colour){brighter(c.red, tenths), brighter(c.green, tenths), brighter(c.blue, tenths)};
	return made;
}
