/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `postern check`: what is wrong, with file, line and key.
 *
 * Does what `serve` does before it starts, then what only time would show:
 * connects to the directories and metadata addresses, looks at the inventory,
 * and plays a sign-on through with lasso as the other side of each message.
 * Changes nothing.
 */
#include "base/clock.h"
#include "base/encode.h"
#include "base/log.h"
#include "base/random.h"
#include "gateway/commands/check.h"
#include "gateway/commands/commands.h"
#include "gateway/report.h"
#include "gateway/settings/settings.h"
#include "gateway/settings/settings_reader.h"

#include <sys/stat.h>

#define COOKIE_CHANGE_SECONDS 86400

void say(struct check *c, enum finding finding, const char *format, ...)
{
	static const char *const words[] = {"ok", "warning", "error"};
	va_list args;

	c->errors += finding == FINDING_ERROR;
	c->warnings += finding == FINDING_WARNING;
	printf("  %-8s ", words[finding]);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

/* The place in a condition stands below the line, as far in as what is said. */
static void say_problem(struct check *c, const char *problem)
{
	const char *below = strchr(problem, '\n'), *end;

	say(c, FINDING_ERROR, "%.*s", (int)(below ? (size_t)(below - problem) : strlen(problem)), problem);
	for (; below; below = *end ? end : NULL) {
		end = below + 1 + strcspn(below + 1, "\n");
		printf("           %.*s\n", (int)(end - below - 1), below + 1);
	}
}

static void say_problems(struct check *c, const char *const *problems, const struct error *err)
{
	size_t i;

	for (i = 0; problems && problems[i]; i++)
		say_problem(c, problems[i]);
	if (i == 0)
		say(c, FINDING_ERROR, "%s", err->detail);
}

/* ---- settings and files ---- */

/* What is not enough to serve may be enough to answer; then 1. */
static int check_answers(struct check *c, const char *path)
{
	struct error err;

	if (settings_read_for(SETTINGS_TO_ANSWER, c->arena, c->files, path, &c->settings, NULL, &err) < 0)
		return -1;
	say(c, FINDING_OK, "nothing can be served yet; fill, who, seats and what-if do without that, and directories and rules are looked at");
	return 1;
}

static int check_settings(struct check *c, const char *path)
{
	const char *const *problems = NULL;
	const struct settings *s;
	struct error err;

	puts("settings");
	if (settings_read(c->arena, c->files, path, &c->settings, &problems, &err) < 0) {
		say_problems(c, problems, &err);
		return check_answers(c, path);
	}
	s = c->settings;
	say(c, FINDING_OK, "%s: %s, %s, %s, %s, %s", path, report_count(c->arena, s->connection_count, "connection", "connections"),
		report_count(c->arena, s->directory_count, "directory", "directories"), report_count(c->arena, s->policy.rule_count, "rule", "rules"),
		report_count(c->arena, s->policy.requirement_count, "requirement", "requirements"), report_count(c->arena, s->link_count, "link", "links"));
	return 0;
}

void check_until(struct check *c, const char *what, int64_t until)
{
	char day[21];

	time_write(until, day);
	if (until <= clock_now())
		say(c, FINDING_ERROR, "%s ended on %.10s", what, day);
	else if (until < clock_now() + SOON_SECONDS)
		say(c, FINDING_WARNING, "%s ends on %.10s", what, day);
	else
		say(c, FINDING_OK, "%s, until %.10s", what, day);
}

static void check_keys(struct check *c)
{
	size_t i;

	for (i = 0; i < c->keyring.n; i++) {
		const struct keyring_key *key = &c->keyring.keys[i];
		bool used = keyring_is_used(&c->keyring, c->settings, key);

		check_until(c, arena_printf(c->arena, "%s: the certificate of signing key %s%s", key->certificate_file, key->name,
			used ? "" : " (published, signs nothing)"), key->certificate.not_after);
		if (key->certificate.not_before > clock_now())
			say(c, FINDING_ERROR, "%s: has not begun; is this host's clock right?", key->certificate_file);
	}
}

static void check_decryption_keys(struct check *c)
{
	const struct settings *s = c->settings;
	struct saml_certificate certificate;
	struct slice pem;
	struct error err;

	for (size_t i = 0; i < s->decryption_key_count; i++) {
		const char *file = s->decryption_keys[i].certificate_file;

		if (files_get(c->files, file, FILE_PUBLIC, FILES_ALL, &pem, &err) == 0 &&
			saml_certificate_describe(c->arena, pem, &certificate, &err) == 0)
			check_until(c, arena_printf(c->arena, "%s: a certificate for encryption", file), certificate.not_after);
	}
}

/* A change of the secret is over once the last sign-on of before has ended: what opens for longer only helps a thief. */
static void check_cookie_secrets(struct check *c)
{
	const char *const *path = c->settings->cookie_secrets;
	struct stat first, second;

	if (!path[1] || stat(path[0], &first) < 0 || stat(path[1], &second) < 0)
		return;
	if (first.st_mtime < clock_now() - COOKIE_CHANGE_SECONDS && second.st_mtime < clock_now() - COOKIE_CHANGE_SECONDS)
		say(c, FINDING_WARNING, "cookie_secret: %s seals and %s opens, for a day already: end the change, take the old one out", path[0], path[1]);
	else
		say(c, FINDING_OK, "cookie_secret: %s seals, %s opens what is under way", path[0], path[1]);
}

static int check_files(struct check *c)
{
	const struct settings *s = c->settings;
	const char *const *problems = NULL;
	struct error err;

	puts("keys and files");
	if (settings_load_files(c->arena, c->files, s, &problems, &err) < 0) {
		say_problems(c, problems, &err);
		return -1;
	}
	if (keyring_read(c->arena, c->files, s, &c->keyring, &err) < 0) {
		say(c, FINDING_ERROR, "%s", err.detail);
		return -1;
	}
	check_keys(c);
	check_decryption_keys(c);
	check_cookie_secrets(c);
	say(c, FINDING_OK, "every file that the settings name can be read");
	return 0;
}

/* ---- directories ---- */

static void check_controller(struct check *c, const struct directory_options *o, int line, const struct directory_check *found)
{
	const char *file = c->settings->file;

	if (found->sees_deletions)
		say(c, FINDING_OK, "%s: domain controller %s answers DirSync, and %s has the right to replicate changes", o->name,
			found->controller, o->bind_dn ? o->bind_dn : "nobody");
	else
		say(c, FINDING_WARNING, "%s:%d: %s: domain controller %s answers DirSync, but %s has no right to replicate changes (Replicating "
			"Directory Changes, on the root of the domain): who is deleted is found only by reading everything, as often as compare says",
			file, line, o->name, found->controller, o->bind_dn ? o->bind_dn : "nobody");
	if (found->people_with_account < found->people)
		say(c, FINDING_WARNING, "%s:%d: %s: %zu of %zu people have no userAccountControl that may be read, and count as switched off",
			file, line, o->name, found->people - found->people_with_account, found->people);
	for (size_t i = 0; i < found->writable_count; i++)
		say(c, FINDING_WARNING, "%s:%d: %s: join: %s may write %s of %s, and so be taken for somebody else", file, line, o->name,
			found->writable[i].who, found->writable[i].attribute, found->rights_of);
	if (found->people && !found->rights_of)
		say(c, FINDING_WARNING, "%s:%d: %s: join: who may write its attributes cannot be seen (nTSecurityDescriptor of people)", file,
			line, o->name);
}

static void check_found(struct check *c, const struct directory_options *o, int line, const struct directory_check *found)
{
	const char *file = c->settings->file, *more = found->people >= 1000 ? "or more " : "";

	say(c, FINDING_OK, "%s: %s answers: %s %sand %s", o->name, found->uri, report_count(c->arena, found->people, "person", "people"),
		more, report_count(c->arena, found->groups, "group", "groups"));
	if (found->cannot_follow)
		say(c, FINDING_ERROR, "%s:%d: %s: changes cannot be followed at %s: %s", file, line, o->name, found->uri, found->cannot_follow);
	else if (found->controller)
		check_controller(c, o, line, found);
	if (!found->people)
		say(c, FINDING_ERROR, "%s:%d: %s: people: nobody is found below %s with %s", file, line, o->name, o->people_base, o->people_filter);
	else if (found->people_with_join * 10 < found->people * 9)
		say(c, FINDING_WARNING, "%s:%d: %s: join: only %zu of %zu people have %s; the others are not found at a sign-on", file, line,
			o->name, found->people_with_join, found->people, o->joins[0].attribute);
	if (!found->groups)
		say(c, FINDING_WARNING, "%s:%d: %s: groups: none is found below %s with %s", file, line, o->name, o->groups_base, o->groups_filter);
}

/* One tenant's object id in a directory that believes two: the other one could name it. */
static void check_join(struct check *c, const struct directory_options *o, int line)
{
	bool several = o->sources ? o->sources[0] && o->sources[1] : c->settings->provider_count > 1;
	size_t i;

	for (i = 0; several && i < o->join_count; i++) {
		if (strcmp(o->joins[i].claim, "identity") != 0)
			say(c, FINDING_WARNING, "%s:%d: %s: join: %s is the word of one tenant, but people of several are found here; only the domain of "
				"their mail keeps them apart: join by identity (tenant and object id), or make a directory for each",
				c->settings->file, line, o->name, o->joins[i].claim);
	}
}

/*
 * Active Directory's property sets Personal-Information and Web-Information, which everybody may write of themselves by its
 * defaults, and what slapd's guides show with `by self write`.
 */
static const char written_by_self[] =
	"assistant|c|facsimiletelephonenumber|homephone|homepostaladdress|info|ipphone|l|mobile|otherfacsimiletelephonenumber|"
	"otherhomephone|otheripphone|othermobile|otherpager|othertelephone|pager|personaltitle|physicaldeliveryofficename|"
	"postaladdress|postalcode|postofficebox|preferreddeliverymethod|registeredaddress|st|street|streetaddress|telephonenumber|"
	"thumbnailphoto|usercertificate|usersmimecertificate|wwwhomepage|url|description|displayname|givenname|labeleduri|jpegphoto|"
	"preferredlanguage|carlicense|roomnumber|initials";

static void check_writable_joins(struct check *c, const struct directory_options *o, int line)
{
	size_t i, k;

	for (i = 0; i < o->join_count; i++) {
		char *name = arena_strdup(c->arena, o->joins[i].attribute);

		for (k = 0; name[k]; k++)
			name[k] = name[k] >= 'A' && name[k] <= 'Z' ? (char)(name[k] + 32) : name[k];
		if (words_find(written_by_self, name) >= 0)
			say(c, FINDING_WARNING, "%s:%d: %s: join: %s is an attribute that people can often write about themselves, and whoever can is "
				"found as somebody else: join by one that only an administrator writes", c->settings->file, line, o->name,
				o->joins[i].attribute);
	}
}

static void check_directories(struct check *c)
{
	const struct settings *s = c->settings;
	size_t i;

	puts("directories");
	for (i = 0; i < s->directory_count; i++) {
		struct directory_options o = s->directories[i];
		int line = s->directory_sources[i].line;
		struct directory_check found = {0};
		struct error err;

		check_join(c, &o, line);
		check_writable_joins(c, &o, line);
		if (o.kind == DIRECTORY_SCIM)
			say(c, FINDING_OK, "%s: filled by what Entra ID sends", o.name);
		else if (c->offline)
			say(c, FINDING_OK, "%s: not asked (--offline)", o.name);
		else if (settings_directory_secrets(c->files, s, i, &o, &err) < 0)
			say(c, FINDING_ERROR, "%s:%d: %s: %s", s->file, line, o.name, err.detail);
		else if (directory_check(c->arena, &o, &found, &err) < 0)
			say(c, FINDING_WARNING, "%s:%d: %s: %s", s->file, line, o.name, err.detail);
		else
			check_found(c, &o, line, &found);
	}
}

/* ---- a sign-on with lasso as the other side ---- */

/* Issues for a made-up person; lasso plays the connection. */
static int play_through(struct check *c, const struct saml_key *key, struct slice own, const struct settings_connection *door, struct error *err)
{
	static const char *const given[] = {"Ada"};
	const struct saml_attribute attributes[] = {{"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname", given, 1}};
	char request_id[RANDOM_ID_SIZE];
	struct saml_answer answer = {
		.entity_id = door->idp_entity_id, .audience = door->entity_id, .acs_url = door->acs, .in_response_to = request_id,
		.name_id = "ada@example.org", .name_id_format = door->name_id_format, .attributes = attributes, .attribute_count = 1,
		.authn_instant = clock_now(), .sign = door->sign, .now = clock_now(), .lifetime = door->lifetime,
	};
	struct saml_issued issued;

	random_id(request_id);
	if (saml_response_write(c->arena, key, &answer, &issued, err) < 0)
		return -1;
	return saml_witness_issued(own, door->entity_id, door->acs, request_id, issued.base64, answer.name_id, err);
}

/* The request as lasso writes it for this connection: read, and found to be of this connection. */
static int ask_us(struct check *c, struct slice own, const struct settings_connection *door, struct error *err)
{
	struct saml_request request;

	if (saml_rehearse_request(c->arena, own, door->entity_id, door->acs, &request, err) < 0)
		return -1;
	if (settings_connection_by_entity(c->settings, request.issuer) != door)
		return error_set(err, REASON_UNKNOWN_ISSUER, "its request is taken for that of another connection");
	if (request.acs_url && strcmp(request.acs_url, door->acs) != 0)
		return error_set(err, REASON_WRONG_ACS, "its request names another ACS: %.200s", request.acs_url);
	return 0;
}

static int read_key(struct check *c, const struct keyring_key *key, struct saml_key **out, struct error *err)
{
	struct slice key_pem, certificate_pem;

	return keyring_pair(c->files, key, &key_pem, &certificate_pem, err) < 0 ? -1 : saml_key_read(key_pem, certificate_pem, out, err);
}

/* The same rehearsal once more, encrypted. */
static void check_encrypted_answer(struct check *c, struct saml_rehearsal r)
{
	struct saml_decryption_keys *keys = NULL;
	struct error err;

	if (settings_decryption_keys(c->files, c->settings, &keys, &err) < 0 ||
		settings_decryption_certificates(c->arena, c->files, c->settings, &r.encryption_certificates, &err) < 0) {
		say(c, FINDING_ERROR, "%s", err.detail);
		goto out;
	}
	r.key = NULL;
	r.decryption_keys = keys;
	if (saml_rehearse_provider(&r, &err) < 0)
		say(c, FINDING_ERROR, "encrypted: %s", err.detail);
	else
		say(c, FINDING_OK, "lasso, as identity provider, encrypts its answer for our first certificate, and it is opened");
out:
	saml_decryption_keys_free(keys);
}

static void check_answer(struct check *c)
{
	bool signs = settings_sign_requests(c->settings);
	struct saml_rehearsal r = {
		.sp_entity_id = c->settings->sp_entity_id, .acs_url = c->settings->acs_url, .certificate = c->keyring.requests->certificate.base64,
		.name_id = "rehearsal@example.org", .now = clock_now(),
	};
	struct saml_key *key = NULL;
	struct error err;

	if (read_key(c, c->keyring.requests, &key, &err) < 0) {
		say(c, FINDING_ERROR, "%s", err.detail);
		return;
	}
	r.key = signs ? key : NULL;
	if (saml_rehearse_provider(&r, &err) < 0)
		say(c, FINDING_ERROR, "%s", err.detail);
	else
		say(c, FINDING_OK, "lasso, as identity provider, takes our %srequest, and its answer is accepted", signs ? "signed " : "");
	saml_key_free(key);
	if (c->settings->decryption_key_count)
		check_encrypted_answer(c, r);
}

/* With this connection's own key and entity ID, as it knows us. */
static int check_connection(struct check *c, const struct settings_connection *door, struct error *err)
{
	const struct keyring_key *mine = keyring_of(&c->keyring, c->settings, door);
	struct saml_own own = {
		.entity_id = door->idp_entity_id, .certificates = keyring_certificates(c->arena, &c->keyring, mine),
		.sso_url = arena_printf(c->arena, "%s/saml/idp/sso", c->settings->public_url), .requests_signed = door->requests == REQUESTS_SIGNED,
	};
	struct slice metadata = saml_idp_metadata(c->arena, &own);
	struct saml_key *key = NULL;
	int rc = -1;

	if (read_key(c, mine, &key, err) == 0 && ask_us(c, metadata, door, err) == 0)
		rc = play_through(c, key, metadata, door, err);
	saml_key_free(key);
	return rc;
}

/* Until when its signed requests are taken. */
static void check_signer(struct check *c, const struct settings_connection *door)
{
	struct saml_signer *signer = NULL;
	struct error err;

	if (settings_signer(c->arena, c->files, door, &signer, &err) == 0 && signer)
		check_until(c, arena_printf(c->arena, "%s: the last of %zu certificates for its requests", door->name,
			saml_signer_info(signer)->key_count), saml_signer_info(signer)->keys_until);
	saml_signer_free(signer);
}

static void check_sign_on(struct check *c)
{
	const struct settings *s = c->settings;
	struct error err;
	size_t i;

	puts("sign-on");
	check_answer(c);
	for (i = 0; i < s->connection_count; i++) {
		const struct settings_connection *door = &s->connections[i];

		if (check_connection(c, door, &err) < 0)
			say(c, FINDING_ERROR, "%s:%d: %s: %s", s->file, door->line, door->name, err.detail);
		else
			say(c, FINDING_OK, "%s: lasso, as this connection, asks and accepts what is issued with key %s", door->name,
				keyring_of(&c->keyring, s, door)->name);
		check_signer(c, door);
	}
}

/* ---- all ---- */

static int check_all(struct check *c, const char *path)
{
	int rc = check_settings(c, path);

	if (rc < 0)
		return 1;
	if (rc == 0)
		check_listen(c);
	if (rc == 0 && check_files(c) == 0)
		check_sign_on(c);
	if (rc == 0)
		check_providers(c);
	check_directories(c);
	check_rules(c);
	check_accounts(c);
	check_ledger(c);
	check_mirror(c);
	check_scim(c);
	check_people(c);
	printf("%s, %s\n", report_count(c->arena, c->errors, "error", "errors"), report_count(c->arena, c->warnings, "warning", "warnings"));
	return c->errors ? 1 : 0;
}

int command_check(struct arena *a, const char *settings_path, int argc, char **argv)
{
	struct check c = {.arena = a, .files = files_from_disk(a)};
	struct error err;
	int rc;

	c.offline = argc == 2 && strcmp(argv[1], "--offline") == 0;
	if (argc > 2 || (argc == 2 && !c.offline))
		return CALLED_WRONGLY;
	if (saml_start(&err) < 0) {
		fprintf(stderr, "postern check: %s\n", err.detail);
		return 1;
	}
	log_begin("check", LOG_LEVEL_ERROR);    /* what others are warned of stands among the findings */
	setvbuf(stdout, NULL, _IOLBF, 0);       /* what was found is seen while a directory is waited for */
	rc = check_all(&c, settings_path);
	saml_stop();
	return rc;
}
