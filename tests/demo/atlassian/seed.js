// SPDX-License-Identifier: GPL-3.0-or-later
// Fills the world from what a test says (README.md has the format), and shows it all again.
"use strict";

const { Directory, Site, lower } = require("./world");
const { createUser, primaryOf, showUser } = require("./scim_users");
const { createGroup, join } = require("./scim_groups");

function find(list, said, what) {
	const found = said === undefined ? list[0] : list.find((one) => one.id === said || one.name === said);
	if (!found)
		throw new Error(`seed: no ${what} ${said}`);
	return found;
}

// `%d` of every text is the number.
function numbered(what, number) {
	if (typeof what === "string")
		return what.replace(/%d/g, number);
	if (Array.isArray(what))
		return what.map((one) => numbered(one, number));
	if (what && typeof what === "object")
		return Object.fromEntries(Object.entries(what).map(([key, value]) => [key, numbered(value, number)]));
	return what;
}

// A template with `count` (and `from`) stands for so many of it.
function* expand(list) {
	for (const { count, from = 1, ...what } of list || []) {
		if (count === undefined) {
			yield what;
			continue;
		}
		for (let number = from; number < from + count; number++)
			yield numbered(what, number);
	}
}

function seedAccount(world, what) {
	if (what.kind === "customer") {
		const site = find(world.sites, what.site, "site"), customer = site.addCustomer(what);
		(what.desks || []).forEach((id) => site.desk(String(id)).customers.add(customer.id));
		for (const name of what.organizations || [])
			(site.organizationByName(name) || site.addOrganization({ name })).members.add(customer.id);
		return;
	}
	world.addAccount(what);
}

function seedUser(world, what) {
	const { directory: said, mail, groups = [], ...body } = what;
	const directory = find(world.directories, said, "directory");
	body.userName = body.userName || mail;
	body.emails = body.emails || [{ value: mail, type: "work", primary: true }];
	const user = createUser(world, directory, body);
	for (const name of groups) {
		const known = directory.byDisplayName.get(lower(name));
		join(known || createGroup(world, directory, { displayName: name }), user);
	}
}

function seed(world, what) {
	Object.assign(world.organization, what.organization || {});
	for (const [name, products] of Object.entries(what.groupProducts || {}))
		world.groupProducts.set(lower(name), products);
	(what.builtin || []).forEach((name) => world.builtin.add(lower(name)));
	(what.sites || []).forEach((site) => world.sites.push(new Site(site)));
	(what.directories || []).forEach((directory) => world.directories.push(new Directory(directory)));
	for (const { directory, ...body } of expand(what.groups))
		createGroup(world, find(world.directories, directory, "directory"), body);
	for (const account of expand(what.accounts))
		seedAccount(world, account);
	for (const user of expand(what.users))
		seedUser(world, user);
	for (const { name, members } of what.localGroups || []) {
		const group = { id: `local-${world.localGroups.size + 1}`, name, members: new Set() };
		(members || []).forEach((mail) => group.members.add(world.byMail.get(lower(mail)).id));
		world.localGroups.set(group.id, group);
	}
}

// ---- what happens behind the interfaces' back ----

const CHANGEABLE = {
	account: ["status", "suspended", "policy", "products", "lastActive", "admin", "name", "mute"],
	customer: ["active", "name"],
	directory: ["key", "unverified", "listMembers"],
	site: ["token", "login", "duplicateOfAtlassian"],
};

function pick(world, kind, said) {
	if (kind === "account")
		return world.accounts.get(said) || world.byMail.get(lower(said));
	if (kind === "customer")
		return world.sites.map((site) => site.customers.get(said) || site.byMail.get(lower(said))).find(Boolean);
	return (kind === "directory" ? world.directories : world.sites).find((one) => one.id === said || one.name === said);
}

// {"account": mail or id, "set": {…}}, likewise customer, directory, site; {"organization": {…}}
function change(world, what) {
	if (what.organization) {
		Object.assign(world.organization, what.organization);
		return;
	}
	const kind = Object.keys(CHANGEABLE).find((name) => what[name] !== undefined);
	const found = kind && pick(world, kind, what[kind]);
	if (!found)
		throw new Error(`change: nothing such: ${JSON.stringify(what)}`);
	for (const [key, value] of Object.entries(what.set)) {
		if (!CHANGEABLE[kind].includes(key))
			throw new Error(`change: ${kind} has no ${key} that can be set`);
		found[key] = value;
	}
}

// ---- everything, for tests to look at ----

function showSite(site) {
	return {
		name: site.name, cloudId: site.cloudId,
		customers: [...site.customers.values()],
		desks: [...site.desks.values()].map((desk) => ({
			...desk, customers: [...desk.customers].sort(), organizations: [...desk.organizations].sort(),
		})),
		organizations: [...site.organizations.values()].map((one) => ({ ...one, members: [...one.members].sort() })),
	};
}

function showDirectory(directory) {
	return {
		id: directory.id, kind: directory.kind, base: directory.base,
		users: [...directory.users.values()].map((user) => ({
			...showUser(directory, user, ""), mail: primaryOf(user.emails), account: user.account && user.account.id,
			groups: [...user.groups.values()].map((group) => group.displayName).sort(),
		})),
		groups: [...directory.groups.values()].map((group) => ({
			id: group.id, displayName: group.displayName, externalId: group.externalId,
			members: [...group.members.values()].map((user) => user.userName).sort(),
		})),
	};
}

function show(world) {
	return {
		organization: { ...world.organization, key: undefined },
		accounts: [...world.accounts.values()].map((account) => ({
			...account, links: [...account.links.keys()], groups: [...new Set(world.groupNamesOf(account))].sort(),
			billable: world.isBillable(account), managed: world.isManaged(account), product_access: world.productsOf(account),
		})),
		directories: world.directories.map(showDirectory), sites: world.sites.map(showSite),
		local_groups: [...world.localGroups.values()].map((group) => ({ ...group, members: [...group.members] })),
	};
}

module.exports = { seed, change, show };
