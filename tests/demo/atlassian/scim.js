// SPDX-License-Identifier: GPL-3.0-or-later
// The SCIM interface of a directory: routes below its base address.
"use strict";

const { Answer, scimError, scimRefusal } = require("./answer");
const users = require("./scim_users");
const groups = require("./scim_groups");
const patch = require("./scim_patch");
const documents = require("./scim_documents");
const { lower } = require("./world");

const LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
const COUNT_MAX = 100;

function authorize(directory, request) {
	const said = request.headers.authorization;
	if (!said)
		throw scimRefusal(401, "Missing authorization header");
	if (said !== `Bearer ${directory.key}`)
		throw scimRefusal(401, "The key is not valid");
}

// Exactly one `eq` with a quoted value.
function readFilter(query, allowed) {
	const filter = query.get("filter");
	if (filter === null)
		return null;
	const match = /^\s*([\w.:]+)\s+eq\s+"((?:[^"\\]|\\.)*)"\s*$/i.exec(filter);
	const attribute = match && allowed.find((name) => lower(name) === lower(match[1]));
	if (!attribute)
		throw scimError(400, "invalidFilter", `Only a single eq of ${allowed.join(" or ")} is supported`);
	return { attribute, value: JSON.parse(`"${match[2]}"`) };
}

function number(query, name, otherwise) {
	const said = query.get(name);
	if (said === null)
		return otherwise;
	if (!/^-?\d{1,9}$/.test(said))
		throw scimError(400, "invalidValue", `${name} is no number`);
	return Number(said);
}

// More than the cap is not refused: fewer come.
function page(context, all, show) {
	const { query, switches } = context;
	const cap = Math.min(COUNT_MAX, switches.pageCap || COUNT_MAX);
	const startIndex = Math.max(1, number(query, "startIndex", 1));
	const count = Math.min(cap, Math.max(0, number(query, "count", COUNT_MAX)));
	const shown = all.slice(startIndex - 1, startIndex - 1 + count).map(show);
	return new Answer(200, {
		schemas: [LIST], totalResults: all.length, startIndex, itemsPerPage: shown.length, Resources: shown,
	});
}

function matchingUsers(directory, filter) {
	if (filter === null)
		return [...directory.users.values()];
	if (filter.attribute === "userName")
		return [directory.byUserName.get(lower(filter.value))].filter(Boolean);
	return [...(directory.byExternalId.get(filter.value) || [])];
}

function listUsers(context) {
	const { directory, query, origin } = context;
	return page(context, matchingUsers(directory, readFilter(query, ["userName", "externalId"])),
		(user) => users.project(users.showUser(directory, user, origin), query));
}

function oneUser(context, id) {
	const { world, directory, query, origin, body } = context;
	const user = directory.users.get(id);
	if (!user)
		throw scimError(404, undefined, `Resource ${id} not found`);
	const shown = () => new Answer(200, users.project(users.showUser(directory, user, origin), query));
	return {
		GET: shown,
		PUT: () => (users.updateUser(world, directory, user, users.readUser(body)), shown()),
		PATCH: () => (users.updateUser(world, directory, user, patch.patchedUser(user, body)), shown()),
		DELETE: () => (users.deleteUser(world, directory, user), new Answer(204)),
	};
}

function listGroups(context) {
	const { directory, query, origin } = context;
	const filter = readFilter(query, ["displayName"]);
	const found = filter ? [directory.byDisplayName.get(lower(filter.value))].filter(Boolean) : [...directory.groups.values()];
	return page(context, found, (group) => groups.showGroup(directory, group, origin, directory.listMembers));
}

function oneGroup(context, id) {
	const { world, directory, origin, body } = context;
	const group = directory.groups.get(id);
	if (!group)
		throw scimError(404, undefined, `Resource ${id} not found`);
	const shown = () => new Answer(200, groups.showGroup(directory, group, origin));
	return {
		GET: shown,
		PUT: () => (groups.putGroup(world, directory, group, body), shown()),
		PATCH: () => (patch.patchGroup(world, directory, group, body), shown()),
		DELETE: () => (groups.deleteGroup(world, directory, group), new Answer(204)),
	};
}

function collection(context, kind) {
	const { world, directory, origin, body } = context;
	if (kind === "Users") {
		return {
			GET: () => listUsers(context),
			POST: () => new Answer(201, users.showUser(directory, users.createUser(world, directory, body), origin)),
		};
	}
	return {
		GET: () => listGroups(context),
		POST: () => new Answer(201, groups.showGroup(directory, groups.createGroup(world, directory, body), origin)),
	};
}

// `path` is what follows the base address of the directory.
function serve(context, path) {
	const { directory, request } = context;
	const [kind, id, rest] = path.replace(/^\//, "").split("/").map(decodeURIComponent);
	authorize(directory, request);
	let methods;
	if (rest !== undefined)
		methods = null;
	else if (kind === "Users" || kind === "Groups")
		methods = id === undefined ? collection(context, kind) : (kind === "Users" ? oneUser : oneGroup)(context, id);
	else if (documents[kind])
		methods = { GET: () => documents[kind](context, id) };
	if (!methods)
		throw scimError(404, undefined, "No such endpoint");
	if (!methods[request.method])
		throw new Answer(405, { schemas: ["urn:ietf:params:scim:api:messages:2.0:Error"], status: "405" });
	return methods[request.method]();
}

module.exports = { serve };
