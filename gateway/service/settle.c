/* SPDX-License-Identifier: GPL-3.0-or-later */
/* See settle.h. */
#include "gateway/service/settle.h"

#define SECOND ((int64_t)1000000)

bool settled(int64_t first, int64_t last, int64_t now)
{
	return first && (now - last >= SETTLE_SECONDS * SECOND || now - first >= SETTLE_LATEST_SECONDS * SECOND);
}
