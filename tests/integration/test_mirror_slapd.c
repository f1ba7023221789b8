/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The mirror against a real slapd: changes, cookies, settings, rules. */
#include "tests/integration/mirror_slapd_stage.h"

static bool nothing_was_sent(struct fixture *f)
{
	struct mirror_state s = state_of(f);

	return s.people_held.n && s.groups_held.n && s.error && strstr(s.error, "has none of");
}

static bool person_is_gone(struct fixture *f, const char *number)
{
	struct mirror_person p;
	struct error err;

	return look_up(f, number, &p, &err) < 0 && err.reason == REASON_PERSON_NOT_FOUND;
}

/* ---- stories ---- */

static bool emil_is_there(struct fixture *f)
{
	return mail_is(f, "5", "emil@example.org");
}

static bool bert_is_gone(struct fixture *f)
{
	return person_is_gone(f, "2");
}

static bool cleo_is_gone(struct fixture *f)
{
	return person_is_gone(f, "3");
}

static bool dora_is_agent(struct fixture *f)
{
	return groups_are(f, "4", "agents staff all");
}

static bool anna_is_in_nothing(struct fixture *f)
{
	return groups_are(f, "1", "");
}

static bool anna_is_in_the_ring(struct fixture *f)
{
	return groups_are(f, "1", "ring1 ring2");
}

static bool anna_has_moved(struct fixture *f)
{
	struct mirror_person p;
	struct error err;

	return look_up(f, "1", &p, &err) == 0 && strcmp(p.dn, DN("anna-maria")) == 0 && p.group_count == 0;
}

