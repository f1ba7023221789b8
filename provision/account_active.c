/* SPDX-License-Identifier: GPL-3.0-or-later */
/* When somebody was last active, in the ways in which Atlassian's exports and interfaces have written it. */
#include "provision/accounts.h"

#include "base/encode.h"

#include <ctype.h>

/* Day or year: its digits; 0: none, or too many. */
static unsigned take_number(const char **p)
{
	unsigned v = 0;
	int n;

	for (n = 0; isdigit((unsigned char)**p) && n < 5; n++)
		v = v * 10 + (unsigned)(*(*p)++ - '0');
	return n < 5 ? v : 0;
}

/* "Nov", "November"; 0: none. */
static unsigned take_month(const char **p)
{
	static const char months[] = "janfebmaraprmayjunjulaugsepoctnovdec";
	const char *begin = *p;

	while (isalpha((unsigned char)**p))
		(*p)++;
	for (unsigned i = 0; *p - begin >= 3 && i < 12; i++)
		if (strncasecmp(begin, months + 3 * (size_t)i, 3) == 0)
			return i + 1;
	return 0;
}

static void skip(const char **p)
{
	while (**p == ' ' || **p == ',' || **p == '.' || **p == '-')
		(*p)++;
}

/* time_read judges whether there is such a day. */
static int day(unsigned year, unsigned month, unsigned day_of_month, const char *rest, int64_t *out)
{
	char text[32];

	if (year < 1970 || year > 9999 || month < 1 || month > 12 || day_of_month < 1 || day_of_month > 31 ||
		(*rest && !strchr(" T,", *rest)))
		return -1;
	snprintf(text, sizeof(text), "%04u-%02u-%02uT00:00:00Z", year, month, day_of_month);
	return time_read(slice_c(text), out) == 0 ? 1 : -1;
}

/* "2026-11-20" */
static int numbers(const char *p, int64_t *out)
{
	unsigned year = take_number(&p), month, of_month;

	if (*p++ != '-')
		return -1;
	month = take_number(&p);
	if (*p++ != '-')
		return -1;
	of_month = take_number(&p);
	return day(year, month, of_month, p, out);
}

/* "Nov 20, 2026", "20 Nov 2026" */
static int words(const char *p, int64_t *out)
{
	unsigned of_month = take_number(&p), month, year;

	skip(&p);
	month = take_month(&p);
	skip(&p);
	if (!of_month) {
		of_month = take_number(&p);
		skip(&p);
	}
	year = take_number(&p);
	return day(year, month, of_month, p, out);
}

int account_active(const char *text, int64_t *out)
{
	if (!text)
		return -1;
	text += strspn(text, " \t");
	if (strncasecmp(text, "never", 5) == 0)
		return 0;
	if (time_read(slice_c(text), out) == 0)
		return 1;
	return strlen(text) > 4 && text[4] == '-' ? numbers(text, out) : words(text, out);
}
