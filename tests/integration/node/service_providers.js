// SPDX-License-Identifier: GPL-3.0-or-later
//
// Service providers that nobody of this project wrote, as one process that reads
// a line of JSON and answers with one:
//
//   {do: "new", name, kind: "node-saml" | "auth0", options}
//   {do: "ask", name, relay, id}            -> {url}: its own AuthnRequest by redirect, as the library writes it
//   {do: "ask-by-post", name, relay, id}    -> {html}: its own page with a form
//   {do: "read", name, response, ids}       -> {profile} or {refused: why}
//
// `response` is the posted field, in base64.  node-saml makes the id of a request
// itself and remembers it; for auth0 the caller does both.
"use strict";

const readline = require("readline");
const { SAML } = require("@node-saml/node-saml");
const auth0 = require("passport-wsfed-saml2");

const providers = new Map();

class NodeSaml {
	constructor(options) {
		this.saml = new SAML(options);
	}
	async ask(relay) {
		return { url: await this.saml.getAuthorizeUrlAsync(relay, "", {}) };
	}
	async askByPost(relay) {
		// Unless told, it deflates what it posts too, which no binding knows (SAML bindings 3.5.4).
		this.saml.options.skipRequestCompression = true;
		return { html: await this.saml.getAuthorizeFormAsync(relay, "") };
	}
	async read(response) {
		const { profile } = await this.saml.validatePostResponseAsync({ SAMLResponse: response });
		return profile;
	}
}

class Auth0 {
	constructor(options) {
		this.options = options;
	}
	strategy(id, more) {
		return new auth0.Strategy({ ...this.options, ...more, protocol: "samlp", request_id: id }, () => {})._samlp;
	}
	ask(relay, id) {
		return new Promise((good, bad) => this.strategy(id, {}).getSamlRequestUrl({ RelayState: relay },
			(error, url) => error ? bad(error) : good({ url })));
	}
	askByPost(relay, id) {
		const post = { protocolBinding: "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" };
		return new Promise((good, bad) => this.strategy(id, post).getSamlRequestForm({ RelayState: relay },
			(error, html) => error ? bad(error) : good({ html })));
	}
	read(response, ids) {
		const options = { ...this.options,
			isValidInResponseTo: (id, done) => ids.includes(id) ? done() : done(new Error(`nobody asked under ${id}`)) };
		const samlp = new auth0.samlp(options, new auth0.SAML.SAML(options));
		const xml = Buffer.from(response, "base64").toString();
		return new Promise((good, bad) => samlp.validateSamlResponse(xml, (error, profile) => error ? bad(error) : good(profile)));
	}
}

async function answer(order) {
	if (order.do === "new") {
		providers.set(order.name, order.kind === "auth0" ? new Auth0(order.options) : new NodeSaml(order.options));
		return {};
	}
	const provider = providers.get(order.name);
	if (order.do === "ask")
		return provider.ask(order.relay, order.id);
	if (order.do === "ask-by-post")
		return provider.askByPost(order.relay, order.id);
	try {
		return { profile: await provider.read(order.response, order.ids || []) };
	} catch (error) {
		return { refused: error.message || String(error) };
	}
}

(async () => {
	for await (const line of readline.createInterface({ input: process.stdin })) {
		let said;
		try {
			said = await answer(JSON.parse(line));
		} catch (error) {
			said = { failed: error.stack || String(error) };
		}
		process.stdout.write(JSON.stringify(said) + "\n");
	}
})();
