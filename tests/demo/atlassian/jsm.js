// SPDX-License-Identifier: GPL-3.0-or-later
// Jira Service Management's REST interface of one site, below /rest/servicedeskapi.
"use strict";

const { Answer, jsmError } = require("./answer");
const { lower } = require("./world");

const LIMIT = 50;

function authorize(site, request) {
	const said = request.headers.authorization;
	const basic = `Basic ${Buffer.from(`${site.login}:${site.token}`).toString("base64")}`;
	if (said !== (site.login ? basic : `Bearer ${site.token}`))
		throw jsmError(401, "Client must be authenticated to access this resource.");
}

function requireOptIn(request) {
	if (lower(request.headers["x-experimentalapi"]) !== "opt-in")
		throw jsmError(412, "This resource is experimental: send X-ExperimentalApi: opt-in");
}

function number(query, name, otherwise) {
	const said = query.get(name);
	if (said === null)
		return otherwise;
	if (!/^\d{1,9}$/.test(said))
		throw jsmError(400, `${name} is no number`);
	return Number(said);
}

// The limit is capped without a word: whoever goes by it instead of isLastPage misses some.
function page(context, all, show) {
	const { query, origin, prefix, path, switches } = context;
	const start = number(query, "start", 0);
	const limit = Math.min(switches.pageCap || LIMIT, number(query, "limit", LIMIT));
	const values = all.slice(start, start + limit).map((one) => show(context, one));
	const isLastPage = start + values.length >= all.length;
	const base = `${origin}${prefix}`, self = `${base}${path}`;
	const at = (from) => {
		const wanted = new URLSearchParams(query);
		wanted.set("start", from);
		wanted.set("limit", limit);
		return `${self}?${wanted}`;
	};
	return new Answer(200, {
		_expands: [], size: values.length, start, limit, isLastPage,
		_links: {
			self, base, context: "", ...(isLastPage ? {} : { next: at(start + limit) }),
			...(start > 0 ? { prev: at(Math.max(0, start - limit)) } : {}),
		},
		values,
	});
}

function showUser({ origin, prefix, switches }, user) {
	const self = `${origin}${prefix}/rest/api/2/user?accountId=${encodeURIComponent(user.id)}`;
	const hidden = switches.nullMails;
	return {
		accountId: user.id, emailAddress: hidden ? null : user.mail, displayName: user.name,
		active: user.kind === "customer" ? user.active : user.status === "active", timeZone: "Europe/Berlin",
		_links: { self, jiraRest: self, avatarUrls: {} },
	};
}

const date = (when) => ({
	iso8601: when.toISOString().replace("Z", "+0000"), jira: when.toISOString().replace("Z", "+0000"),
	friendly: when.toUTCString(), epochMillis: when.getTime(),
});

const showOrganization = ({ origin, prefix }, organization) => ({
	id: organization.id, uuid: organization.uuid, name: organization.name, scimManaged: organization.scimManaged,
	created: date(organization.created),
	_links: { self: `${origin}${prefix}/rest/servicedeskapi/organization/${organization.id}` },
});

const showDesk = ({ origin, prefix }, desk) => ({
	id: desk.id, projectId: desk.projectId, projectName: desk.name, projectKey: desk.key,
	_links: { self: `${origin}${prefix}/rest/servicedeskapi/servicedesk/${desk.id}` },
});

// Whoever may be a customer of this site: its own portal-only customers, and every Atlassian account.
const userById = ({ world, site }, id) => site.customers.get(id) || world.accounts.get(id);

function organizationOf({ site }, id) {
	const organization = site.organizations.get(id);
	if (!organization)
		throw jsmError(404, "The organization does not exist.");
	return organization;
}

function deskOf({ site }, id) {
	const desk = site.desk(id);
	if (!desk)
		throw jsmError(404, "The service desk does not exist.");
	return desk;
}

