/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A folder with all that a start reads. */
#ifndef TESTS_LOADED_STAGE_H
#define TESTS_LOADED_STAGE_H

#include "tests/unit/unit.h"

#include "base/text.h"
#include "gateway/gateway.h"
#include "gateway/service/listeners.h"
#include "gateway/service/loaded.h"
#include "tests/unit/keys.h"

#include <fcntl.h>
#include <pwd.h>
#include <unistd.h>

#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static const char settings[] =
	"public_url: http://sso.localhost:8080\n"
	"listen: 127.0.0.1:0\n"
	"key: signing.key\n"                                            /* line 3 */
	"certificate: signing.crt\n"
	"state_dir: state\n"
	"runtime_dir: run\n"
	"tls_certificate: tls.crt\n"
	"tls_key: tls.key\n"                                            /* line 8 */
	"identity_providers:\n"
	"  entra:\n"
	"    metadata: entra.xml\n"                                     /* line 11 */
	"connections:\n"
	"  organisation: {kind: managed, entity_id: x, acs: \"https://x.example/acs\", start: \"https://x.example\"}\n"
	"directories:\n"
	"  corp:\n"
	"    uri: ldap://127.0.0.1:1\n"
	"    bind_dn: cn=postern\n"
	"    password_file: password\n"                                 /* line 18 */
	"    people: {base: dc=example}\n"
	"    groups: {base: dc=example}\n"
	"    join: {objectidentifier: employeeNumber}\n"
	"rules:\n"
	"  - {name: all, when: \"department = x\", outcome: licensed}\n"
	"decryption_keys:\n"
	"  - {key: open.key, certificate: open.crt}\n";                 /* line 25 */

static char folder[64];
static struct arena *a;
static struct test_pair pair, other, weak;

static inline const char *path_of(const char *name)
{
	return arena_printf(a, "%s/%s", folder, name);
}

static inline void put(const char *name, mode_t mode, struct slice bytes)
{
	struct error err;

	assert_done(file_write(path_of(name), mode, bytes, &err), err);
}

static inline struct slice metadata_with(struct slice certificate_pem)
{
	const char *base64 = "";
	int64_t until;
	struct error err;

	if (certificate_pem.p)
		assert_done(saml_certificate_read(a, certificate_pem, &base64, &until, &err), err);
	return slice_c(arena_printf(a, "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"https://idp.example/\">"
		"<md:IDPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\"><md:KeyDescriptor use=\"signing\">"
		"<ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:X509Data><ds:X509Certificate>%s</ds:X509Certificate>"
		"</ds:X509Data></ds:KeyInfo></md:KeyDescriptor><md:SingleSignOnService "
		"Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\" Location=\"https://idp.example/sso\"/>"
		"</md:IDPSSODescriptor></md:EntityDescriptor>", base64));
}

static inline int begin(void **state)
{
	(void)state;
	put("p.yaml", 0644, slice_c(settings));
	put("signing.key", 0600, pair.key);
	put("signing.crt", 0644, pair.certificate);
	put("tls.key", 0600, other.key);
	put("tls.crt", 0644, other.certificate);
	put("open.key", 0600, pair.key);
	put("open.crt", 0644, pair.certificate);
	put("password", 0600, slice_c("secret\n"));
	put("entra.xml", 0644, metadata_with(other.certificate));
	return 0;
}

static inline int begin_all(void **state)
{
	struct error err;

	(void)state;
	a = arena_new();
	snprintf(folder, sizeof(folder), "/tmp/postern-loaded-XXXXXX");
	assert_non_null(mkdtemp(folder));
	assert_done(saml_start(&err), err);
	pair = test_rsa(a, 2048);
	other = test_rsa(a, 2048);
	weak = test_rsa(a, 1024);
	return 0;
}

static inline int end_all(void **state)
{
	static const char *const names[] = {"p.yaml", "signing.key", "signing.crt", "tls.key", "tls.crt", "open.key", "open.crt", "password", "entra.xml",
		"state/cookie.secret", "new.secret"};
	static const char *const folders[] = {"state/metadata", "state/mirror", "state/rules", "state/audit", "state/seen", "state/accounts", "state/provision",
		"state/scim", "state", "run", ""};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		unlink(path_of(names[i]));
	for (i = 0; i < sizeof(folders) / sizeof(*folders); i++)
		assert_int_equal(rmdir(path_of(folders[i])), 0);
	saml_stop();
	arena_free(a);
	return 0;
}

/* Problems go to standard error as log lines; what is asserted is the first of them. */
static inline int load_for(enum loaded_for what, struct error *err)
{
	int quiet = open("/dev/null", O_WRONLY | O_CLOEXEC), before = dup(STDERR_FILENO), rc;
	struct loaded l = {0};

	dup2(quiet, STDERR_FILENO);
	rc = loaded_read(path_of("p.yaml"), what, &l, err);
	dup2(before, STDERR_FILENO);
	close(quiet);
	close(before);
	if (rc == 0)
		loaded_free(&l);
	return rc;
}

static inline int load(struct error *err)
{
	return load_for(LOADED_FOR_SERVE, err);
}

static inline void assert_told(const struct error *err, const char *place, const char *words)
{
	if (!strstr(err->detail, place) || !strstr(err->detail, words))
		fail_msg("wanted %s … %s, got %s", place, words, err->detail);
}

#endif
