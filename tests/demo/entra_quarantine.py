# SPDX-License-Identifier: GPL-3.0-or-later
"""What Entra ID's provisioning makes of failures, by its documentation: when it tries again, and when it has had enough.

One user or group that fails is tried again after 6, 12 and 24 hours, then daily, and is given up after 28 days; sooner only
when it changes.  A job goes into quarantine at once when it is not let in, or when answers are no SCIM; else when more than
40 % of its users and groups fail and these are 5,000 or more, or when more than 40,000 do.  Then it has one cycle a day, which
no test waits for: it ends there.  What refers to others (members) is tried again, and does not count.
"""
CYCLE_MINUTES = 40
RETRIES_HOURS = (6, 12, 24)             # the last one again and again
GIVEN_UP_DAYS = 28
SCALE = 1000                            # people of a tenant, whom one of a test stands for
LEAST, SHARE, MOST = 5000 / SCALE, 0.4, 40000 / SCALE


class Quarantined(AssertionError):
    pass


class Escrow:
    def __init__(self):
        self.minute, self.failed = 0, {}

    def next_cycle(self):
        self.minute += CYCLE_MINUTES

    def waits(self, what, wanted):
        """It failed, is wanted as it was then, and its time has not come."""
        failed = self.failed.get(what)
        return bool(failed) and failed["wanted"] == wanted and (failed["again"] is None or self.minute < failed["again"])

    def done(self, what):
        self.failed.pop(what, None)

    def fail(self, what, wanted, problem):
        before = self.failed.get(what)
        since, times = (before["since"], before["times"] + 1) if before and before["wanted"] == wanted else (self.minute, 1)
        again = self.minute + 60 * RETRIES_HOURS[min(times, len(RETRIES_HOURS)) - 1]
        self.failed[what] = {"wanted": wanted, "problem": problem, "since": since, "times": times,
                             "again": again if again - since <= GIVEN_UP_DAYS * 24 * 60 else None}

    def judge(self, count):
        """Of so many users and groups."""
        problems = [failed["problem"] for what, failed in self.failed.items() if what[0] != "members"]
        if len(problems) > MOST or (len(problems) >= LEAST and len(problems) > SHARE * count):
            raise Quarantined(f"{len(problems)} of {count} failed, the last one with {problems[-1]}")
