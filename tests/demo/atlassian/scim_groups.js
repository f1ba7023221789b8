// SPDX-License-Identifier: GPL-3.0-or-later
// SCIM groups.  In a directory of portal-only customers each is a customer organization of the site.
"use strict";

const { randomUUID } = require("node:crypto");
const { scimError } = require("./answer");
const { MEMBERS_MAX, lower } = require("./world");

const GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group";

function join(group, user) {
	if (group.members.has(user.id))
		return;
	if (group.members.size >= MEMBERS_MAX)
		throw scimError(400, "tooMany", `A group has at most ${MEMBERS_MAX} members`);
	group.members.set(user.id, user);
	user.groups.set(group.id, group);
	if (group.organization && user.account)
		group.organization.members.add(user.account.id);
}

function leave(group, user) {
	group.members.delete(user.id);
	user.groups.delete(group.id);
	if (group.organization && user.account)
		group.organization.members.delete(user.account.id);
}

function readMembers(directory, members, unknownStatus) {
	if (!Array.isArray(members))
		throw scimError(400, "invalidSyntax", "members is no array");
	return members.map((member) => {
		const user = member && directory.users.get(member.value);
		if (!user)
			throw scimError(unknownStatus, "invalidValue", `No such user: ${member && member.value}`);
		return user;
	});
}

function setMembers(group, users) {
	if (users.length > MEMBERS_MAX)
		throw scimError(400, "tooMany", `A group has at most ${MEMBERS_MAX} members`);
	const wanted = new Set(users);
	for (const user of [...group.members.values()]) {
		if (!wanted.has(user))
			leave(group, user);
	}
	for (const user of wanted)
		join(group, user);
}

function readName(body) {
	if (body === null || typeof body !== "object" || typeof body.displayName !== "string" || body.displayName.trim() === "")
		throw scimError(400, "invalidValue", "displayName is required");
	return body.displayName;
}

function createGroup(world, directory, body) {
	const displayName = readName(body), now = world.now();
	const group = {
		id: randomUUID(), displayName, externalId: body.externalId, members: new Map(), created: now, modified: now,
		organization: null,
	};
	// of a built-in or default-access group: success, and nothing was done
	if (world.builtin.has(lower(displayName)))
		return group;
	if (directory.byDisplayName.has(lower(displayName)))
		throw scimError(409, "uniqueness", "Group with the given displayName already exists");
	const users = readMembers(directory, body.members || [], 400);
	if (directory.kind === "portal")
		group.organization = ownOrganization(world, directory, displayName);
	directory.groups.set(group.id, group);
	directory.byDisplayName.set(lower(displayName), group);
	setMembers(group, users);
	return group;
}

function ownOrganization(world, directory, name) {
	const site = world.sites.find((one) => one.name === directory.site);
	const found = site.organizationByName(name);
	if (found && found.scimManaged)
		throw scimError(409, "uniqueness", "An organization of this name exists");
	return site.addOrganization({ name, scimManaged: true, created: world.now() });
}

function putGroup(world, directory, group, body) {
	if (readName(body) !== group.displayName)
		throw scimError(400, "mutability", "displayName cannot be changed");
	setMembers(group, readMembers(directory, body.members || [], 400));
	group.externalId = body.externalId;
	group.modified = world.now();
}

function deleteGroup(world, directory, group) {
	for (const user of [...group.members.values()])
		leave(group, user);
	if (group.organization)
		world.sites.find((one) => one.name === directory.site).removeOrganization(group.organization);
	directory.groups.delete(group.id);
	directory.byDisplayName.delete(lower(group.displayName));
}

function showGroup(directory, group, origin, withMembers = true) {
	return {
		schemas: [GROUP], id: group.id, externalId: group.externalId, displayName: group.displayName,
		members: withMembers ? [...group.members.values()].map((user) => ({
			type: "User", value: user.id, display: user.userName, $ref: `${origin}${directory.base}/Users/${user.id}`,
		})) : undefined,
		meta: {
			resourceType: "Group", location: `${origin}${directory.base}/Groups/${group.id}`,
			created: group.created.toISOString(), lastModified: group.modified.toISOString(),
		},
	};
}

module.exports = { createGroup, putGroup, deleteGroup, showGroup, readMembers, setMembers, join, leave, GROUP };
