/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The libraries, once a process: lasso, which starts xmlsec1 with it, then
 * what is left of libxml2 and xmlsec1 (library.c).
 *
 * lasso and GLib write to standard error unless told otherwise; here their
 * words go to the log.  lasso reports as "critical" what is an ordinary
 * refusal, and our own errors already say what was refused, so its words are
 * for debugging; only what GLib calls fatal is more.
 */
#include "saml/library.h"
#include "saml/saml.h"

#include "base/log.h"

#include <lasso/lasso.h>

static GLogFunc glib_before;

static void to_log(const gchar *domain, GLogLevelFlags level, const gchar *message, gpointer data)
{
	(void)data;
	if (level & (G_LOG_LEVEL_ERROR | G_LOG_FLAG_FATAL))
		log_error("glib", "domain", domain ? domain : "", "text", message ? message : "", NULL);
	else if (log_wants(LOG_LEVEL_DEBUG))
		log_debug("glib", "domain", domain ? domain : "", "text", message ? message : "", NULL);
}

int saml_start(struct error *err)
{
	/* With this variable the environment could switch off lasso's signature checks. */
	unsetenv("LASSO_FLAG");
	glib_before = g_log_set_default_handler(to_log, NULL);
	if (lasso_init() != 0)
		return error_set(err, REASON_INTERNAL, "lasso does not start");
	/* Second, because lasso sends xmlsec1's errors to a printer of its own. */
	return saml_library_start(err);
}

void saml_stop(void)
{
	saml_library_stop();
	lasso_shutdown();
	g_log_set_default_handler(glib_before ? glib_before : g_log_default_handler, NULL);
}
