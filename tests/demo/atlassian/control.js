// SPDX-License-Identifier: GPL-3.0-or-later
// The control interface, for tests: JSON on a port of its own, below /_standin/.
"use strict";

const { seed, change, show } = require("./seed");
const { listed } = require("./contracts");
const { readBody } = require("./body");

function routes(standin) {
	const { world, switches } = standin;
	return {
		"GET /health": () => ({ ready: true }),
		"POST /seed": (body) => (seed(world, body), world.counts()),
		"POST /change": (body) => ([].concat(body).forEach((one) => change(world, one)), world.counts()),
		"POST /reset": () => (world.clear(), switches.clear(), standin.forget(), {}),
		"GET /state": () => show(world),
		"GET /counts": () => world.counts(),
		"GET /requests": () => standin.log,
		"GET /requests/counts": () => standin.requestCounts(),
		"DELETE /requests": () => (standin.forget(), {}),
		"GET /violations": () => ({ checked: Boolean(standin.contracts), violations: (standin.contracts || {}).violations || [] }),
		"GET /contracts": listed,
		"GET /faults": () => switches.faults.map(({ pattern, ...fault }) => fault),
		"POST /faults": (body) => [].concat(body).map((fault) => switches.add(fault)),
		"DELETE /faults": () => (switches.faults = [], {}),
		"POST /switches": (body) => (switches.set(body), {}),
	};
}

function control(standin) {
	const table = routes(standin);
	return async (request, response) => {
		let status = 200, answer;
		try {
			const route = table[`${request.method} ${request.url.replace(/^\/_standin/, "").split("?")[0]}`];
			if (!route)
				throw new Error(`control: no ${request.method} ${request.url}`);
			const text = await readBody(request);
			answer = route(text === "" ? undefined : JSON.parse(text));
		} catch (error) {
			[status, answer] = [400, { error: error.body ? JSON.stringify(error.body) : error.message }];
		}
		response.writeHead(status, { "Content-Type": "application/json" });
		response.end(JSON.stringify(answer));
	};
}

module.exports = { control };
