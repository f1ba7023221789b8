// SPDX-License-Identifier: GPL-3.0-or-later
// Answers, and errors as each of the three interfaces words them.  A refusal is thrown.
"use strict";

const { randomUUID } = require("node:crypto");

class Answer extends Error {
	constructor(status, body, headers = {}) {
		super(`answer ${status}`);
		this.status = status;
		this.body = body;
		this.headers = headers;
	}
}

// `trace` keeps the stand-in's own answers apart from each other in its log.
const scimError = (status, scimType, detail) => new Answer(status, {
	schemas: ["urn:ietf:params:scim:api:messages:2.0:Error"], status: String(status), ...(scimType ? { scimType } : {}), detail,
});
const scimRefusal = (status, error) => new Answer(status, { error, traceId: randomUUID().slice(0, 16) });
const jsmError = (status, text, key = "sd.standin") => new Answer(status, {
	errorMessage: text, i18nErrorMessage: { i18nKey: key, parameters: [] },
});
const adminError = (status, code, detail) => new Answer(status, {
	errors: [{ id: randomUUID(), status: String(status), code, detail }],
});
const adminRefusal = (status, message) => new Answer(status, { code: status, message });

// The error that the interface of a path would give.
function errorOf(family, status, text) {
	if (family === "scim")
		return status === 401 || status === 403 ? scimRefusal(status, text) : scimError(status, undefined, text);
	if (family === "jsm")
		return jsmError(status, text);
	return status === 401 || status === 429 ? adminRefusal(status, text) : adminError(status, `ADMIN-${status}-1`, text);
}

module.exports = { Answer, scimError, scimRefusal, jsmError, adminError, adminRefusal, errorOf };
