/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sorting, and looking up by halves. */
#include "provision/sorted.h"

#include <stdlib.h>

static int compare(const void *x, const void *y)
{
	return strcmp(*(const char *const *)x, *(const char *const *)y);
}

size_t sort_texts(const char **texts, size_t n)
{
	size_t kept = 0;

	if (n)
		qsort(texts, n, sizeof(*texts), compare);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || strcmp(texts[kept - 1], texts[i]) != 0)
			texts[kept++] = texts[i];
	texts[kept] = NULL;
	return kept;
}

bool texts_have(const char *const *texts, const char *text)
{
	for (; texts && *texts; texts++)
		if (strcmp(*texts, text) == 0)
			return true;
	return false;
}

bool sorted_have(const char *const *texts, size_t n, const char *text)
{
	return n && bsearch(&text, texts, n, sizeof(*texts), compare) != NULL;
}

size_t texts_count(const char *const *texts)
{
	size_t n = 0;

	while (texts && texts[n])
		n++;
	return n;
}
