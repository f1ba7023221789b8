// SPDX-License-Identifier: GPL-3.0-or-later
// One request from its arrival to its answer: which interface, what was switched to go wrong, what is written down.
"use strict";

const { setTimeout: sleep } = require("node:timers/promises");
const { World } = require("./world");
const { Switches } = require("./switches");
const { Answer, errorOf } = require("./answer");
const { readBody } = require("./body");
const scim = require("./scim");
const jsm = require("./jsm");
const admin = require("./admin");

const LOG_MAX = 200000;
const BODY_KEPT = 4000;

// Where each interface lives, and what an id in its paths is replaced by to name the endpoint.
const IDS = [
	[/\/(Users)\/[^/]+/, "/$1/{userId}"], [/\/(Groups)\/[^/]+/, "/$1/{id}"],
	[/\/(orgs?)\/[^/]+/, "/$1/{orgId}"], [/\/(directory\/users)\/[^/]+/, "/$1/{accountId}"],
	[/\/(directory\/groups)\/[^/]+/, "/$1/{groupId}"], [/\/(memberships)\/[^/]+/, "/$1/{accountId}"],
	[/\/(user|users)\/[^/]+(?=\/(?:get-scim|only|manage|revoke))/, "/$1/{accountId}"],
	[/\/(scimDirectoryId)\/[^/]+/, "/$1/{directoryId}"], [/\/(scimUserId)\/[^/]+/, "/$1/{userId}"],
	[/\/(servicedeskapi\/organization)\/[^/]+/, "/$1/{organizationId}"],
	[/\/(servicedeskapi\/servicedesk)\/[^/]+/, "/$1/{serviceDeskId}"],
];

class StandIn {
	// `contracts`: null where there are none
	constructor(contracts) {
		this.contracts = contracts;
		this.world = new World();
		this.switches = new Switches(this.world);
		this.forget();
	}

	forget() {
		this.log = [];
		this.requests = 0;
		if (this.contracts)
			this.contracts.forget();
	}

	requestCounts() {
		const counts = { total: this.requests, endpoints: {}, statuses: {} };
		for (const entry of this.log) {
			const key = `${entry.method} ${entry.endpoint}`;
			counts.endpoints[key] = (counts.endpoints[key] || 0) + 1;
			counts.statuses[entry.status] = (counts.statuses[entry.status] || 0) + 1;
		}
		return counts;
	}

	// {family, path below, what else its interface needs}, or null
	place(request, path) {
		const directory = this.world.directories.find((one) => path === one.base || path.startsWith(`${one.base}/`));
		if (directory)
			return { family: "scim", serve: scim.serve, below: path.slice(directory.base.length), directory, prefix: directory.base };
		const host = (request.headers.host || "").split(":")[0];
		for (const site of this.world.sites) {
			const prefix = `/ex/jira/${site.cloudId}`;
			if (path.startsWith(`${prefix}/rest/servicedeskapi`) || path === `${prefix}${jsm.USER_SEARCH}`)
				return { family: "jsm", serve: jsm.serve, below: path.slice(prefix.length), site, prefix };
			if (host === `${site.name}.atlassian.net` && path.startsWith("/rest/servicedeskapi"))
				return { family: "jsm", serve: jsm.serve, below: path, site, prefix: "" };
		}
		if (path.startsWith("/admin/") || path.startsWith("/users/"))
			return { family: "admin", serve: admin.serve, below: path, prefix: "" };
		return null;
	}

	endpoint(place) {
		const named = IDS.reduce((path, [pattern, put]) => path.replace(pattern, put), place.below);
		if (place.family !== "scim")
			return named;
		return (place.directory.kind === "portal" ? "portal-scim:" : "/scim/directory/{directoryId}") + named;
	}

	begin(request, url, place) {
		const entry = {
			at: Date.now(), family: place ? place.family : null, method: request.method, path: url.pathname, query: url.search,
			endpoint: place ? this.endpoint(place) : url.pathname, status: 0,
		};
		this.requests++;
		this.log.push(entry);
		if (this.log.length > LOG_MAX)
			this.log.shift();
		return entry;
	}

	async handle(request, response) {
		const origin = `${request.socket.encrypted ? "https" : "http"}://${request.headers.host}`;
		const url = new URL(request.url, "http://localhost");
		const place = this.place(request, url.pathname);
		const entry = this.begin(request, url, place);
		const text = await readBody(request);
		// a copy: a slice would keep all of a long body in memory
		entry.body = text === "" ? undefined : Buffer.from(text.slice(0, BODY_KEPT)).toString();
		const fault = place && (this.switches.next(entry) || this.switches.overBurst(entry));
		entry.fault = fault ? fault.id || "burst" : undefined;
		if (this.switches.latency || (fault && fault.slow))
			await sleep(this.switches.latency + ((fault && fault.slow) || 0));
		if (fault && fault.reset === "before") {
			request.socket.destroy();
			return;
		}
		const context = { ...place, world: this.world, switches: this.switches, request, query: url.searchParams, origin, entry };
		const refused = fault && fault.status ? this.switches.refusal(fault, entry.family) : null;
		const answer = refused && !fault.done ? refused : this.checked(context, place, text);
		entry.status = answer.status;
		this.send(request, response, refused || answer, fault || {});
	}

	// Held against the contract on its way in and out.
	checked(context, place, text) {
		const { contracts } = this, { entry, request, query } = context;
		if (!contracts || !place)
			return this.serve(context, text);
		const violation = contracts.checkRequest(entry, place, query, text, request.headers["content-type"]);
		if (violation)
			return errorOf(entry.family, 400, `Against the contract: ${JSON.stringify(violation.problems)}`);
		const answer = this.serve(context, text);
		contracts.checkAnswer(entry, place, answer, mediaType(request, {}));
		return answer;
	}

	serve(context, text) {
		try {
			if (!context.serve)
				return new Answer(404, { message: "nobody lives here" });
			context.body = readJson(context, text);
			return context.serve(context, context.below);
		} catch (error) {
			if (error instanceof Answer)
				return error;
			if (error instanceof URIError)
				return errorOf(context.family, 400, "The address is not valid");
			console.error(error);
			context.entry.broken = String(error.stack);
			return errorOf(context.family, 500, `The stand-in is broken: ${error.message}`);
		}
	}

	send(request, response, answer, fault) {
		if (fault.reset === "after") {
			request.socket.destroy();
			return;
		}
		let text = answer.body === undefined ? "" : JSON.stringify(answer.body);
		const type = answer.body === undefined ? {} : { "Content-Type": `${mediaType(request, fault)}; charset=utf-8` };
		if (fault.raw !== undefined)
			text = fault.raw;
		response.writeHead(answer.status, { ...type, ...answer.headers, "Content-Length": Buffer.byteLength(text) });
		if (!fault.truncate) {
			response.end(text);
			return;
		}
		// fewer bytes than were promised
		const half = text.slice(0, Math.floor(text.length / 2));
		response.write(half, () => request.socket.destroy());
	}
}

const mediaType = (request, fault) => fault.contentType ||
	((request.headers.accept || "").includes("application/scim+json") ? "application/scim+json" : "application/json");

function readJson(context, text) {
	if (text === "")
		return undefined;
	const type = (context.request.headers["content-type"] || "").split(";")[0].trim().toLowerCase();
	if (type !== "application/json" && !(context.family === "scim" && type === "application/scim+json"))
		throw errorOf(context.family, 415, `Unsupported media type ${type}`);
	try {
		return JSON.parse(text);
	} catch {
		throw errorOf(context.family, 400, "The body is no JSON");
	}
}

module.exports = { StandIn };
