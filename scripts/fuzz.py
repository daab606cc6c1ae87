"""Holds a running Marquee to its own OpenAPI document: schemathesis sends what the document allows and what it forbids, and
fails on a 5xx, an undeclared status, content type or header, a body that is not as declared, a forbidden request that is
accepted, and a call that works without its token.

    scripts/python scripts/fuzz.py target/debug/marquee

FUZZ_EXAMPLES sets how many calls each operation gets in each pass; FUZZ_SEED repeats or varies a run."""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

import requests

ROOT = pathlib.Path(__file__).resolve().parent.parent
# The file that the server's log goes to; read it when a run fails.
LOG = ROOT / "target" / "fuzz.log"
START_S, STOP_S, CALL_S = 60, 15, 20
READY = re.compile(r"marquee is ready: (http://\S+?)/ ")
EXAMPLES = os.environ.get("FUZZ_EXAMPLES", "30")
SEED = os.environ.get("FUZZ_SEED", "1")
CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "missing_required_header",
    "unsupported_method",
    "allow_header_conformance",
    "ignored_auth",
]
# Two calls take anything, because what they answer must not tell what there is: the contract says 200 and 204, always.
TAKE_ANYTHING = [("post", "/api/v1/auth/revoke"), ("delete", "/api/v1/locks/{lock_id}")]
# An event stream does not end; the integration tests read it.
STREAM = "/api/v1/shows/{show_id}/seats/events"
# How often a path names something that is there, rather than any id.
REAL = 0.7


class Site:
    """A Marquee with demo data on a free port."""

    def __init__(self, program, folder):
        listen = ["--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0"]
        self.process = subprocess.Popen(
            [program, "serve", "--demo", *listen, "--data-dir", f"{folder}/data"],
            env={**os.environ, "MARQUEE_RATE_LIMITS": "off", "MARQUEE_LOG": "info"},
            stdout=subprocess.PIPE, stderr=LOG.open("w"), text=True, cwd=folder)
        deadline = time.monotonic() + START_S
        for line in self.process.stdout:
            if match := READY.match(line):
                self.api = f"{match.group(1)}/api/v1"
                return
            if time.monotonic() > deadline:
                break
        raise SystemExit(f"fuzz: marquee did not start; see {LOG}")

    def call(self, method, path, token=None, **options):
        headers = {"authorization": f"Bearer {token}"} if token else {}
        answer = requests.request(method, self.api + path, headers=headers, timeout=CALL_S, **options)
        answer.raise_for_status()
        return answer.json()

    def token(self, email, password):
        form = {"grant_type": "password", "username": email, "password": password}
        return self.call("POST", "/auth/token", data=form)["access_token"]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = "none: it had to be killed"
        return code


def real_ids(site, token):
    """Ids of what is there: a show with a hold and a booking, and the rest of the house."""
    shows = site.call("GET", "/shows?limit=100")["items"]
    ids = {f"{kind}_id": [show[f"{kind}_id"] for show in shows[-3:]] for kind in ("show", "movie", "cinema", "screen")}
    show = shows[-1]["show_id"]
    seats = [seat["seat_id"] for seat in site.call("GET", f"/shows/{show}/seats")["seats"]]
    hold = lambda picks: site.call("POST", f"/shows/{show}/reserve", token, json={"seats": picks})["lock_id"]
    payment = {"lock_id": hold(seats[:2]), "payment_token": "pm_card_visa"}
    ids["booking_id"] = [site.call("POST", "/booking", token, json=payment)["booking_id"]]
    ids["lock_id"] = [hold(seats[2:4]), payment["lock_id"]]
    ids["user_id"], ids["seat_id"] = ["me"], seats[:5]
    return ids


def settings(ids):
    dictionaries = [f"[dictionaries.{name}]\nvalues = {json.dumps(values)}\n" for name, values in ids.items()]
    bindings = [f'"path.{name}" = {{ dictionary = "{name}", probability = {REAL} }}' for name in ids]
    lenient = [
        f'[[operations]]\ninclude-method = "{method.upper()}"\ninclude-path = "{path}"\n'
        "checks.negative_data_rejection.enabled = false\n"
        for method, path in TAKE_ANYTHING
    ]
    checks = ["[checks]", "enabled = false", *(f"{check}.enabled = true" for check in CHECKS), ""]
    return "\n".join([*checks, *dictionaries, "[parameters]", *bindings, "", *lenient])


def fuzz(site, config, who, token, only):
    print(f"fuzz: as {who}", flush=True)
    command = [
        pathlib.Path(sys.executable).parent / "schemathesis", "--no-color", "--config-file", config, "run",
        f"{site.api}/openapi.json", "--exclude-path", STREAM, *only,
        "--max-examples", EXAMPLES, "--seed", SEED, "--generation-database", "none", "--request-timeout", str(CALL_S),
        "--continue-on-failure", "--warnings", "off", "--suppress-health-check", "all",
    ]
    if token:
        command += ["--header", f"Authorization: Bearer {token}"]
    return subprocess.run(command, cwd=config.parent, env={**os.environ, "NO_PROXY": "127.0.0.1"}).returncode


def main():
    program = pathlib.Path(sys.argv[1]).resolve()
    LOG.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="marquee-fuzz-") as folder:
        site = Site(program, folder)
        try:
            customer = site.token("customer@marquee.example", "marquee-demo-customer")
            admin = site.token("admin@marquee.example", "marquee-demo-admin")
            config = pathlib.Path(folder) / "schemathesis.toml"
            config.write_text(settings(real_ids(site, customer)))
            # The administrator comes last: that pass removes what the others look at.
            codes = [
                fuzz(site, config, "a customer", customer, ["--exclude-path-regex", "/admin/"]),
                fuzz(site, config, "nobody", None, []),
                fuzz(site, config, "an administrator", admin, ["--include-path-regex", "/admin/"]),
            ]
            well = subprocess.run([program, "check", "--data-dir", f"{folder}/data"]).returncode == 0
        finally:
            stopped = site.stop()
    faults = [f"server exit code {stopped}"] * (stopped != 0) + ["marquee check failed"] * (not well)
    faults += [f"{sum(code != 0 for code in codes)} of {len(codes)} passes found something"] * any(codes)
    print(f"fuzz: {'; '.join(faults) or 'every answer was as declared'}", flush=True)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
