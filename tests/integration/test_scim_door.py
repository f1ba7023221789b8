# SPDX-License-Identifier: GPL-3.0-or-later
"""Who gets in at the address that Entra ID provisions to: OAuth clients, guessers, and TLS of its own."""
import base64
import http.client
import json
import re
import ssl
import subprocess

import oauthlib.oauth2
import pytest

from entra_provisioning import EntraProvisioning, Refused
from parts import free_port, wait_for
from stories import MAYA
from test_front import install, make_pair, reload
from test_scim import Provisioned, assign, provisioned  # noqa: F401: a fixture
from test_serve import POSTERN, keys, serve  # noqa: F401: fixtures
from test_trouble import kill_role, log_of

SCIM_HOST = "scim.example.org"


def new_secret(provisioned, name, *more):
    made = provisioned.command("scim", "secret", "new", name, *more)
    assert made.returncode == 0, made.stderr
    assert f"Token endpoint     https://{SCIM_HOST}/scim/v2/token" in made.stdout
    assert "Client identifier  postern" in made.stdout
    return re.search(r"Client secret +(\S+)", made.stdout).group(1)


def until_known(provisioned, entra, secret):
    wait_for(lambda: entra.grant(secret)[0] == 200, 60, "the secret is known", provisioned.parts.postern)


def test_a_client_provisions_by_its_secret(provisioned):
    parts = provisioned.parts
    secret = new_secret(provisioned, "azure", "--reload")
    entra = EntraProvisioning(provisioned.port, SCIM_HOST, secret=secret)
    until_known(provisioned, entra, secret)
    assign(entra, MAYA)
    assert entra.cycle() == 0, entra.failures
    assert entra.token.startswith("postern_access_") and entra.find("Users", f'userName eq "{MAYA["upn"]}"')
    bought = entra.token
    # its bodies are read, however large
    assert entra.ask("POST", "/Users", {"userName": "y" * 30_000}, token=bought)[0] == 400
    # what was bought outlives the process that sold it
    kill_role(parts, "scim")
    wait_for(lambda: entra.ask("GET", "/Users", token=bought)[0] == 200, 60, "the role again", parts.postern)
    # a token beside it knows nothing of the client, and nobody gets in with the secret itself
    assert entra.ask("GET", "/Users", token=provisioned.token)[0] == 200
    assert entra.ask("GET", "/Users", token=secret)[0] == 401
    # a second secret while it is changed; then the first dies, with all that it bought
    second = new_secret(provisioned, "azure2", "--reload")
    until_known(provisioned, entra, second)
    third = provisioned.command("scim", "secret", "new", "azure3")
    assert third.returncode == 1 and "two client secrets, azure and azure2" in third.stderr
    assert "there are two client secrets" in provisioned.command("check", "--offline").stdout
    assert provisioned.command("scim", "token", "retire", "azure").returncode == 1
    assert provisioned.command("scim", "secret", "retire", "azure", "--reload").returncode == 0
    wait_for(lambda: entra.ask("GET", "/Users", token=bought)[0] == 401, 60, "its end", parts.postern)
    entra.secret = second
    assert entra.find("Users", f'userName eq "{MAYA["upn"]}"') and entra.token != bought
    said = log_of(parts)
    assert "an access token secret=azure2" in said and "token=azure " not in said.split("an access token secret=azure2")[-1]
    everything = said + (parts.folder / "scim.tokens").read_text()
    for text in (secret, second, bought, entra.token):
        assert text not in everything
    key = parts.folder / "state/scim/access.key"
    assert key.stat().st_mode & 0o777 == 0o600 and key.stat().st_size == 32


def test_another_client_of_oauth_gets_in(provisioned):
    """oauthlib, which knows RFC 6749 and nothing of us."""
    secret = new_secret(provisioned, "azure", "--reload")
    entra = EntraProvisioning(provisioned.port, SCIM_HOST)
    until_known(provisioned, entra, secret)
    client = oauthlib.oauth2.BackendApplicationClient("postern")
    for fields in ({"include_client_id": True, "client_secret": secret}, {}):
        body = client.prepare_request_body(scope=["scim"], **fields)
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if not fields:
            headers["Authorization"] = "Basic " + base64.b64encode(f"postern:{secret}".encode()).decode()
        status, answered, answer = entra.send("POST", "/token", body.encode(), headers)
        assert (status, answered["Cache-Control"], answered["Content-Type"]) == (200, "no-store", "application/json"), answer
        token = client.parse_request_body_response(json.dumps(answer), scope=["scim"])
        assert token["token_type"] == "Bearer" and token["expires_in"] == 3600
        _, headers, _ = client.add_token(f"https://{SCIM_HOST}/scim/v2/Users")
        assert entra.send("GET", "/Users", None, headers)[0] == 200
    for sent, (status, error) in (
            ({"secret": "guessed"}, (401, "invalid_client")),
            ({"secret": secret, "grant_type": "password"}, (400, "unsupported_grant_type")),
            ({"secret": secret, "headers": {"Content-Type": "text/plain"}}, (400, "invalid_request"))):
        said, headers, answer = entra.grant(**sent)
        assert said == status
        assert (headers["WWW-Authenticate"] or "").startswith("Basic") == (status == 401)
        with pytest.raises(oauthlib.oauth2.OAuth2Error, match=error):
            client.parse_request_body_response(json.dumps(answer))
    with pytest.raises(Refused):
        EntraProvisioning(provisioned.port, SCIM_HOST, secret="guessed").find("Users", 'userName eq "x"')


