// SPDX-License-Identifier: GPL-3.0-or-later
// Every request and every answer, held against Atlassian's OpenAPI documents, by ajv, which knows OpenAPI's `nullable` too.
//
// A document is one schema to ajv, so that the references in it resolve by themselves.  Where a document contradicts what
// is known of the real service, CONTRADICTIONS says why the service wins; what no document holds is listed in UNPROVEN.
"use strict";

const fs = require("node:fs");
const path = require("node:path");

const DOCUMENTS = {
	scim: { file: "atlassian-scim-openapi.json", before: "" },
	jsm: { file: "jsm-cloud-openapi.json", before: "" },
	admin: { file: "atlassian-organizations-openapi.json", before: "/admin" },
};

// {family, endpoint, side, at: of the error, status}: all that are named have to match
const CONTRADICTIONS = [
	{ family: "scim", side: "answer", at: /\/meta\/resourceType$/,
		reason: "the schema says USER and GROUP; its own examples and RFC 7643 say User and Group" },
	{ family: "scim", side: "answer", endpoint: /\/(Schemas|ResourceTypes|ServiceProviderConfig)/, at: /^$/,
		reason: "the schema says string; RFC 7643 says an object" },
	{ family: "scim", side: "request", at: /^\/operations\/\d+\/value$/,
		reason: "the schema describes the program's class for values; any JSON is sent" },
	{ family: "scim", side: "status", status: 400, endpoint: /^GET .*\/\{userId\}$/,
		reason: "attributes together with excludedAttributes; the document names 400 for lists only" },
	{ family: "admin", side: "answer", at: /\/product_access\/\d+\/key$/, reason: "products come and go: the list is open" },
	{ family: "jsm", side: "answer", at: /(^|\/)(uuid|scimManaged)$/,
		reason: "OrganizationDTO of the document is older than portal-only SCIM" },
	{ family: "jsm", side: "answer", at: /\/emailAddress$/, reason: "privacy settings make it null" },
	{ family: "jsm", side: "status", status: 412, reason: "said in the text of the document, not in its responses" },
	{ side: "status", status: 429, reason: "limits are documented for all interfaces together" },
	{ side: "status", status: 503, reason: "anything in between answers it" },
	{ side: "status", status: 405, reason: "no operation of the document" },
	{ side: "status", status: 415, reason: "no operation of the document" },
	{ family: "scim", side: "status", status: 409, endpoint: /^(PUT|PATCH) .*Users/,
		reason: "another user's mail or userName; the document names 409 for POST only" },
	{ family: "jsm", side: "status", status: 400, endpoint: /^GET /,
		reason: "a number that is none; the document names 400 for bodies only" },
];

const LINKS = "/admin/user-provisioning/v1/org/{orgId}";
// What the endpoint's name begins with, and where it is known from.
const UNPROVEN = [
	["GET /rest/api/3/user/search", "reference pages of the Jira platform"],
	["PUT /rest/servicedeskapi/customer/user/{accountId}/revoke-portal-only-access", "reference pages"],
	[`GET ${LINKS}/user/{accountId}/get-scim-links`, "a public client"],
	[`POST ${LINKS}/get-scim-links-for-email`, "a public client"],
	[`PATCH ${LINKS}/scimDirectoryId/{directoryId}/scimUserId/{userId}/unlink`, "a public client"],
	[`DELETE ${LINKS}/user/{accountId}/onlyDeleteUserInDB`, "a public client"],
	["POST /users/{accountId}/manage/lifecycle/enable", "reference pages"],
	["POST /users/{accountId}/manage/lifecycle/disable", "reference pages"],
	...["GET", "POST", "PUT", "PATCH", "DELETE"].map((method) =>
		[`${method} portal-scim:`, "an announcement; checked as if it were the organisation's"]),
];

const isUnproven = (name) => UNPROVEN.some(([known]) => (known.endsWith(":") ? name.startsWith(known) : name === known));

function operationsOf(family, document) {
	const operations = [];
	for (const [template, item] of Object.entries(document.paths)) {
		const full = DOCUMENTS[family].before + template;
		const pattern = full.replace(/[.*+?^$()|[\]\\]/g, "\\$&").replace(/\{[^}]+\}/g, "([^/]+)");
		for (const method of ["get", "post", "put", "patch", "delete"]) {
			if (item[method]) {
				operations.push({ method: method.toUpperCase(), pattern: new RegExp(`^${pattern}$`), document, family, template,
					operation: item[method], variables: (full.match(/\{/g) || []).length });
			}
		}
	}
	// of two that fit, the one with fewer variables is meant
	return operations.sort((one, other) => one.variables - other.variables);
}

class Contracts {
	constructor(folder) {
		const Ajv = require("ajv").default, formats = require("ajv-formats");
		this.ajv = new Ajv({ strict: false, allErrors: true, validateFormats: true, logger: false });
		this.loose = new Ajv({ strict: false, allErrors: true, coerceTypes: true, logger: false });
		formats(this.ajv);
		formats(this.loose);
		this.operations = [];
		this.compiled = new Map();
		this.violations = [];
		for (const [family, { file }] of Object.entries(DOCUMENTS)) {
			const document = JSON.parse(fs.readFileSync(path.join(folder, file), "utf8"));
			this.ajv.addSchema(document, family);
			this.operations.push(...operationsOf(family, document));
		}
	}

