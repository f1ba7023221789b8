# SPDX-License-Identifier: GPL-3.0-or-later
"""A small scripted browser for the demo and the integration tests.

It does what matters to a sign-on the way Chromium does, and nothing else:

- every *.localhost name is 127.0.0.1, a trustworthy origin (Secure cookies
  are taken and returned over http), and a site of its own;
- cookies: host-only or Domain, Path, Secure, HttpOnly, Max-Age, `__Host-`,
  SameSite with Lax as the default and without Chromium's two minutes of
  Lax+POST, so that a wrong SameSite shows at once;
- frames, when asked to load them: no Lax cookies from another site, and
  frame-ancestors is applied to what comes;
- redirects; a form that a script posts is posted only if the page's
  Content-Security-Policy lets that script run; `form-action` is applied to
  the post and to the redirects after it.

Each step is recorded in `hops`.  Tabs share a cookie jar (`tab`).
"""
import base64
import hashlib
import html.parser
import http.client
import time
import urllib.parse

REDIRECTS = (301, 302, 303, 307, 308)
HOPS_MAX = 30


class Blocked(Exception):
    """What a browser refuses to do for the page: form-action, endless redirects."""


def is_local(host):
    return host == "localhost" or host.endswith(".localhost") or host.startswith("127.") or host == "::1"


def site_of(url):
    """Scheme and registrable name: cookies and Sec-Fetch-Site compare these."""
    parts = urllib.parse.urlsplit(url)
    host = parts.hostname or ""
    labels = host.split(".")
    if host.replace(".", "").isdigit() or ":" in host:
        return parts.scheme, host
    return parts.scheme, ".".join(labels[-2:])


def origin_of(url):
    parts = urllib.parse.urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


# ---- cookies ----


class Cookie:
    def __init__(self, line, url):
        parts = urllib.parse.urlsplit(url)
        pair, *attributes = [piece.strip() for piece in line.split(";")]
        self.line = line
        self.name, _, self.value = pair.partition("=")
        self.attributes = {}
        for attribute in attributes:
            key, _, value = attribute.partition("=")
            self.attributes[key.strip().lower()] = value.strip()
        self.host = parts.hostname
        self.domain = self.attributes.get("domain", "").lstrip(".").lower() or None
        self.path = self.attributes.get("path") or "/"
        self.secure = "secure" in self.attributes
        self.http_only = "httponly" in self.attributes
        self.same_site = self.attributes.get("samesite", "Lax").capitalize()
        self.expires = None
        if "max-age" in self.attributes:
            self.expires = time.time() + int(self.attributes["max-age"])

    def problem(self, url):
        """Why a browser would not keep it, or None."""
        parts = urllib.parse.urlsplit(url)
        trustworthy = parts.scheme == "https" or is_local(parts.hostname)
        if len(self.name) + len(self.value) > 4096:
            return "larger than 4096 bytes"
        if self.secure and not trustworthy:
            return "Secure on a page that is not"
        if self.same_site == "None" and not self.secure:
            return "SameSite=None without Secure"
        if self.name.startswith("__Secure-") and not self.secure:
            return "__Secure- without Secure"
        if self.name.startswith("__Host-") and (
            not self.secure or self.attributes.get("path") != "/" or "domain" in self.attributes
        ):
            return "__Host- wants Secure, Path=/ and no Domain"
        if self.domain and not (parts.hostname == self.domain or parts.hostname.endswith("." + self.domain)):
            return "Domain is not this host's"
        if self.domain and "." not in self.domain:
            return "Domain is a public suffix"
        return None

    def goes_to(self, url, method, cross_site):
        parts = urllib.parse.urlsplit(url)
        if self.domain:
            if parts.hostname != self.domain and not parts.hostname.endswith("." + self.domain):
                return False
        elif parts.hostname != self.host:
            return False
        if self.expires is not None and self.expires <= time.time():
            return False
        if self.secure and parts.scheme != "https" and not is_local(parts.hostname):
            return False
        path = parts.path or "/"
        if path != self.path and not path.startswith(self.path.rstrip("/") + "/"):
            return False
        if not cross_site or self.same_site == "None":
            return True
        # a frame gives no method: Lax is for what stands in the address bar
        return self.same_site == "Lax" and method in ("GET", "HEAD")