function accountIds({ body }) {
	if (!body || !Array.isArray(body.accountIds) || body.accountIds.some((id) => typeof id !== "string"))
		throw jsmError(400, "accountIds is required");
	return body.accountIds;
}

// ---- customers ----

function createCustomer(context) {
	const { world, site, body, query } = context;
	const name = body && (body.displayName || body.fullName);
	if (!body || typeof body.email !== "string" || !/^[^@\s]+@[^@\s]+$/.test(body.email))
		throw jsmError(400, "The e-mail address is not valid.", "sd.customer.email.invalid");
	const known = site.byMail.get(lower(body.email));
	const atlassian = site.duplicateOfAtlassian === "refuse" && world.byMail.get(lower(body.email));
	if ((known && known.active) || atlassian) {
		throw jsmError(query.get("strictConflictStatusCode") === "true" ? 409 : 400,
			"An account already exists for this e-mail address.", "sd.customer.email.duplicate");
	}
	return new Answer(201, showUser(context, site.addCustomer({ mail: body.email, name: name || body.email })));
}

function revoke(context, id) {
	const { site } = context;
	const customer = site.customers.get(id);
	if (!customer || !customer.active)
		throw jsmError(404, "No portal-only account has this id.");
	customer.active = false;
	for (const desk of site.desks.values())
		desk.customers.delete(id);
	for (const organization of site.organizations.values())
		organization.members.delete(id);
	return new Answer(204);
}

// ---- desks ----

function deskCustomers(context) {
	const { query } = context;
	requireOptIn(context.request);
	const desk = deskOf(context, context.match[1]), wanted = lower(query.get("query"));
	const users = [...desk.customers].sort().map((id) => userById(context, id)).filter(Boolean);
	return page(context, users.filter((user) => [user.name, user.mail].some((text) => lower(text).includes(wanted))), showUser);
}

// Those who are known are added also when somebody is not.
function addDeskCustomers(context) {
	const desk = deskOf(context, context.match[1]);
	let unknown = 0;
	for (const id of accountIds(context)) {
		if (userById(context, id))
			desk.customers.add(id);
		else
			unknown++;
	}
	if (unknown)
		throw jsmError(400, "One or more customers do not exist.", "sd.customer.unknown");
	return new Answer(204);
}

function removeDeskCustomers(context) {
	requireOptIn(context.request);
	const desk = deskOf(context, context.match[1]);
	if (desk.access !== "closed")
		throw jsmError(400, "The service desk has public signup or open access enabled.");
	for (const id of accountIds(context))
		desk.customers.delete(id);
	return new Answer(204);
}

function changeDeskOrganizations(context, how) {
	const desk = deskOf(context, context.match[1]);
	const id = context.body && context.body.organizationId;
	if (!Number.isInteger(id))
		throw jsmError(400, "organizationId is required");
	desk.organizations[how](organizationOf(context, String(id)).id);
	return new Answer(204);
}

const deskOrganizations = (context) => page(context, [...deskOf(context, context.match[1]).organizations]
	.map((id) => context.site.organizations.get(id)), showOrganization);

// ---- organizations ----

function createOrganization(context) {
	const { world, site, body } = context;
	const name = body && body.name;
	if (typeof name !== "string" || name.trim() === "" || name.length > 200)
		throw jsmError(400, "The name has to be of 1 to 200 characters.");
	const organization = site.organizationByName(name) || site.addOrganization({ name, created: world.now() });
	return new Answer(201, showOrganization(context, organization));
}

function listOrganizations(context) {
	const { site, query } = context, member = query.get("accountId");
	const all = [...site.organizations.values()];
	return page(context, member === null ? all : all.filter((one) => one.members.has(member)), showOrganization);
}

function requireOurs(organization) {
	if (organization.scimManaged)
		throw jsmError(403, "The organization is managed by an identity provider.", "sd.organization.scim.managed");
}

function changeMembers(context, how) {
	const organization = organizationOf(context, context.match[1]), ids = accountIds(context);
	requireOurs(organization);
	if (ids.some((id) => !userById(context, id)))
		throw jsmError(400, "One or more users do not exist.");
	ids.forEach((id) => organization.members[how](id));
	return new Answer(204);
}

