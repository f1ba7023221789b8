// SPDX-License-Identifier: GPL-3.0-or-later
// SCIM users, and what they do to the accounts behind them.
"use strict";

const { randomUUID } = require("node:crypto");
const { scimError } = require("./answer");
const { leave } = require("./scim_groups");
const { lower } = require("./world");

const CORE = "urn:ietf:params:scim:schemas:core:2.0:User";
const ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const EXTERNAL = "urn:scim:schemas:extension:atlassian-external:1.0";
const BASED_IN = "urn:scim:schemas:extension:atlassian-custom:1.0:Attributes:basedIn";
const SINGLE = [
	"externalId", "displayName", "nickName", "title", "preferredLanguage", "department", "organization", "timezone",
];
const NAMES = ["formatted", "familyName", "givenName", "middleName", "honorificPrefix", "honorificSuffix"];
const KNOWN = [
	"schemas", "id", "meta", "groups", "userName", "active", "name", "emails", "phoneNumbers", ENTERPRISE, EXTERNAL, BASED_IN,
	...SINGLE,
];
const MAIL = /^[^@\s]+@[^@\s]+$/;

const primaryOf = (emails) => (emails.find((email) => email.primary === true) || emails[0]).value;

// What a client says about a user, checked; the same for POST and PUT, so that what is not named is cleared.
function readUser(body) {
	if (body === null || typeof body !== "object" || Array.isArray(body))
		throw scimError(400, "invalidSyntax", "The body is no user");
	for (const key of Object.keys(body)) {
		if (!KNOWN.includes(key))
			throw scimError(400, "invalidValue", `Unknown attribute ${key}`);
	}
	if (typeof body.userName !== "string" || body.userName.trim() === "")
		throw scimError(400, "invalidValue", "userName is required");
	if (body.active !== undefined && typeof body.active !== "boolean")
		throw scimError(400, "invalidValue", "active is no boolean");
	const user = { userName: body.userName, emails: readEmails(body.emails), active: body.active !== false };
	for (const key of SINGLE) {
		if (body[key] !== undefined && typeof body[key] !== "string")
			throw scimError(400, "invalidValue", `${key} is no text`);
		user[key] = body[key];
	}
	user.name = body.name && Object.fromEntries(Object.entries(body.name).filter(([key]) => NAMES.includes(key)));
	user.phoneNumbers = body.phoneNumbers;
	user[BASED_IN] = body[BASED_IN];
	const enterprise = body[ENTERPRISE] || {};
	user.department = user.department || enterprise.department;
	user.organization = user.organization || enterprise.organization;
	return user;
}

function readEmails(emails) {
	if (!Array.isArray(emails) || emails.length === 0)
		throw scimError(400, "invalidValue", "emails is required");
	if (emails.some((email) => !email || typeof email.value !== "string" || !MAIL.test(email.value)))
		throw scimError(400, "invalidValue", "An e-mail address is not valid");
	const primary = emails.filter((email) => email.primary === true).length;
	if (primary > 1 || (primary === 0 && emails.length > 1))
		throw scimError(400, "invalidValue", "Exactly one e-mail address has to be primary");
	return emails.map((email) => ({
		value: email.value, type: email.type || "work", primary: emails.length === 1 || email.primary === true,
	}));
}

function showUser(directory, user, origin) {
	const groups = [...user.groups.values()].map((group) => ({
		type: "direct", value: group.id, display: group.displayName, $ref: `${origin}${directory.base}/Groups/${group.id}`,
	}));
	const shown = {
		schemas: [CORE, ENTERPRISE, EXTERNAL], userName: user.userName, emails: user.emails, id: user.id, name: user.name || {},
		meta: {
			resourceType: "User", location: `${origin}${directory.base}/Users/${user.id}`,
			created: user.created.toISOString(), lastModified: user.modified.toISOString(),
		},
		groups, active: user.active, phoneNumbers: user.phoneNumbers,
		[ENTERPRISE]: { organization: user.organization, department: user.department },
		[EXTERNAL]: user.account && directory.kind === "organization" ? { atlassianAccountId: user.account.id } : {},
	};
	for (const key of [...SINGLE, BASED_IN])
		shown[key] = user[key];
	return shown;
}

// `attributes` and `excludedAttributes`; id and schemas are always there.
function project(shown, query) {
	const wanted = query.get("attributes"), unwanted = query.get("excludedAttributes");
	if (wanted && unwanted)
		throw scimError(400, "invalidValue", "attributes and excludedAttributes cannot be used together");
	if (!wanted && !unwanted)
		return shown;
	const named = (wanted || unwanted).split(",").map((name) => lower(name.trim().split(".")[0]));
	return Object.fromEntries(Object.entries(shown).filter(([key]) =>
		key === "id" || key === "schemas" || named.includes(lower(key)) === Boolean(wanted)));
}

