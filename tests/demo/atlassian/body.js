// SPDX-License-Identifier: GPL-3.0-or-later
// The body of a request as text.
"use strict";

const BODY_MAX = 64 << 20;

async function readBody(request) {
	const chunks = [];
	let length = 0;
	for await (const chunk of request) {
		length += chunk.length;
		if (length > BODY_MAX)
			throw new Error("the body is too long");
		chunks.push(chunk);
	}
	return Buffer.concat(chunks).toString("utf8");
}

module.exports = { readBody };
