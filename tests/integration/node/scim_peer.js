// SPDX-License-Identifier: GPL-3.0-or-later
// What others make of SCIM, a line of JSON in and a line out: {"patch": resource, "with": operations} gives {"resource": …} by
// scim-patch, {"filter": text, "of": resources} gives {"ids": …} by scim2-parse-filter; or {"refused": why}.
"use strict";

const readline = require("node:readline");
const { scimPatch } = require("scim-patch");
const { filter, parse } = require("scim2-parse-filter");

function answer(order) {
	if (order.patch)
		return { resource: scimPatch(order.patch, order.with) };
	return { ids: order.of.filter(filter(parse(order.filter))).map((resource) => resource.id) };
}

readline.createInterface({ input: process.stdin }).on("line", (line) => {
	let said;
	try {
		said = answer(JSON.parse(line));
	} catch (error) {
		said = { refused: error.message };
	}
	process.stdout.write(`${JSON.stringify(said)}\n`);
});
