// SPDX-License-Identifier: GPL-3.0-or-later
// What the stand-in holds: accounts, SCIM directories, sites, and what is billed.  No HTTP here.
"use strict";

const { randomUUID } = require("node:crypto");

const MEMBERS_MAX = 35000;
const PRODUCTS = {
	"jira-software": "Jira", "jira-core": "Jira Work Management", "jira-service-desk": "Jira Service Management",
	confluence: "Confluence", bitbucket: "Bitbucket", trello: "Trello",
};
// Guard Premium counts these two alone; external users are counted for these three.
const PREMIUM = ["jira-software", "jira-core", "confluence"];
const EXTERNAL = ["jira-software", "jira-core", "jira-service-desk", "confluence"];

const lower = (text) => (text || "").toLowerCase();
const domainOf = (mail) => lower(mail).split("@").pop();
const hex = (length) => randomUUID().replace(/-/g, "").slice(0, length);

class World {
	constructor() {
		this.clear();
	}

	clear() {
		this.clockOffset = 0;
		this.organization = {
			id: "org-1", key: "org-key", name: "Example", domains: ["example.com"], localPolicy: "billable", externalPolicySso: false,
		};
		this.groupProducts = new Map();         // lower-cased name -> ["jira-software", "jira-service-desk:customer", …]
		this.builtin = new Set();               // lower-cased names of built-in and default-access groups
		this.accounts = new Map();              // account id -> account
		this.byMail = new Map();                // lower-cased mail -> Atlassian account
		this.directories = [];
		this.sites = [];
		this.localGroups = new Map();           // id -> {id, name, members: Set of account ids}
	}

	now() {
		return new Date(Date.now() + this.clockOffset);
	}

	isVerified(mail) {
		return this.organization.domains.some((domain) => lower(domain) === domainOf(mail));
	}

	// ---- Atlassian accounts: one to a mail, everywhere; of portal-only customers see `Site` ----

	addAccount(what) {
		const account = {
			id: what.id || `712020:${randomUUID()}`, kind: "atlassian", mail: what.mail, name: what.name || what.mail,
			status: what.status || "active", products: [...(what.products || [])], suspended: Boolean(what.suspended),
			policy: what.policy || null, lastActive: { ...(what.lastActive || {}) }, links: new Map(),
			admin: Boolean(what.admin), added: this.now(),
		};
		this.accounts.set(account.id, account);
		this.byMail.set(lower(account.mail), account);
		return account;
	}

	isManaged(account) {
		return account.kind === "atlassian" && this.isVerified(account.mail);
	}

	// false: another account has the mail
	changeMail(account, mail) {
		const holder = this.byMail.get(lower(mail));
		if (holder && holder !== account)
			return false;
		if (this.byMail.get(lower(account.mail)) === account)
			this.byMail.delete(lower(account.mail));
		account.mail = mail;
		this.byMail.set(lower(mail), account);
		return true;
	}

	*groupNamesOf(account) {
		for (const user of account.links.values()) {
			for (const group of user.groups.values())
				yield group.displayName;
		}
		for (const group of this.localGroups.values()) {
			if (group.members.has(account.id))
				yield group.name;
		}
	}

	// keys of products that the account may use; role Customer of Jira Service Management is no such access
	productsOf(account) {
		const keys = new Set(account.products);
		for (const name of this.groupNamesOf(account)) {
			for (const product of this.groupProducts.get(lower(name)) || [])
				keys.add(product);
		}
		return [...keys].filter((key) => !key.endsWith(":customer")).sort();
	}

	isBillable(account) {
		if (account.kind !== "atlassian" || account.status !== "active" || account.suspended)
			return false;
		const products = this.productsOf(account);
		if (!this.isManaged(account))
			return this.organization.externalPolicySso && products.some((key) => EXTERNAL.includes(key));
		// a non-billable policy exists in the local directory only
		if (account.links.size === 0 && (account.policy || this.organization.localPolicy) === "non-billable")
			return false;
		return products.some((key) => key in PRODUCTS);
	}

	counts() {
		const counts = {
			atlassian: 0, managed: 0, external: 0, billable: 0, billable_premium: 0, billable_by_trello_alone: 0, inactive: 0,
			by_product: {}, scim_users: 0, scim_active: 0, scim_groups: 0, portal: 0, portal_active: 0, two_kinds: 0,
			duplicate_external_ids: 0,
		};
		for (const account of this.accounts.values())
			this.countAccount(account, counts);
		for (const directory of this.directories) {
			const seen = new Set();
			counts.scim_groups += directory.groups.size;
			for (const user of directory.users.values()) {
				counts.scim_users++;
				counts.scim_active += user.active ? 1 : 0;
				counts.duplicate_external_ids += user.externalId && seen.has(user.externalId) ? 1 : 0;
				seen.add(user.externalId);
			}
		}
		for (const site of this.sites) {
			for (const customer of site.customers.values()) {
				counts.portal++;
				counts.portal_active += customer.active ? 1 : 0;
				counts.two_kinds += customer.active && this.byMail.has(lower(customer.mail)) ? 1 : 0;
			}
		}
		return counts;
	}

