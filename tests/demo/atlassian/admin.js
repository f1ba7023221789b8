// SPDX-License-Identifier: GPL-3.0-or-later
// The Organizations API, the administration of SCIM links, and the life of a managed account.
"use strict";

const { Answer, adminError, adminRefusal } = require("./answer");
const { randomUUID } = require("node:crypto");
const { forgetUser, unlink } = require("./scim_users");
const { PRODUCTS, lower } = require("./world");

const PAGE = 100;

function authorize(world, request) {
	if (request.headers.authorization !== `Bearer ${world.organization.key}`)
		throw adminRefusal(401, "Unauthorized");
}

function page({ query, switches, path, origin }, all, show) {
	const said = query.get("cursor"), size = Math.min(PAGE, switches.pageCap || PAGE);
	let start = 0;
	if (said !== null) {
		start = Number(Buffer.from(said, "base64url").toString().replace(/^after:/, ""));
		if (!Number.isInteger(start) || start < 0)
			throw adminError(400, "ADMIN-400-1", "The cursor is not valid");
	}
	const next = start + size < all.length ? Buffer.from(`after:${start + size}`).toString("base64url") : null;
	return { data: all.slice(start, start + size).map(show), next, self: `${origin}${path}`, total: all.length };
}

const isoDate = (when) => new Date(when).toISOString();

function showAccount({ world, switches, origin }, account) {
	return {
		account_id: account.id, account_type: "atlassian", account_status: account.status, name: account.name,
		picture: `${origin}/avatar`, ...(switches.nullMails || account.mute ? {} : { email: account.mail }),
		access_billable: world.isBillable(account),
		...(lastOf(account) ? { last_active: lastOf(account) } : {}),
		product_access: world.productsOf(account).map((key) => ({
			key, name: PRODUCTS[key] || key, url: `https://${key}.example.net`,
			...(account.lastActive[key] ? { last_active: isoDate(account.lastActive[key]) } : {}),
		})),
		links: { self: `${origin}/users/${account.id}/manage/profile` },
	};
}

function lastOf(account) {
	const all = Object.values(account.lastActive).map(isoDate).sort();
	return all[all.length - 1];
}

// Here `next` is a whole address.
function listUsers(context) {
	const { world } = context;
	const all = [...world.accounts.values()].filter((account) => world.isManaged(account));
	const { data, next, self, total } = page(context, all, (account) => showAccount(context, account));
	return new Answer(200, { data, meta: { total }, links: { self, ...(next ? { next: `${self}?cursor=${next}` } : {}) } });
}

// Here it is a cursor alone.
function listDomains(context) {
	const { world, origin } = context;
	const { data, next, self } = page(context, world.organization.domains, (name) => ({
		id: Buffer.from(name).toString("hex"), type: "domains", attributes: { name, claim: { type: "dns", status: "verified" } },
		links: { self: `${origin}/admin/v1/orgs/${world.organization.id}/domains/${Buffer.from(name).toString("hex")}` },
	}));
	return new Answer(200, { data, links: { self, ...(next ? { next } : {}) } });
}

function showOrganization({ world, origin }) {
	const { id, name } = world.organization, self = `${origin}/admin/v1/orgs/${id}`;
	return {
		id, type: "orgs", attributes: { name }, links: { self },
		relationships: { domains: { links: { related: `${self}/domains` } }, users: { links: { related: `${self}/users` } } },
	};
}

function accountOf({ world }, id) {
	const account = world.accounts.get(id);
	if (!account)
		throw adminError(404, "ADMIN-404-1", "No such user");
	return account;
}

function lastActive(context, id) {
	const account = accountOf(context, id);
	const used = context.world.productsOf(account).filter((key) => account.lastActive[key]);
	const { data, next } = page(context, used, (key) => ({
		id: `ari:cloud:${key}::site/1`, key, last_active: isoDate(account.lastActive[key]).slice(0, 10),
	}));
	return new Answer(200, {
		data: { product_access: data, added_to_org: account.added.toISOString().slice(0, 10) }, links: next ? { next } : {},
	});
}

function setSuspended(context, id, suspended) {
	accountOf(context, id).suspended = suspended;
	return new Answer(200, { message: suspended ? "Access suspended" : "Access restored" });
}

// Out of the directory: no product, no local group; a managed account stays one.
function removeUser(context, id) {
	const account = accountOf(context, id);
	if (account.links.size > 0)
		throw adminError(400, "ADMIN-400-2", "The user is synchronized through SCIM");
	account.products = [];
	context.world.localGroups.forEach((group) => group.members.delete(id));
	return new Answer(204);
}

// ---- groups: only those that no SCIM directory synchronizes ----

function createGroup({ world, body }) {
	if (!body || typeof body.name !== "string" || body.name === "")
		throw adminError(400, "ADMIN-400-2", "name is required");
	if ([...world.localGroups.values()].some((group) => lower(group.name) === lower(body.name)))
		throw adminError(400, "ADMIN-400-2", "A group of this name exists");
	const group = { id: randomUUID(), name: body.name, members: new Set() };
	world.localGroups.set(group.id, group);
	return new Answer(200, { message: "Group created", groupId: group.id });
}

function localGroup({ world }, id) {
	if (world.directories.some((directory) => directory.groups.has(id)))
		throw adminError(400, "ADMIN-400-2", "The group is synchronized through SCIM");
	if (!world.localGroups.has(id))
		throw adminError(404, "ADMIN-404-1", "No such group");
	return world.localGroups.get(id);
}