def test_who_guesses_waits_and_nobody_else(stopped_parts):
    """From the network that Entra ID sends from, too: by both doors."""
    provisioned = Provisioned(stopped_parts, "{sign_ons: off, failures: 10}", "trusted_proxies: 127.0.0.1\n")
    secret = new_secret(provisioned, "azure", "--reload")
    entra, network = EntraProvisioning(provisioned.port, SCIM_HOST), {"X-Forwarded-For": "203.0.113.7"}
    until_known(provisioned, entra, secret)
    answers = [entra.grant("guessed", in_body=i % 2 == 1, headers=network) for i in range(12)]
    assert [status for status, _, _ in answers[:10]] == [401] * 10
    status, headers, _ = answers[-1]
    assert status == 429 and 0 < int(headers["Retry-After"]) <= 60
    status, headers, answer = entra.ask("GET", "/Users", token="postern_scim_guessed", headers=network)
    assert (status, answer["status"]) == (429, "429") and int(headers["Retry-After"]) > 0
    # the honest client, from there and by every way
    status, _, answer = entra.grant(secret, headers=network)
    assert status == 200
    assert entra.grant(secret, in_body=True, headers=network)[0] == 200
    for token in (answer["access_token"], provisioned.token):
        assert entra.ask("GET", "/Users", token=token, headers=network)[0] == 200
    # who proved who he is has not guessed, whatever else is wrong
    for _ in range(12):
        assert entra.grant(secret, grant_type="password", headers={"X-Forwarded-For": "203.0.113.8"})[0] == 400
    # and other networks have tries of their own
    assert entra.grant("guessed", headers={"X-Forwarded-For": "198.51.100.1"})[0] == 401
    # a request that cannot be read costs a try like a guess, and does not fill the log
    unread = {"X-Forwarded-For": "198.51.100.2", "Content-Type": "text/plain"}
    answers = [entra.grant("guessed", headers=unread)[0] for _ in range(40)]
    assert answers[:10] == [400] * 10 and 429 in answers
    assert 1 <= log_of(provisioned.parts).count("client=198.51.100.2 error=invalid_request") < 10


def test_tls_of_its_own_and_a_new_certificate(serve):
    """Nobody stands in front: the listener speaks TLS, and takes another certificate by a reload."""
    for name in ("first", "second"):
        make_pair(serve.folder, name, name)
    install(serve, "first.crt", "first.key")
    port = free_port()
    serve.write(workers=2)
    settings = serve.folder / "p.yaml"
    settings.write_text(re.sub(r"directories:\n(?:  .*\n)+", "directories:\n  entra: {kind: scim}\n",
                               settings.read_text().replace("corp:", "entra:")) + f"""
tls_certificate: tls.crt
tls_key: tls.key
scim_listen: 127.0.0.1:{port}
scim_url: https://sso.localhost
""")
    made = subprocess.run([POSTERN, "-c", settings, "scim", "token", "new", "one"], capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    token = re.search(r"Secret token +(\S+)", made.stdout).group(1)
    serve.start_ready()
    serve.wait_for("ready role=scim", 1)

    def entra(*names):
        context = ssl.create_default_context(cadata="".join((serve.folder / f"{n}.crt").read_text() for n in names))
        context.check_hostname = False
        return EntraProvisioning(port, "sso.localhost", token, tls=context)

    assert entra("first").test_connection() == []
    with pytest.raises(ssl.SSLCertVerificationError):
        entra("second").test_connection()
    with pytest.raises((http.client.HTTPException, OSError)):
        EntraProvisioning(port, "sso.localhost", token).test_connection()
    install(serve, "second.crt", "second.key")
    reload(serve, 1)

    def is_new():
        try:
            return entra("second").test_connection() == []
        except OSError:
            return False

    wait_for(is_new, 60, "the second certificate")
    assert entra("second").ask("GET", "/Users")[0] == 200