class Jar:
    def __init__(self):
        self.cookies = []
        self.refused = []  # (line, url, why)

    def keep(self, line, url):
        cookie = Cookie(line, url)
        why = cookie.problem(url)
        if why:
            self.refused.append((line, url, why))
            return
        same = lambda c: (c.name, c.domain or c.host, c.path) == (cookie.name, cookie.domain or cookie.host, cookie.path)
        self.cookies = [c for c in self.cookies if not same(c)]
        if cookie.expires is None or cookie.expires > time.time():
            self.cookies.append(cookie)

    def for_request(self, url, method, cross_site):
        return [c for c in self.cookies if c.goes_to(url, method, cross_site)]

    def of_host(self, host):
        return [c for c in self.cookies if (c.domain or c.host) == host]


# ---- pages ----


class Form:
    def __init__(self, action, method):
        self.action, self.method = action, method.upper()
        self.fields = []  # (name, value), what is sent whichever button
        self.buttons = []  # (text, name, value)

    def value(self, name):
        return next((v for n, v in self.fields if n == name), None)


class _Parser(html.parser.HTMLParser):
    SKIPPED = ("script", "style", "title", "template")
    # Text of neighbouring blocks does not run together.
    BLOCKS = ("p", "div", "li", "td", "th", "dt", "dd", "tr", "h1", "h2", "h3", "br", "b", "span", "em", "button", "main",
              "header")

    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.page, self.form, self.skipping = page, None, None
        self.button, self.link, self.words, self.script = None, None, [], []

    def handle_starttag(self, tag, attrs):
        a = dict(attrs)
        if tag in self.BLOCKS:
            self.words.append(" ")
        if tag in self.SKIPPED:
            self.skipping = tag
            if tag == "script" and a.get("src"):
                self.page.scripts.append(("src", a["src"]))
        elif tag == "form":
            self.form = Form(urllib.parse.urljoin(self.page.url, a.get("action") or ""), a.get("method") or "get")
            self.page.forms.append(self.form)
        elif tag == "input" and self.form is not None:
            self.take_input(a)
        elif tag == "button" and self.form is not None:
            self.button = (len(self.words), a.get("name"), a.get("value") or "")
        elif tag == "a" and a.get("href") is not None:
            self.link = (len(self.words), urllib.parse.urljoin(self.page.url, a["href"]))
        elif tag == "iframe" and a.get("src"):
            self.page.frames.append(urllib.parse.urljoin(self.page.url, a["src"]))
        elif tag == "html":
            self.page.language = a.get("lang")

    def take_input(self, a):
        kind = (a.get("type") or "text").lower()
        if kind in ("submit", "image"):
            self.form.buttons.append((a.get("value") or "", a.get("name"), a.get("value") or ""))
        elif a.get("name") and (kind not in ("checkbox", "radio") or "checked" in a):
            self.form.fields.append((a["name"],
                                     a.get("value") if a.get("value") is not None else "on" if kind == "checkbox" else ""))

    def said_since(self, mark):
        return " ".join("".join(self.words[mark:]).split())

    def handle_endtag(self, tag):
        if tag in self.BLOCKS:
            self.words.append(" ")
        if tag == self.skipping:
            if tag == "script" and "".join(self.script).strip():
                self.page.scripts.append(("inline", "".join(self.script)))
            self.skipping, self.script = None, []
        elif tag == "button" and self.button:
            mark, name, value = self.button
            self.form.buttons.append((self.said_since(mark), name, value))
            self.button = None
        elif tag == "a" and self.link:
            mark, url = self.link
            self.page.links.append((self.said_since(mark), url))
            self.link = None
        elif tag == "form":
            self.form = None

    def handle_data(self, data):
        if self.skipping == "script":
            self.script.append(data)
        elif self.skipping == "title":
            self.page.title += data
        elif not self.skipping:
            self.words.append(data)


