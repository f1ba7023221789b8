/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether a step says everything that its kind needs, before anything is sent.  Internal to provision/. */
#ifndef PROVISION_STEP_CHECK_H
#define PROVISION_STEP_CHECK_H

#include "provision/step.h"

/* PROVISION_STEP with what is missing, or is no id, or no clean text. */
int step_check(const struct step *step, struct error *err);

#endif
