// SPDX-License-Identifier: GPL-3.0-or-later
// SCIM as scimmy reads it: a line of JSON in, {"kind", "resource"}; a line out, {"read": …} or {"refused": why}.
"use strict";

const readline = require("node:readline");
const SCIMMY = require("scimmy").default;

const READERS = {
	User: (resource) => SCIMMY.Schemas.User.definition.coerce(resource, "both"),
	Group: (resource) => SCIMMY.Schemas.Group.definition.coerce(resource, "both"),
	List: ({ Resources, ...rest }) => ({ ...new SCIMMY.Messages.ListResponse({ ...rest, Resources }) }),
};

readline.createInterface({ input: process.stdin }).on("line", (line) => {
	const { kind, resource } = JSON.parse(line);
	let answer;
	try {
		answer = { read: READERS[kind](resource) };
	} catch (error) {
		answer = { refused: error.message };
	}
	process.stdout.write(`${JSON.stringify(answer)}\n`);
});
