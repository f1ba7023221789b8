// SPDX-License-Identifier: GPL-3.0-or-later
//
// Auth0's samlp as the identity provider of a company: an HTTP server on
// loopback with a page that lists people, each a button.  One argument, JSON:
//
//   {port, entityId, key, certificate, people: [{name, nameId, claims, sessionIndex}], saml}
//
// key, certificate: PEM.  `saml` goes to samlp as it is: signResponse,
// signAssertion, signingCert (then requests must be signed), encryptionCert, ...
"use strict";

const crypto = require("crypto");
const http = require("http");
const samlp = require("samlp");

const wanted = JSON.parse(process.argv[2]);
const FORMAT = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";

function profileMapper(person) {
	return {
		getClaims: () => person.claims,
		getNameIdentifier: () => ({ nameIdentifier: person.nameId, nameIdentifierFormat: FORMAT }),
	};
}

profileMapper.prototype.metadata = [];

function escape(text) {
	return String(text).replace(/[&<>"]/g, c => `&#${c.charCodeAt(0)};`);
}

// Where an answer goes: the address that the request names, as samlp leaves to its user.
function addressOf(audience, request, req, done) {
	done(null, request && request.documentElement.getAttribute("AssertionConsumerServiceURL"));
}

const SAML = {
	issuer: wanted.entityId, key: wanted.key, cert: wanted.certificate, lifetimeInSeconds: 600, profileMapper,
	getPostURL: addressOf,
	authnContextClassRef: "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport", ...wanted.saml,
};

// The page.  The request goes along in hidden fields, so that choosing a person is the same GET with one field more.
function choose(query, res) {
	const hidden = Object.entries(query).map(([name, value]) =>
		`<input type="hidden" name="${escape(name)}" value="${escape(value)}">`);
	const rows = wanted.people.map((person, i) =>
		`<form action="/sso" method="get">${hidden.join("")}` +
		`<button name="person" value="${i}">${escape(person.name)}</button></form>`);

	res.send(`<!DOCTYPE html><html lang="en"><title>samlp</title>${rows.join("\n")}</html>`);
}

function answer(req, res) {
	const refuse = error => { res.statusCode = 400; res.send(`samlp: ${escape(error && error.message || error)}`); };

	samlp.parseRequest(req, SAML, (error, request) => {
		if (error)
			return refuse(error);
		const person = wanted.people[Number(req.query.person)];
		if (!person)
			return choose(req.query, res);
		const acs = request.assertionConsumerServiceURL;
		return samlp.auth({ ...SAML, destination: acs, recipient: acs, sessionIndex: "_" + crypto.randomUUID(),
			getUserFromRequest: () => person })(req, res, refuse);
	});
}

const metadata = samlp.metadata({ issuer: wanted.entityId, cert: wanted.certificate, redirectEndpointPath: "/sso",
	postEndpointPath: "/sso",
	logoutEndpointPaths: {}, profileMapper });

// What samlp expects of express.
http.createServer((req, res) => {
	const url = new URL(req.url, wanted.entityId);

	req.protocol = "http";
	req.headers.host = new URL(wanted.entityId).host;
	req.query = Object.fromEntries(url.searchParams);
	res.set = (name, value) => res.setHeader(name, value);
	res.send = body => res.end(String(body));
	res.setHeader("Content-Type", "text/html; charset=utf-8");
	(url.pathname === "/metadata" ? metadata : answer)(req, res);
}).listen(wanted.port, "127.0.0.1");