function deleteGroup(context, id) {
	localGroup(context, id);
	context.world.localGroups.delete(id);
	return new Answer(200, { message: "Group deleted" });
}

function addMember(context, id) {
	const group = localGroup(context, id);
	group.members.add(accountOf(context, context.body && context.body.account_id).id);
	return new Answer(200, { message: "User added" });
}

function removeMember(context, id, accountId) {
	localGroup(context, id).members.delete(accountOf(context, accountId).id);
	return new Answer(200, { message: "User removed" });
}

// ---- SCIM links ----

function linksWhere({ world }, matches) {
	const links = [];
	for (const directory of world.directories) {
		for (const user of directory.kind === "organization" ? directory.users.values() : []) {
			if (matches(user)) {
				links.push({
					scimUserId: user.id, atlassianAccountId: user.account ? user.account.id : null,
					orgId: world.organization.id, directoryId: directory.id,
				});
			}
		}
	}
	return new Answer(200, { scimLinks: links });
}

function linksOfAccount(context, id) {
	accountOf(context, id);
	return linksWhere(context, (user) => user.account && user.account.id === id);
}

function linksOfMail(context) {
	const wanted = context.body && lower(context.body.email);
	if (!wanted)
		throw adminError(400, "ADMIN-400-2", "email is required");
	return linksWhere(context, (user) => user.emails.some((email) => lower(email.value) === wanted));
}

// Neither the user nor the account is deleted; what the user's groups gave ends with the link.
function unlinkUser({ world }, directoryId, userId) {
	const directory = world.directoryById(directoryId), user = directory && directory.users.get(userId);
	if (!user)
		throw adminError(404, "ADMIN-404-1", "No such SCIM user");
	unlink(user);
	return new Answer(204);
}

function onlyDeleteInDb(context, id) {
	const { world } = context, account = accountOf(context, id);
	if (!world.isManaged(account))
		throw adminError(400, "ADMIN-400-2", "The account is not managed");
	for (const directory of world.directories) {
		for (const user of [...directory.users.values()]) {
			if (user.account === account)
				forgetUser(directory, user);
		}
	}
	return new Answer(204);
}

function setLife(context, id, status) {
	const account = accountOf(context, id);
	if (!context.world.isManaged(account))
		throw adminError(403, "ADMIN-403-1", "The account is not managed");
	account.status = status;
	return new Answer(204);
}

const ORG = "/admin/v1/orgs/([^/]+)", LINKS = "/admin/user-provisioning/v1/org/([^/]+)";
const ROUTES = [
	["GET", "/admin/v1/orgs", (c) => new Answer(200, { data: [showOrganization(c)], links: { self: `${c.origin}${c.path}` } })],
	["GET", ORG, (c) => new Answer(200, { data: showOrganization(c) })],
	["GET", `${ORG}/users`, listUsers],
	["GET", `${ORG}/domains`, listDomains],
	["GET", `${ORG}/directory/users/([^/]+)/last-active-dates`, (c, org, id) => lastActive(c, id)],
	["POST", `${ORG}/directory/users/([^/]+)/suspend-access`, (c, org, id) => setSuspended(c, id, true)],
	["POST", `${ORG}/directory/users/([^/]+)/restore-access`, (c, org, id) => setSuspended(c, id, false)],
	["DELETE", `${ORG}/directory/users/([^/]+)`, (c, org, id) => removeUser(c, id)],
	["POST", `${ORG}/directory/groups`, createGroup],
	["DELETE", `${ORG}/directory/groups/([^/]+)`, (c, org, id) => deleteGroup(c, id)],
	["POST", `${ORG}/directory/groups/([^/]+)/memberships`, (c, org, id) => addMember(c, id)],
	["DELETE", `${ORG}/directory/groups/([^/]+)/memberships/([^/]+)`, (c, org, id, account) => removeMember(c, id, account)],
	["GET", `${LINKS}/user/([^/]+)/get-scim-links`, (c, org, id) => linksOfAccount(c, id)],
	["POST", `${LINKS}/get-scim-links-for-email`, linksOfMail],
	["PATCH", `${LINKS}/scimDirectoryId/([^/]+)/scimUserId/([^/]+)/unlink`,
		(c, org, directory, user) => unlinkUser(c, directory, user)],
	["DELETE", `${LINKS}/user/([^/]+)/onlyDeleteUserInDB`, (c, org, id) => onlyDeleteInDb(c, id)],
	["POST", "/users/([^/]+)/manage/lifecycle/enable", (c, id) => setLife(c, id, "active")],
	["POST", "/users/([^/]+)/manage/lifecycle/disable", (c, id) => setLife(c, id, "inactive")],
].map(([method, path, answer]) => [method, new RegExp(`^${path}$`), answer, path.includes("/org")]);

function serve(context, path) {
	authorize(context.world, context.request);
	context.path = path;
	for (const [method, pattern, answer, ofOrganization] of ROUTES) {
		const match = pattern.exec(path);
		if (!match || method !== context.request.method)
			continue;
		const found = match.slice(1).map(decodeURIComponent);
		if (ofOrganization && found.length > 0 && found[0] !== context.world.organization.id)
			throw adminError(404, "ADMIN-404-2", "No such organization");
		return answer(context, ...found);
	}
	throw adminError(404, "ADMIN-404-1", "No such endpoint");
}

module.exports = { serve };
