// SPDX-License-Identifier: GPL-3.0-or-later
// PATCH (RFC 7644 section 3.5.2) of users and groups.  All operations of a request are done, or none.
"use strict";

const { scimError } = require("./answer");
const { readUser, ENTERPRISE, NAMES, SINGLE } = require("./scim_users");
const { readMembers, setMembers } = require("./scim_groups");
const { lower, MEMBERS_MAX } = require("./world");

const PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const VALUED = /^(emails|phoneNumbers)\[type eq "(\w+)"\](?:\.(value|primary|type))?$/i;
const READ_ONLY = ["id", "meta", "groups", "schemas"];
const PLAIN = ["userName", "active", "emails", "phoneNumbers", "name", ...SINGLE];

// The contract's schema spells `operations`, its example `Operations`: both are taken.
function readOperations(body) {
	if (body === null || typeof body !== "object" || !Array.isArray(body.schemas) || !body.schemas.includes(PATCH))
		throw scimError(400, "invalidSyntax", `schemas has to name ${PATCH}`);
	const operations = body.Operations || body.operations;
	if (!Array.isArray(operations) || operations.length === 0)
		throw scimError(400, "invalidSyntax", "Operations is required");
	return operations.map((operation) => {
		const op = lower(operation && operation.op);
		if (!["add", "replace", "remove"].includes(op))
			throw scimError(400, "invalidSyntax", `Unknown operation ${operation && operation.op}`);
		if (op === "remove" && !operation.path)
			throw scimError(400, "noTarget", "remove needs a path");
		if (op !== "remove" && operation.value === undefined)
			throw scimError(400, "invalidValue", `${op} needs a value`);
		return { op, path: operation.path, value: operation.value };
	});
}

const known = (list, name) => list.find((one) => lower(one) === lower(name));

function patchValued(user, match, op, value) {
	const [, list, type, part] = match, key = known(["emails", "phoneNumbers"], list);
	const items = user[key] || [];
	const found = items.find((item) => lower(item.type) === lower(type));
	if (op === "remove") {
		user[key] = items.filter((item) => item !== found);
	} else if (found) {
		Object.assign(found, part ? { [part]: value } : value);
	} else {
		user[key] = [...items, { type, primary: items.length === 0, ...(part ? { [part]: value } : value) }];
	}
}

function patchUserPath(user, op, path, value) {
	const valued = VALUED.exec(path);
	if (valued)
		return patchValued(user, valued, op, value);
	if (lower(path).startsWith(lower(ENTERPRISE) + ":"))
		return patchUserPath(user, op, path.slice(ENTERPRISE.length + 1), value);
	const [first, second] = path.split(".");
	if (known(READ_ONLY, first))
		throw scimError(400, "mutability", `${first} cannot be changed`);
	const key = known(PLAIN, first), part = second && known(NAMES, second);
	if (!key || (second && (key !== "name" || !part)))
		throw scimError(400, "invalidPath", `Unknown path ${path}`);
	if (part) {
		user.name = { ...user.name, [part]: op === "remove" ? undefined : value };
	} else if (op === "remove") {
		delete user[key];
	} else {
		user[key] = key === "name" ? { ...user.name, ...value } : value;
	}
	return undefined;
}

function patchUserValue(user, op, value) {
	if (typeof value !== "object" || value === null || Array.isArray(value))
		throw scimError(400, "invalidValue", "Without a path the value has to be an object");
	for (const [path, inner] of Object.entries(value)) {
		if (path === ENTERPRISE)
			patchUserValue(user, op, inner);
		else
			patchUserPath(user, op, path, inner);
	}
}

// What the user would be; nothing is changed yet.
function patchedUser(user, body) {
	const draft = {};
	for (const key of PLAIN)
		draft[key] = user[key] === undefined ? undefined : structuredClone(user[key]);
	for (const { op, path, value } of readOperations(body)) {
		if (path)
			patchUserPath(draft, op, path, value);
		else
			patchUserValue(draft, op, value);
	}
	return readUser(draft);
}

function patchMembers(directory, members, op, path, value) {
	const one = /^members\[value eq "([^"]+)"\]$/i.exec(path);
	if (one && op === "remove") {
		members.delete(one[1]);
		return;
	}
	if (lower(path) !== "members")
		throw scimError(400, "invalidPath", `Unknown path ${path}`);
	if (op === "remove" && value === undefined) {
		members.clear();
		return;
	}
	const users = readMembers(directory, Array.isArray(value) ? value : [value], 404);
	if (op === "replace")
		members.clear();
	for (const user of users)
		op === "remove" ? members.delete(user.id) : members.set(user.id, user);
}

function patchGroup(world, directory, group, body) {
	const members = new Map(group.members);
	let { externalId } = group;
	const one = (op, path, value) => {
		if (lower(path) === "displayname") {
			if (op === "remove" || value !== group.displayName)
				throw scimError(400, "mutability", "displayName cannot be changed");
		} else if (lower(path) === "externalid") {
			externalId = op === "remove" ? undefined : value;
		} else if (lower(path) === "id" || lower(path) === "schemas") {
			throw scimError(400, "mutability", `${path} cannot be changed`);
		} else {
			patchMembers(directory, members, op, path, value);
		}
	};
	for (const { op, path, value } of readOperations(body)) {
		if (path)
			one(op, path, value);
		else
			Object.entries(value).forEach(([key, inner]) => one(op, key, inner));
	}
	if (members.size > MEMBERS_MAX)
		throw scimError(400, "tooMany", `A group has at most ${MEMBERS_MAX} members`);
	setMembers(group, [...members.values()]);
	group.externalId = externalId;
	group.modified = world.now();
}

module.exports = { patchedUser, patchGroup };
