// SPDX-License-Identifier: GPL-3.0-or-later
// Everything that can go wrong, switched on by tests.  README.md lists the keys of a fault.
"use strict";

const { errorOf } = require("./answer");

class Switches {
	constructor(world) {
		this.world = world;
		this.clear();
	}

	clear() {
		this.faults = [];
		this.nextFault = 1;
		this.bursts = [];
		this.pageCap = 0;
		this.nullMails = false;
		this.latency = 0;
	}

	add(said) {
		const fault = { ...said, id: this.nextFault++, seen: 0, hits: 0, pattern: pattern(said) };
		this.faults.push(fault);
		return fault.id;
	}

	// {"pageCap", "nullMails", "latency", "bursts": [{"perSecond", "family", "method", "path"}], "clock": seconds ahead}
	set(said) {
		for (const key of Object.keys(said)) {
			if (key === "clock")
				this.world.clockOffset = said.clock * 1000;
			else if (["pageCap", "nullMails", "latency"].includes(key))
				this[key] = said[key];
			else if (key === "bursts")
				this.bursts = said.bursts.map((burst) => ({ ...burst, pattern: pattern(burst), seen: new Map() }));
			else
				throw new Error(`switches: no ${key}`);
		}
	}

	// The first fault whose turn it is, counted.
	next(entry) {
		for (const fault of this.faults) {
			if (!matches(fault, entry))
				continue;
			fault.seen++;
			if (fault.seen <= (fault.after || 0) || (fault.times && fault.hits >= fault.times))
				continue;
			fault.hits++;
			return fault;
		}
		return null;
	}

	// A limit for each endpoint and method in every second, as Jira counts: the refusal, or null.
	overBurst(entry) {
		for (const burst of this.bursts) {
			if (!matches(burst, entry))
				continue;
			const second = Math.floor(Date.now() / 1000), key = `${entry.method} ${entry.endpoint}`;
			const seen = burst.seen.get(key);
			if (!seen || seen.second !== second)
				burst.seen.set(key, { second, count: 1 });
			else if (++seen.count > burst.perSecond)
				return { status: 429, retryAfter: 1, limit: burst.perSecond, reason: "jira-burst-based", burst: true };
		}
		return null;
	}

	// The answer that a fault with `status` gives.
	refusal(fault, family) {
		const answer = errorOf(family, fault.status, fault.text || "The stand-in was told to refuse this");
		const now = Date.now();
		if (fault.retryAfter !== undefined)
			answer.headers["Retry-After"] = String(fault.retryAfter);
		if (fault.retryAfterDate !== undefined)
			answer.headers["Retry-After"] = new Date(now + fault.retryAfterDate * 1000).toUTCString();
		if (fault.status === 429) {
			const wait = fault.retryAfter || fault.retryAfterDate || 1;
			answer.headers["X-RateLimit-Limit"] = String(fault.limit || 10);
			answer.headers["X-RateLimit-Remaining"] = "0";
			answer.headers["X-RateLimit-Reset"] = new Date(now + wait * 1000).toISOString();
			answer.headers["RateLimit-Reason"] = fault.reason || "jira-burst-based";
		}
		Object.assign(answer.headers, fault.headers || {});
		return answer;
	}
}

const pattern = (rule) => (rule.path ? new RegExp(rule.path) : null);

function matches(rule, entry) {
	return (!rule.family || rule.family === entry.family) && (!rule.method || rule.method === entry.method) &&
		(!rule.pattern || rule.pattern.test(entry.path));
}

module.exports = { Switches };