static bool staff_is_renamed(struct fixture *f)
{
	return groups_are(f, "4", "agents everybody");
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* The quickest of them: the machine may be busy. */
static void sees_every_kind_of_change_within_a_second(void **state)
{
	struct fixture f;
	int64_t took;

	(void)state;
	fixture_make(&f, "syncprov-sessionlog 1000");
	follower_start(&f.slapd, &f.options);
	until(&f, connected);
	assert_int_equal(state_of(&f).people, 4);
	assert_int_equal(state_of(&f).groups, 5);
	assert_true(groups_are(&f, "1", "agents staff all"));
	took = change(&f, new_mail, anna_has_new_mail);
	took = earlier(took, change(&f, new_person, emil_is_there));
	took = earlier(took, change(&f, no_bert, bert_is_gone));
	took = earlier(took, change(&f, "dn: " GDN("agents") "\nchangetype: modify\nreplace: member\nmember: " DN("dora") "\n\n",
		dora_is_agent));
	assert_true(anna_is_in_nothing(&f));
	took = earlier(took, change(&f, "dn: " GDN("ring1") "\nchangetype: modify\nadd: member\nmember: " DN("anna") "\n\n",
		anna_is_in_the_ring));
	took = earlier(took, change(&f, "dn: " DN("anna") "\nchangetype: modrdn\nnewrdn: uid=anna-maria\ndeleteoldrdn: 1\n\n",
		anna_has_moved));
	took = earlier(took, change(&f, "dn: " GDN("staff") "\nchangetype: modrdn\nnewrdn: cn=everybody\ndeleteoldrdn: 1\n\n",
		staff_is_renamed));
	assert_true(took < SECOND);
	assert_int_equal(state_of(&f).people, 4);
	follower_stop(&f.slapd);
	assert_false(state_of(&f).connected);
	assert_null(state_of(&f).error);
	fixture_end(&f);
}

static bool zoe_is_there(struct fixture *f)
{
	struct mirror_person p;
	struct error err;

	return look_up(f, "9", &p, &err) == 0;
}

static bool zoe_has_moved(struct fixture *f)
{
	struct mirror_person p;
	struct error err;

	return look_up(f, "9", &p, &err) == 0 && strcmp(p.dn, "uid=zoe,cn=new,ou=people," SLAPD_SUFFIX) == 0;
}

static bool zoe_is_gone(struct fixture *f)
{
	return person_is_gone(f, "9");
}

/* slapd tells nothing of those in it, and its class is not one of those that are followed as units. */
static void sees_a_moved_subtree_when_all_is_read_again(void **state)
{
	struct fixture f;

	(void)state;
	fixture_make(&f, "syncprov-sessionlog 1000");
	f.options.reread_seconds = 1;
	follower_start(&f.slapd, &f.options);
	until(&f, connected);
	slapd_change(&f.slapd, "dn: cn=old,ou=people," SLAPD_SUFFIX "\nchangetype: add\nobjectClass: device\ncn: old\n\n"
		"dn: uid=zoe,cn=old,ou=people," SLAPD_SUFFIX "\nchangetype: add\nobjectClass: inetOrgPerson\nuid: zoe\ncn: zoe\nsn: zoe\n"
		"employeeNumber: 9\n\n");
	until(&f, zoe_is_there);
	slapd_change(&f.slapd, "dn: cn=old,ou=people," SLAPD_SUFFIX "\nchangetype: modrdn\nnewrdn: cn=new\ndeleteoldrdn: 1\n\n");
	until(&f, zoe_has_moved);
	slapd_change(&f.slapd, "dn: cn=new,ou=people," SLAPD_SUFFIX "\nchangetype: modrdn\nnewrdn: cn=new\ndeleteoldrdn: 1\n"
		"newsuperior: " SLAPD_SUFFIX "\n\n");
	until(&f, zoe_is_gone);
	assert_int_equal(state_of(&f).people, 4);
	assert_true(groups_are(&f, "1", "agents staff all"));
	follower_stop(&f.slapd);
	fixture_end(&f);
}

/* A person whom only the mirror knows: stays when the refresh goes on from the cookie, goes when everything is compared. */
static void plant_ghost(struct fixture *f, const char *cookie)
{
	static const struct slice number = {"99", 2};
	static const struct mirror_attribute attributes[] = {{"employeeNumber", &number, 1}};
	const struct entry ghost = {.uuid = "ghostghostghost", .dn = DN("ghost"), .attributes = attributes,
		.attribute_count = 1};
	struct mirror_writer *w;
	struct error err;

	assert_done(mirror_writer_open(f->slapd.mirror, &f->options, &w, &err), err);
	assert_non_null(mirror_writer_cookie(w, MIRROR_PEOPLE).p);
	assert_done(mirror_writer_put(w, MIRROR_PEOPLE, &ghost, &err), err);
	if (cookie)
		assert_done(mirror_writer_set_cookie(w, MIRROR_PEOPLE, slice_c(cookie), &err), err);
	assert_done(mirror_writer_commit(w, &err), err);
	mirror_writer_close(w);
}

/* The follower stops, things happen, it starts again. */
static void away(struct fixture *f, const char *cookie, const char *ldif)
{
	follower_start(&f->slapd, &f->options);
	until(f, connected);
	follower_stop(&f->slapd);
	/* LMDB does not let one process open a file twice */
	mirror_close(f->mirror);
	f->mirror = NULL;
	plant_ghost(f, cookie);
	slapd_change(&f->slapd, ldif);
	follower_start(&f->slapd, &f->options);
	until(f, connected);
}

static void continues_from_the_cookie_with_a_session_log(void **state)
{
	struct fixture f;
	struct mirror_person p;
	struct error err;

	(void)state;
	fixture_make(&f, "syncprov-sessionlog 1000");
	away(&f, NULL, "dn: " DN("bert") "\nchangetype: delete\n\ndn: " DN("cleo") "\nchangetype: delete\n\n");
	assert_true(bert_is_gone(&f));
	assert_true(cleo_is_gone(&f));
	assert_true(mail_is(&f, "1", "anna@example.org"));
	assert_done(look_up(&f, "99", &p, &err), err);
	fixture_end(&f);
}

static void finds_deletions_without_a_session_log(void **state)
{
	struct fixture f;

	(void)state;
	fixture_make(&f, "");
	away(&f, NULL, no_bert);
	assert_true(bert_is_gone(&f));
	assert_true(person_is_gone(&f, "99"));
	assert_true(mail_is(&f, "1", "anna@example.org"));
	assert_true(groups_are(&f, "1", "agents staff all"));
	fixture_end(&f);
}

static void reads_everything_again_for_a_cookie(const char *cookie, const char *settings)
{
	struct fixture f;

	fixture_make(&f, settings);
	away(&f, cookie, no_bert);
	assert_true(bert_is_gone(&f));
	if (!person_is_gone(&f, "99"))
		fail_msg("cookie %s: what the directory does not have is still there", cookie);
	assert_int_equal(state_of(&f).people, 3);
	change(&f, no_cleo, cleo_is_gone);
	fixture_end(&f);
}

static void reads_everything_again_for_a_junk_cookie(void **state)
{
	(void)state;
	reads_everything_again_for_a_cookie("junk", "syncprov-sessionlog 1000");
	reads_everything_again_for_a_cookie("rid=000,csn=", "syncprov-sessionlog 1000");
}

static void reads_everything_again_for_a_cookie_from_the_future(void **state)
{
	(void)state;
	reads_everything_again_for_a_cookie("rid=000,csn=20990101000000.000000Z#000000#000#000000", "syncprov-sessionlog 1000");
}

static void reads_everything_again_for_a_cookie_older_than_the_log(void **state)
{
	(void)state;
	reads_everything_again_for_a_cookie("rid=000,csn=20010101000000.000000Z#000000#000#000000", "syncprov-sessionlog 1000");
}

static bool nobody_is_left(struct fixture *f)
{
	struct mirror_state s = state_of(f);

	return s.people == 0 && s.groups == 0;
}

static void accept_held(struct fixture *f)
{
	struct mirror_removal people, groups;
	struct error err;

	/* LMDB does not let one process open a file twice */
	mirror_close(f->mirror);
	f->mirror = NULL;
	assert_done(mirror_accept(f->slapd.mirror, "corp", &people, &groups, &err), err);
}

static void never_empties_a_filled_mirror(void **state)
{
	struct fixture f;

	(void)state;
	fixture_make(&f, "");
	follower_start(&f.slapd, &f.options);
	until(&f, connected);
	slapd_stop(&f.slapd);
	slapd_forget_data(&f.slapd);
	slapd_load(&f.slapd, base_ldif);
	until(&f, disconnected);
	slapd_start(&f.slapd);
	until(&f, nothing_was_sent);
	assert_int_equal(state_of(&f).people, 4);
	assert_true(groups_are(&f, "1", "agents staff all"));
	heard_before = state_of(&f).as_of;
	nap_ms(2500);                   /* probes are answered meanwhile: that says nothing of what is held */
	assert_int_equal(state_of(&f).as_of, heard_before);
	accept_held(&f);
	until(&f, nobody_is_left);
	until(&f, connected);
	assert_int_equal(state_of(&f).people_held.n, 0);
	assert_null(state_of(&f).error);
	fixture_end(&f);
}

static void other_settings_fill_the_mirror_anew(void **state)
{
	struct fixture f;
	struct mirror_person p;
	struct error err;

	(void)state;
	fixture_make(&f, "syncprov-sessionlog 1000");
	slapd_change(&f.slapd, "dn: " DN("anna") "\nchangetype: modify\nadd: title\ntitle: Agent\n\n");
	follower_start(&f.slapd, &f.options);
	until(&f, connected);
	assert_done(look_up(&f, "1", &p, &err), err);
	assert_int_equal(p.attribute_count, 3);         /* employeenumber, mail, uid */
	follower_stop(&f.slapd);
	f.options.attributes = title_too;
	assert_refused(look_up(&f, "1", &p, &err), err, REASON_MIRROR_EMPTY);
	follower_start(&f.slapd, &f.options);
	until(&f, connected);
	assert_done(look_up(&f, "1", &p, &err), err);
	assert_int_equal(p.attribute_count, 4);
	assert_string_equal(p.attributes[2].name, "title");
	assert_slice_is(p.attributes[2].values[0], "Agent");
	fixture_end(&f);
}

/* ---- rules ---- */

#define ACCESS "ou=access," SLAPD_SUFFIX
#define RULE(cn, says) "dn: cn=" cn "," ACCESS "\nobjectClass: device\ncn: " cn "\ndescription: " says "\n\n"

static const char *const of_rules[] = {"cn", "description", NULL};

/* What the rules say, in the order of their names: "one=x two=y". */
static bool rules_are(struct fixture *f, const char *expected)
{
	const struct mirror_rule *rules = NULL;
	char all[200] = "";
	struct error err;
	size_t n = 0;

	if (!open_mirror(f) || mirror_rules(f->arena, f->mirror, &f->options, &rules, &n, &err) != 1)
		return false;
	for (char name = 'a'; name <= 'z'; name++) {
		for (size_t i = 0; i < n; i++) {
			struct slice cn = rules[i].attributes[0].values[0], says = rules[i].attributes[1].values[0];

			if (cn.p[0] == name)
				snprintf(all + strlen(all), sizeof(all) - strlen(all), "%.*s=%.*s ", (int)cn.n, cn.p, (int)says.n, says.p);
		}
	}
	return strcmp(all, expected) == 0;
}

static bool two_rules(struct fixture *f)
{
	return rules_are(f, "a=x b=y ");
}

static bool one_rule_changed(struct fixture *f)
{
	return rules_are(f, "a=z b=y ");
}

static bool one_rule_left(struct fixture *f)
{
	return rules_are(f, "b=y ");
}

static bool rules_are_missed(struct fixture *f)
{
	struct mirror_state s = state_of(f);

	return s.connected && s.rules_error && strstr(s.rules_error, ACCESS);
}

static bool no_error_of_rules(struct fixture *f)
{
	return !state_of(f).rules_error;
}

static void follows_rules_beside_people_and_harms_neither(void **state)
{
	struct fixture f;

	(void)state;
	fixture_make(&f, "");
	f.options.rules_base = ACCESS;
	f.options.rules_filter = "(objectClass=device)";
	f.options.rules_attributes = of_rules;
	follower_start(&f.slapd, &f.options);
	until(&f, connected);
	until(&f, rules_are_missed);    /* the base is not there, and the people are */
	slapd_change(&f.slapd, "dn: " ACCESS "\nchangetype: add\nobjectClass: organizationalUnit\nou: access\n\n");
	slapd_stop(&f.slapd);
	slapd_load(&f.slapd, RULE("a", "x") RULE("b", "y"));
	slapd_start(&f.slapd);
	until(&f, two_rules);
	until(&f, no_error_of_rules);
	slapd_change(&f.slapd, "dn: cn=a," ACCESS "\nchangetype: modify\nreplace: description\ndescription: z\n\n");
	until(&f, one_rule_changed);
	slapd_change(&f.slapd, "dn: cn=a," ACCESS "\nchangetype: delete\n\n");
	until(&f, one_rule_left);
	fixture_end(&f);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sees_every_kind_of_change_within_a_second),
		cmocka_unit_test(sees_a_moved_subtree_when_all_is_read_again),
		cmocka_unit_test(continues_from_the_cookie_with_a_session_log),
		cmocka_unit_test(finds_deletions_without_a_session_log),
		cmocka_unit_test(reads_everything_again_for_a_junk_cookie),
		cmocka_unit_test(reads_everything_again_for_a_cookie_from_the_future),
		cmocka_unit_test(reads_everything_again_for_a_cookie_older_than_the_log),
		cmocka_unit_test(never_empties_a_filled_mirror),
		cmocka_unit_test(other_settings_fill_the_mirror_anew),
		cmocka_unit_test(follows_rules_beside_people_and_harms_neither),
	};

	if (slapd_begin(argc, argv) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