class Page:
    def __init__(self, url, status, headers, body):
        self.url, self.status, self.headers, self.body = url, status, headers, body
        self.forms, self.links, self.scripts, self.title, self.text, self.language = [], [], [], "", "", None
        self.frames = []  # their addresses
        self.policy = {}
        for directive in (self.header("Content-Security-Policy") or "").split(";"):
            words = directive.split()
            if words:
                self.policy.setdefault(words[0].lower(), words[1:])
        if (self.header("Content-Type") or "").startswith("text/html"):
            parser = _Parser(self)
            parser.feed(body.decode("utf-8", "replace"))
            parser.close()
            self.text = parser.said_since(0)
        else:
            self.text = body.decode("utf-8", "replace")

    def header(self, name):
        return next((v for k, v in self.headers if k.lower() == name.lower()), None)

    def header_all(self, name):
        return [v for k, v in self.headers if k.lower() == name.lower()]

    def form_with(self, field):
        return next((f for f in self.forms if f.value(field) is not None), None)

    def script_runs(self, script):
        kind, text = script
        sources = self.policy.get("script-src", self.policy.get("default-src"))
        if sources is None:
            return True
        if kind == "inline":
            digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
            return "'unsafe-inline'" in sources or f"'sha256-{digest}'" in sources
        return allows(sources, urllib.parse.urljoin(self.url, text), self.url)

    def posts_itself(self):
        """The form that the page's own script posts, if it may run."""
        form = self.form_with("SAMLResponse") or self.form_with("SAMLRequest")
        scripts = [s for s in self.scripts if s[0] == "src" or "submit" in s[1]]
        return form if form and any(self.script_runs(s) for s in scripts) else None


def allows(sources, url, self_url):
    """Content-Security-Policy source list (level 3, section 6.7.2)."""
    parts = urllib.parse.urlsplit(url)
    for source in sources:
        if source == "'self'" and origin_of(url) == origin_of(self_url):
            return True
        if source == "*" or source.lower() == parts.scheme + ":" or (source.lower() == "http:" and parts.scheme == "https"):
            return True
        if "://" in source and origin_of(source) == origin_of(url):
            return True
    return False


# ---- the browser ----


class Hop:
    def __init__(self, method, url, cookies):
        self.method, self.url, self.cookies = method, url, [c.name for c in cookies]
        self.status, self.location, self.set_cookie = None, None, []

    def __str__(self):
        return f"{self.method} {self.url.split('?')[0]} -> {self.status}" + (f" {self.location.split('?')[0]}"
                                                                             if self.location else "")


class Request:
    """A step not yet taken."""

    def __init__(self, method, url, body=None, initiator=None, form_policy=None, frame=False):
        self.method, self.url, self.body = method, url, body
        self.initiator = initiator  # address of the page that caused it; None: the address bar
        self.form_policy = form_policy  # (form-action sources, address of their page)
        self.frame = frame  # for a frame of the initiator's page

    @property
    def fields(self):
        """What a post carries, decoded."""
        return dict(urllib.parse.parse_qsl((self.body or b"").decode(), keep_blank_values=True))

    def with_fields(self, fields):
        return Request(self.method, self.url, urllib.parse.urlencode(fields).encode(), self.initiator, self.form_policy,
                       self.frame)


