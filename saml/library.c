/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Start and end of libxml2 and xmlsec1, and where their messages go. */
#include "saml/library.h"

#include "base/log.h"

#include <stdbool.h>

#include <libxml/parser.h>
#include <libxml/xmlerror.h>
#include <xmlsec/crypto.h>
#include <xmlsec/errors.h>
#include <xmlsec/list.h>
#include <xmlsec/transforms.h>
#include <xmlsec/xmlsec.h>

static bool own_xmlsec;
static bool own_libxml;

/* Both libraries describe foreign documents here, so nothing of it goes above debug. */
static void on_xml_error(void *context, xmlErrorPtr error)
{
	(void)context;
	if (log_wants(LOG_LEVEL_DEBUG))
		log_debug("libxml2", "message", error && error->message ? error->message : "", NULL);
}

static void on_xmlsec_error(const char *file, int line, const char *function, const char *object, const char *subject,
	int reason, const char *message)
{
	(void)file;
	(void)line;
	(void)reason;
	if (log_wants(LOG_LEVEL_DEBUG))
		log_debug("xmlsec1", "function", function ? function : "", "object", object ? object : "", "subject",
			subject ? subject : "", "message", message ? message : "", NULL);
}

/* lasso_init may have been here before us: xmlsec1 registers everything twice when started twice. */
static bool xmlsec_runs(void)
{
	return xmlSecTransformIdsGet()->id != NULL;
}

int saml_library_start(struct error *err)
{
	if (!own_libxml) {
		xmlInitParser();
		own_libxml = true;
	}
	if (!xmlsec_runs()) {
		if (xmlSecInit() < 0 || xmlSecCheckVersion() != 1)
			return error_set(err, REASON_INTERNAL, "xmlsec1 does not start");
		if (xmlSecCryptoAppInit(NULL) < 0 || xmlSecCryptoInit() < 0)
			return error_set(err, REASON_INTERNAL, "the OpenSSL part of xmlsec1 does not start");
		own_xmlsec = true;
	}
	xmlSetStructuredErrorFunc(NULL, on_xml_error);
	xmlSecErrorsSetCallback(on_xmlsec_error);
	return 0;
}

void saml_library_stop(void)
{
	if (own_xmlsec) {
		xmlSecCryptoShutdown();
		xmlSecCryptoAppShutdown();
		xmlSecShutdown();
		own_xmlsec = false;
	}
	if (own_libxml) {
		xmlSetStructuredErrorFunc(NULL, NULL);
		xmlCleanupParser();
		own_libxml = false;
	}
}