function deleteOrganization(context) {
	const organization = organizationOf(context, context.match[1]);
	requireOurs(organization);
	context.site.removeOrganization(organization);
	return new Answer(204);
}

const members = (context) => page(context, [...organizationOf(context, context.match[1]).members].sort()
	.map((id) => userById(context, id)).filter(Boolean), showUser);

const info = (context) => new Answer(200, {
	version: "5.0.0", platformVersion: "1001.0.0", buildDate: date(new Date(0)), buildChangeSet: "0", isLicensedForUse: true,
	_links: { self: `${context.origin}${context.prefix}/rest/servicedeskapi/info` },
});

const ROUTES = [
	["GET", /^\/info$/, info],
	["POST", /^\/customer$/, createCustomer],
	["PUT", /^\/customer\/user\/([^/]+)\/revoke-portal-only-access$/, (context) => revoke(context, context.match[1])],
	["GET", /^\/organization$/, listOrganizations],
	["POST", /^\/organization$/, createOrganization],
	["GET", /^\/organization\/([^/]+)$/,
		(context) => new Answer(200, showOrganization(context, organizationOf(context, context.match[1])))],
	["DELETE", /^\/organization\/([^/]+)$/, deleteOrganization],
	["GET", /^\/organization\/([^/]+)\/user$/, members],
	["POST", /^\/organization\/([^/]+)\/user$/, (context) => changeMembers(context, "add")],
	["DELETE", /^\/organization\/([^/]+)\/user$/, (context) => changeMembers(context, "delete")],
	["GET", /^\/servicedesk$/, (context) => page(context, [...context.site.desks.values()], showDesk)],
	["GET", /^\/servicedesk\/([^/]+)$/, (context) => new Answer(200, showDesk(context, deskOf(context, context.match[1])))],
	["GET", /^\/servicedesk\/([^/]+)\/customer$/, deskCustomers],
	["POST", /^\/servicedesk\/([^/]+)\/customer$/, addDeskCustomers],
	["DELETE", /^\/servicedesk\/([^/]+)\/customer$/, removeDeskCustomers],
	["GET", /^\/servicedesk\/([^/]+)\/organization$/, deskOrganizations],
	["POST", /^\/servicedesk\/([^/]+)\/organization$/, (context) => changeDeskOrganizations(context, "add")],
	["DELETE", /^\/servicedesk\/([^/]+)\/organization$/, (context) => changeDeskOrganizations(context, "delete")],
];

// Jira's own search, of whom the site knows: a list, not a page.
const USER_SEARCH = "/rest/api/3/user/search";

function searchUsers(context) {
	const { site, world, query } = context, wanted = lower(query.get("query"));
	if (wanted === "")
		throw jsmError(400, "query is required");
	const users = [...site.customers.values(), ...world.accounts.values()]
		.filter((user) => [user.name, user.mail].some((text) => lower(text).includes(wanted)));
	return new Answer(200, users.slice(0, LIMIT).map((user) => ({
		...showUser(context, user), accountType: user.kind === "customer" ? "customer" : "atlassian",
	})));
}

// `path` begins with /rest/servicedeskapi, or is USER_SEARCH; an account id in it is percent-encoded or not.
function serve(context, path) {
	if (path === USER_SEARCH) {
		authorize(context.site, context.request);
		return searchUsers(context);
	}
	const below = path.slice("/rest/servicedeskapi".length);
	context.path = path;
	for (const [method, pattern, answer] of ROUTES) {
		const match = pattern.exec(below);
		if (!match || method !== context.request.method)
			continue;
		if (answer !== info)
			authorize(context.site, context.request);
		context.match = match.map(decodeURIComponent);
		return answer(context);
	}
	throw jsmError(404, "No such endpoint");
}

module.exports = { serve, USER_SEARCH };