class Browser:
    def __init__(self, jar=None, scripts=True, cookies=True, timeout=20, tls=None, address=None):
        """`tls`: an ssl.SSLContext that knows whom to trust, for https.  `address`: it comes from this one."""
        self.jar = jar or Jar()
        self.scripts, self.cookies, self.timeout, self.tls = scripts, cookies, timeout, tls
        self.address = address
        self.hops, self.page, self.stopped_at = [], None, None

    def tab(self):
        return type(self)(self.jar, self.scripts, self.cookies, self.timeout, self.tls, self.address)

    # Each of these goes on until a page stays on the screen, or until `stop`
    # says so of the request that comes next, which is then in `stopped_at`.

    def open(self, url, stop=None):
        return self.go(Request("GET", url), stop)

    def click(self, text, stop=None):
        """A link or button by its words: the whole text, else a part of it."""
        for same in (lambda said: said == text, lambda said: text in said):
            for said, url in self.page.links:
                if same(said):
                    return self.go(Request("GET", url, initiator=self.page.url), stop)
            for form in self.page.forms:
                for said, name, value in form.buttons:
                    if same(said):
                        return self.submit(form, (name, value), stop)
        raise LookupError(f"nothing to click says {text!r} on {self.page.url}: {self.page.text[:300]}")

    def load_frames(self):
        """What the page's frames show in the end."""
        shown = []
        for url in self.page.frames:
            frame = self.tab()
            frame.hops = self.hops
            page = frame.go(Request("GET", url, initiator=self.page.url, frame=True))
            if not allows(page.policy.get("frame-ancestors", ["*"]), self.page.url, page.url):
                raise Blocked(f"{page.url} forbids {self.page.url} to show it in a frame")
            shown.append(page)
        return shown

    def submit(self, form, button=None, stop=None, page=None):
        return self.go(self.request_of(form, button, page), stop)

    def request_of(self, form, button=None, page=None):
        page = page or self.page
        fields = form.fields + ([button] if button and button[0] else [])
        body = urllib.parse.urlencode(fields)
        policy = (page.policy["form-action"], page.url) if "form-action" in page.policy else None
        if form.method == "POST":
            return Request("POST", form.action, body.encode(), page.url, policy)
        return Request("GET", form.action.split("?")[0] + "?" + body, None, page.url, policy)

    def go(self, request, stop=None):
        self.stopped_at = None
        for _ in range(HOPS_MAX):
            if stop and stop(request):
                self.stopped_at = request
                return self.page
            self.page = self.send(request)
            following = self.following(request)
            if not following:
                return self.page
            request = following
        raise Blocked(f"more than {HOPS_MAX} hops: " + ", ".join(str(h) for h in self.hops[-6:]))

    def following(self, request):
        location = self.page.header("Location")
        if self.page.status in REDIRECTS and location:
            url = urllib.parse.urljoin(request.url, location)
            keeps = self.page.status in (307, 308)
            return Request(request.method if keeps else "GET", url, request.body if keeps else None, request.initiator,
                           request.form_policy,
                           request.frame)
        form = self.page.posts_itself() if self.scripts else None
        return self.request_of(form) if form else None

    def send(self, request):
        if request.form_policy and not allows(request.form_policy[0], request.url, request.form_policy[1]):
            raise Blocked(f"form-action {' '.join(request.form_policy[0])} of {request.form_policy[1]} forbids {request.url}")
        cross_site = request.initiator is not None and site_of(request.initiator) != site_of(request.url)
        cookies = self.jar.for_request(request.url, None if request.frame else request.method,
                                       cross_site) if self.cookies else []
        hop = Hop(request.method, request.url, cookies)
        self.hops.append(hop)
        page = self.exchange(request, cookies, cross_site)
        hop.status, hop.location, hop.set_cookie = page.status, page.header("Location"), page.header_all("Set-Cookie")
        for line in hop.set_cookie if self.cookies else []:
            self.jar.keep(line, request.url)
        return page

    def headers_for(self, request, cookies, cross_site):
        headers = [
            ("Host", urllib.parse.urlsplit(request.url).netloc),
            ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) postern-tests"),
            ("Accept", "text/html,application/xhtml+xml,*/*;q=0.8"),
            ("Accept-Language", "en"),
            ("Sec-Fetch-Dest", "iframe" if request.frame else "document"),
            ("Sec-Fetch-Mode", "navigate"),
            ("Sec-Fetch-Site", "none" if request.initiator is None else "cross-site" if cross_site else "same-origin"),
        ]
        if cookies:
            headers.append(("Cookie", "; ".join(f"{c.name}={c.value}" for c in cookies)))
        if request.body is not None:
            headers.append(("Content-Type", "application/x-www-form-urlencoded"))
            headers.append(("Content-Length", str(len(request.body))))
            headers.append(("Origin", origin_of(request.initiator) if request.initiator else "null"))
        return headers

    def exchange(self, request, cookies, cross_site):
        parts = urllib.parse.urlsplit(request.url)
        if not is_local(parts.hostname):
            raise Blocked(f"this browser stays on this machine: {request.url}")
        connection = http.client.HTTPConnection("127.0.0.1", parts.port or 80, timeout=self.timeout,
                                                source_address=(self.address, 0) if self.address else None)
        try:
            if parts.scheme == "https":
                connection.connect()
                connection.sock = self.tls.wrap_socket(connection.sock, server_hostname=parts.hostname)
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.putrequest(request.method, target, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers_for(request, cookies, cross_site):
                connection.putheader(name, value)
            connection.endheaders(request.body)
            answer = connection.getresponse()
            return Page(request.url, answer.status, answer.getheaders(), answer.read())
        finally:
            connection.close()
