// SPDX-License-Identifier: GPL-3.0-or-later
// An Atlassian for tests: node main.js --port N --control N [--contracts FOLDER] [--tls-key FILE --tls-certificate FILE].
// See README.md.
"use strict";

const fs = require("node:fs");
const http = require("node:http");
const https = require("node:https");
const { parseArgs } = require("node:util");
const { StandIn } = require("./standin");
const { control } = require("./control");
const { Contracts } = require("./contracts");

const { values: said } = parseArgs({
	options: {
		port: { type: "string" }, control: { type: "string" }, "tls-key": { type: "string" }, "tls-certificate": { type: "string" },
		contracts: { type: "string" },
	},
});

const standin = new StandIn(said.contracts ? new Contracts(said.contracts) : null);
const serve = (request, response) => standin.handle(request, response).catch((error) => {
	console.error(error);
	request.socket.destroy();
});
const interfaces = said["tls-key"]
	? https.createServer({ key: fs.readFileSync(said["tls-key"]), cert: fs.readFileSync(said["tls-certificate"]) }, serve)
	: http.createServer(serve);
interfaces.listen(Number(said.port), "127.0.0.1");
interfaces.keepAliveTimeout = 60000;
http.createServer(control(standin)).listen(Number(said.control), "127.0.0.1");
process.on("SIGTERM", () => process.exit(0));
