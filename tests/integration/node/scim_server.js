// SPDX-License-Identifier: GPL-3.0-or-later
// scimmy as a SCIM server: node scim_server.js PORT KEY, below /scim/v2 of 127.0.0.1.  What requests mean (filters, pages,
// PATCH, schemas, errors) is what scimmy makes of them; here is where resources are kept, and HTTP.
"use strict";

const http = require("node:http");
const { randomUUID } = require("node:crypto");
const SCIMMY = require("scimmy").default;

const { Resources, Messages, Types, Schemas } = SCIMMY;
const [port, key] = [Number(process.argv[2]), process.argv[3]];
const kept = { User: new Map(), Group: new Map() };

function one(kind, id) {
	const found = kept[kind].get(id);
	if (!found)
		throw new Types.Error(404, null, `${kind} ${id} not found`);
	return found;
}

function requireUnique(kind, attribute, instance, id) {
	for (const other of kept[kind].values()) {
		if (other.id !== id && other[attribute].toLowerCase() === instance[attribute].toLowerCase())
			throw new Types.Error(409, "uniqueness", `${attribute} is another's`);
	}
}

function memberships(id) {
	return [...kept.Group.values()].filter((group) => (group.members || []).some((member) => member.value === id))
		.map((group) => ({ value: group.id, display: group.displayName, type: "direct" }));
}

const show = (kind, resource) => (kind === "User" ? { ...resource, groups: memberships(resource.id) } : resource);

function keep(kind, attribute) {
	return (resource, instance) => {
		const id = resource.id || randomUUID(), now = new Date();
		const created = resource.id ? one(kind, id).meta.created : now;
		requireUnique(kind, attribute, instance, id);
		if (kind === "Group")
			(instance.members || []).forEach((member) => one("User", member.value));
		const { groups, ...plain } = JSON.parse(JSON.stringify(instance));
		kept[kind].set(id, { ...plain, id, meta: { created, lastModified: now } });
		return show(kind, kept[kind].get(id));
	};
}

function find(kind) {
	return (resource) => {
		if (resource.id)
			return show(kind, one(kind, resource.id));
		const all = [...kept[kind].values()].map((found) => show(kind, found));
		return resource.filter ? resource.filter.match(all) : all;
	};
}

function drop(kind) {
	return (resource) => {
		one(kind, resource.id);
		kept[kind].delete(resource.id);
		for (const group of kind === "User" ? kept.Group.values() : [])
			group.members = (group.members || []).filter((member) => member.value !== resource.id);
	};
}

Resources.User.extend(Schemas.EnterpriseUser, false);
Resources.declare(Resources.User);
Resources.declare(Resources.Group);
for (const [kind, attribute] of [["User", "userName"], ["Group", "displayName"]])
	Resources[kind].ingress(keep(kind, attribute)).egress(find(kind)).degress(drop(kind)).basepath("/scim/v2");

async function answer(request, url, text) {
	const [, kind, id] = /^\/scim\/v2\/(User|Group)s(?:\/([^/]+))?$/.exec(decodeURIComponent(url.pathname)) || [];
	if (request.headers.authorization !== `Bearer ${key}`)
		throw new Types.Error(401, null, "The key is not valid");
	if (!kind)
		throw new Types.Error(404, null, "No such endpoint");
	const query = Object.fromEntries(url.searchParams), Resource = Resources[kind];
	for (const name of ["startIndex", "count"]) {
		if (query[name] !== undefined)
			query[name] = Number(query[name]);
	}
	const resource = id ? new Resource(id, query) : new Resource(query);
	switch (request.method) {
	case "GET":
		return [200, await resource.read()];
	case "POST":
		return [201, await resource.write(JSON.parse(text))];
	case "PATCH": {
		const patched = await resource.patch(JSON.parse(text));
		return patched === undefined ? [204] : [200, patched];
	}
	case "DELETE":
		await resource.dispose();
		return [204];
	default:
		throw new Types.Error(405, null, "No such method");
	}
}

function refusal(error) {
	if (!(error instanceof Types.Error))
		console.error(error);
	const said = new Messages.ErrorResponse(error);
	return [Number(said.status), said];
}

http.createServer(async (request, response) => {
	let text = "";
	for await (const piece of request)
		text += piece;
	const url = new URL(request.url, "http://localhost");
	const [status, body] = await answer(request, url, text).catch(refusal);
	console.log(`${request.method} ${url.pathname}${url.search} ${text.slice(0, 400)}\n\t${status} ${JSON.stringify(body)}`);
	response.writeHead(status, { "Content-Type": "application/scim+json" });
	response.end(body === undefined ? undefined : JSON.stringify(body));
}).listen(port, "127.0.0.1");