	countAccount(account, counts) {
		counts.atlassian++;
		counts[this.isManaged(account) ? "managed" : "external"]++;
		counts.inactive += account.status === "active" ? 0 : 1;
		if (!this.isBillable(account))
			return;
		const products = this.productsOf(account);
		counts.billable++;
		counts.billable_premium += products.some((key) => PREMIUM.includes(key)) ? 1 : 0;
		counts.billable_by_trello_alone += products.length === 1 && products[0] === "trello" ? 1 : 0;
		for (const key of products)
			counts.by_product[key] = (counts.by_product[key] || 0) + 1;
	}

	directoryById(id) {
		return this.directories.find((directory) => directory.id === id);
	}
}

// A SCIM directory: of the organisation (Atlassian accounts) or of a site's portal-only customers.
class Directory {
	constructor(what) {
		this.id = what.id || randomUUID();
		this.kind = what.kind || "organization";
		this.base = what.base || (this.kind === "organization" ? `/scim/directory/${this.id}` : `/customer-scim/${this.id}`);
		this.key = what.key || "scim-key";
		this.site = what.site || null;
		this.unverified = what.unverified || "external";        // or "refuse"
		this.listMembers = what.listMembers !== false;          // whether a list of groups names their members
		this.users = new Map();
		this.groups = new Map();
		this.byUserName = new Map();
		this.byPrimaryMail = new Map();
		this.byExternalId = new Map();
		this.byDisplayName = new Map();
	}
}

// A site of Jira Service Management.
class Site {
	constructor(what) {
		this.name = what.name || "help";
		this.cloudId = what.cloudId || randomUUID();
		this.login = what.login || null;        // null: the token is a bearer's
		this.token = what.token || "site-token";
		this.duplicateOfAtlassian = what.duplicateOfAtlassian || "create";      // or "refuse"
		this.customers = new Map();             // account id -> portal-only customer
		this.byMail = new Map();
		this.organizations = new Map();
		this.desks = new Map();
		this.nextOrganization = 1;
		for (const desk of what.desks || [{ id: "1", key: "HELP", name: "Help" }])
			this.addDesk(desk);
		for (const organization of what.organizations || [])
			this.addOrganization(organization);
	}

	addDesk(what) {
		const id = String(what.id || this.desks.size + 1);
		this.desks.set(id, {
			id, key: what.key || `DESK${id}`, name: what.name || `Desk ${id}`, projectId: String(what.projectId || 10000 + Number(id)),
			access: what.access || "closed", customers: new Set(), organizations: new Set(),
		});
	}

	// by every form of a desk's id
	desk(text) {
		const [kind, value] = text.includes(":") ? text.split(":", 2) : [null, text];
		for (const desk of this.desks.values()) {
			const matches = {
				projectKey: desk.key === value, projectId: desk.projectId === value, serviceDeskId: desk.id === value,
			};
			if (kind === null ? desk.id === value || desk.key === value : matches[kind])
				return desk;
		}
		return undefined;
	}

	addOrganization(what) {
		const organization = {
			id: String(this.nextOrganization++), uuid: randomUUID(), name: what.name, scimManaged: Boolean(what.scimManaged),
			members: new Set(), created: what.created || new Date(),
		};
		this.organizations.set(organization.id, organization);
		return organization;
	}

	organizationByName(name) {
		return [...this.organizations.values()].find((organization) => lower(organization.name) === lower(name));
	}

	removeOrganization(organization) {
		this.organizations.delete(organization.id);
		for (const desk of this.desks.values())
			desk.organizations.delete(organization.id);
	}

	addCustomer(what) {
		const known = this.byMail.get(lower(what.mail));
		if (known) {
			known.active = true;
			known.name = what.name || known.name;
			return known;
		}
		const customer = {
			id: what.id || `qm:${this.cloudId}:${hex(24)}`, kind: "customer", mail: what.mail, name: what.name || what.mail,
			active: what.active !== false, site: this.name,
		};
		this.customers.set(customer.id, customer);
		this.byMail.set(lower(customer.mail), customer);
		return customer;
	}

	changeMail(customer, mail) {
		const holder = this.byMail.get(lower(mail));
		if (holder && holder !== customer)
			return false;
		this.byMail.delete(lower(customer.mail));
		customer.mail = mail;
		this.byMail.set(lower(mail), customer);
		return true;
	}

	removeCustomer(customer) {
		this.customers.delete(customer.id);
		this.byMail.delete(lower(customer.mail));
		for (const organization of this.organizations.values())
			organization.members.delete(customer.id);
		for (const desk of this.desks.values())
			desk.customers.delete(customer.id);
	}
}

module.exports = { World, Directory, Site, MEMBERS_MAX, PRODUCTS, lower };
