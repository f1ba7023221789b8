// SPDX-License-Identifier: GPL-3.0-or-later
// What a SCIM service says about itself (RFC 7643 sections 5 to 7), with the attributes that Atlassian has.
"use strict";

const { Answer, scimError } = require("./answer");
const { CORE, ENTERPRISE } = require("./scim_users");
const { GROUP } = require("./scim_groups");

const LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
const off = { supported: false };
const text = (name, more = {}) => ({
	name, type: "string", multiValued: false, required: false, caseExact: false, mutability: "readWrite", returned: "default",
	uniqueness: "none", ...more,
});
const valued = (name) => text(name, { type: "complex", multiValued: true,
	subAttributes: [text("value"), text("type"), text("primary", { type: "boolean" })] });

const schemas = {
	[CORE]: {
		id: CORE, name: "User", description: "User", attributes: [
			text("userName", { required: true, uniqueness: "server" }), { ...valued("emails"), required: true },
			text("name", { type: "complex", subAttributes: ["formatted", "familyName", "givenName", "middleName", "honorificPrefix",
				"honorificSuffix"].map((name) => text(name)) }),
			...["displayName", "nickName", "title", "preferredLanguage", "timezone"].map((name) => text(name)),
			valued("phoneNumbers"), text("active", { type: "boolean" }),
			text("groups", { type: "complex", multiValued: true, mutability: "readOnly",
				subAttributes: [text("value"), text("display")] }),
		],
	},
	[GROUP]: {
		id: GROUP, name: "Group", description: "Group", attributes: [
			text("displayName", { required: true, mutability: "immutable", uniqueness: "server" }),
			text("members", { type: "complex", multiValued: true, subAttributes: [text("value"), text("display")] }),
		],
	},
	[ENTERPRISE]: {
		id: ENTERPRISE, name: "EnterpriseUser", description: "Enterprise User",
		attributes: [text("organization"), text("department")],
	},
};

const types = {
	User: { id: "User", name: "User", endpoint: "/Users", description: "User", schema: CORE,
		schemaExtensions: [{ schema: ENTERPRISE, required: false }] },
	Group: { id: "Group", name: "Group", endpoint: "/Groups", description: "Group", schema: GROUP },
};

function listed(all, schema, id) {
	if (id === undefined) {
		const Resources = Object.values(all).map((one) => ({ schemas: [schema], ...one }));
		const { length } = Resources;
		return new Answer(200, { schemas: [LIST], totalResults: length, startIndex: 1, itemsPerPage: length, Resources });
	}
	if (!all[id])
		throw scimError(404, undefined, `Resource ${id} not found`);
	return new Answer(200, { schemas: [schema], ...all[id] });
}

module.exports = {
	Schemas: (context, id) => listed(schemas, "urn:ietf:params:scim:schemas:core:2.0:Schema", id),
	ResourceTypes: (context, id) => listed(types, "urn:ietf:params:scim:schemas:core:2.0:ResourceType", id),
	ServiceProviderConfig: () => new Answer(200, {
		schemas: ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"], patch: { supported: true },
		bulk: { supported: false, maxOperations: 0, maxPayloadSize: 0 }, filter: { supported: true, maxResults: 100 },
		changePassword: off, sort: off, etag: off,
		authenticationSchemes: [{ type: "oauthbearertoken", name: "Bearer", description: "A key of the directory" }],
	}),
};