function requireUnique(directory, user, self) {
	const holder = directory.byUserName.get(lower(user.userName));
	if (holder && holder !== self)
		throw scimError(409, "uniqueness", "Resource User with the given userName already exists");
	const mail = lower(primaryOf(user.emails));
	const other = directory.byPrimaryMail.get(mail);
	if (other && other !== self)
		throw scimError(409, "uniqueness", "Resource User with the given email already exists");
}

function index(directory, user) {
	directory.byUserName.set(lower(user.userName), user);
	directory.byPrimaryMail.set(lower(primaryOf(user.emails)), user);
	if (user.externalId === undefined)
		return;
	// nothing keeps two users from having the same
	if (!directory.byExternalId.has(user.externalId))
		directory.byExternalId.set(user.externalId, new Set());
	directory.byExternalId.get(user.externalId).add(user);
}

function unindex(directory, user) {
	const same = directory.byExternalId.get(user.externalId);
	directory.byUserName.delete(lower(user.userName));
	directory.byPrimaryMail.delete(lower(primaryOf(user.emails)));
	if (same && same.delete(user) && same.size === 0)
		directory.byExternalId.delete(user.externalId);
}

function nameOf(user) {
	const { givenName, familyName } = user.name || {};
	return user.displayName || [givenName, familyName].filter(Boolean).join(" ") || primaryOf(user.emails).split("@")[0];
}

// ---- what stands behind a user: an Atlassian account, or a portal-only customer of the directory's site ----

function link(world, directory, user) {
	const mail = primaryOf(user.emails);
	if (directory.kind === "portal") {
		const site = world.sites.find((one) => one.name === directory.site);
		user.account = site.addCustomer({ mail, name: nameOf(user) });
		return;
	}
	let account = world.byMail.get(lower(mail));
	if (!world.isVerified(mail)) {
		if (directory.unverified === "refuse")
			throw scimError(400, "invalidValue", "The domain of the e-mail address is not verified");
		user.account = account || null;         // an external user; without an account until they make one
	} else {
		account = account || world.addAccount({ mail, name: nameOf(user) });
		user.account = account;
	}
	if (user.account)
		user.account.links.set(user.id, user);
}

function unlink(user) {
	if (user.account && user.account.links)
		user.account.links.delete(user.id);
	user.account = null;
}

function bringToAccount(world, directory, user) {
	if (!user.account)
		return;
	if (directory.kind === "portal") {
		user.account.active = user.active;
		user.account.name = nameOf(user);
		return;
	}
	if (world.isManaged(user.account)) {
		user.account.status = user.active ? "active" : "inactive";
		user.account.name = nameOf(user);
	}
}

function moveMail(world, directory, user, mail) {
	if (!user.account)
		return link(world, directory, user);
	if (directory.kind === "portal") {
		if (!world.sites.find((one) => one.name === directory.site).changeMail(user.account, mail))
			throw scimError(409, "uniqueness", "Another customer has this e-mail address");
		return undefined;
	}
	// an external user's changed mail unlinks; a managed account goes with it
	if (!world.isManaged(user.account) || !world.isVerified(mail)) {
		unlink(user);
		return link(world, directory, user);
	}
	if (!world.changeMail(user.account, mail))
		throw scimError(409, "uniqueness", "Another Atlassian account has this e-mail address");
	return undefined;
}

function createUser(world, directory, body) {
	const said = readUser(body);
	requireUnique(directory, said, null);
	const now = world.now();
	const user = { ...said, id: randomUUID(), groups: new Map(), created: now, modified: now, account: null };
	link(world, directory, user);
	directory.users.set(user.id, user);
	index(directory, user);
	bringToAccount(world, directory, user);
	return user;
}

// Everything but identity is replaced by `said`.
function updateUser(world, directory, user, said) {
	requireUnique(directory, said, user);
	const before = primaryOf(user.emails), after = primaryOf(said.emails);
	if (lower(before) !== lower(after)) {
		const old = user.emails;
		user.emails = said.emails;
		try {
			moveMail(world, directory, user, after);
		} finally {
			user.emails = old;
		}
	}
	unindex(directory, user);
	Object.assign(user, said, { modified: world.now() });
	index(directory, user);
	bringToAccount(world, directory, user);
}

// The account stays, deactivated; the id is gone for good.
function deleteUser(world, directory, user) {
	user.active = false;
	bringToAccount(world, directory, user);
	forgetUser(directory, user);
}

function forgetUser(directory, user) {
	for (const group of [...user.groups.values()])
		leave(group, user);
	unlink(user);
	unindex(directory, user);
	directory.users.delete(user.id);
}

module.exports = {
	primaryOf, createUser, updateUser, deleteUser, forgetUser, unlink,
	readUser, showUser, project, CORE, ENTERPRISE, NAMES, SINGLE,
};