	forget() {
		this.violations = [];
	}

	// What this request is by the contract; null: no document holds it.  Portal-only SCIM is looked up as the organisation's.
	find(entry, place) {
		const asked = place.family === "scim" ? `/scim/directory/x${place.below}` : place.below;
		const fits = (one) => one.family === place.family && one.method === entry.method && one.pattern.test(asked);
		return this.operations.find(fits) || null;
	}

	validator(family, schema) {
		const key = `${family} ${JSON.stringify(schema)}`;
		if (!this.compiled.has(key))
			this.compiled.set(key, this.ajv.compile(rebased(schema, family)));
		return this.compiled.get(key);
	}

	// The violation, when the client broke the contract; null.
	checkRequest(entry, place, query, text, contentType) {
		const name = `${entry.method} ${entry.endpoint}`, found = this.find(entry, place);
		entry.unproven = isUnproven(name) || undefined;
		if (!found)
			return null;
		const problems = this.queryProblems(found, query);
		const body = resolved(found.document, found.operation.requestBody);
		if (text === "" && body && body.required)
			problems.push({ at: "", message: "a body is required" });
		if (text !== "" && body) {
			const type = (contentType || "").split(";")[0].trim();
			const content = body.content[type];
			const value = parsed(text);
			if (content === undefined)
				problems.push({ at: "", message: `media type ${type} is not in the contract` });
			else if (value !== undefined)
				problems.push(...this.bodyProblems(found, content.schema, value));
		}
		return this.record("request", entry, found, problems, name);
	}

	queryProblems({ operation, document }, query) {
		const parameters = (operation.parameters || []).map((one) => resolved(document, one));
		const known = new Map(parameters.filter((one) => one.in === "query").map((one) => [one.name, one]));
		const problems = [];
		for (const [name, value] of query) {
			if (!known.has(name))
				problems.push({ at: `?${name}`, message: "is not in the contract" });
			else if (known.get(name).schema && !this.loose.validate({ properties: { v: known.get(name).schema } }, { v: value }))
				problems.push({ at: `?${name}`, message: this.loose.errorsText() });
		}
		return problems;
	}

	bodyProblems({ family }, schema, value) {
		const validate = this.validator(family, schema);
		if (validate(value))
			return [];
		return validate.errors.map((error) => ({
			at: [error.instancePath, error.params.additionalProperty].filter((part) => part !== undefined).join("/"),
			message: error.message,
		}));
	}

	// The stand-in's own answer, as it would be without any fault.
	checkAnswer(entry, place, answer, mediaType) {
		const name = `${entry.method} ${entry.endpoint}`, found = this.find(entry, place);
		if (!found) {
			if (answer.status < 400 && !isUnproven(name))
				this.keep("answer", entry, [{ at: "", message: "neither in the contract nor listed as unproven" }]);
			return;
		}
		const declared = resolved(found.document, found.operation.responses[answer.status]);
		if (!declared) {
			const problem = { at: "", message: `status ${answer.status} is not in the contract` };
			this.record("status", entry, found, [problem], name, answer.status);
			return;
		}
		const content = declared.content && (declared.content[mediaType] || declared.content["application/json"]);
		if (content && content.schema) {
			// as it is written: members that are undefined are not there
			const value = answer.body === undefined ? undefined : JSON.parse(JSON.stringify(answer.body));
			this.record("answer", entry, found, this.bodyProblems(found, content.schema, value), name);
		}
	}

	record(side, entry, found, problems, name, status) {
		const real = problems.filter(({ at }) => !CONTRADICTIONS.some((one) => (!one.family || one.family === found.family) &&
			one.side === side && (!one.endpoint || one.endpoint.test(name)) && (!one.at || one.at.test(at)) &&
			(!one.status || one.status === status)));
		if (real.length === 0)
			return null;
		return this.keep(side, entry, real);
	}

	keep(side, entry, problems) {
		const violation = {
			by: side === "request" ? "client" : "standin", endpoint: `${entry.method} ${entry.endpoint}`,
			path: entry.path + entry.query, problems,
		};
		this.violations.push(violation);
		entry.violation = violation;
		return violation;
	}
}

// What is written elsewhere in its document.
function resolved(document, one) {
	return one && one.$ref ? one.$ref.slice(2).split("/").reduce((at, key) => at[key], document) : one;
}

// References of a document, from outside it.
function rebased(schema, family) {
	return JSON.parse(JSON.stringify(schema), (key, value) =>
		(key === "$ref" && typeof value === "string" && value.startsWith("#") ? family + value : value));
}

function parsed(text) {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}

const listed = () => ({
	unproven: UNPROVEN.map(([endpoint, source]) => ({ endpoint, source })),
	contradictions: CONTRADICTIONS.map(({ at, endpoint, ...where }) => ({
		...where, at: at && at.source, endpoint: endpoint && endpoint.source,
	})),
});

module.exports = { Contracts, listed };
