#!/usr/bin/env python3
"""`sluice throttle resolve`: a domain's provider and limits, each with its place, without a service."""
import json

from lib.dns_server import DnsServer
from lib.scenario import run

ZONES = {
    "mail.test": "@ IN MX 10 mx1.google.com.\n",
    "tight.test": "@ IN MX 10 mx.tight.test.\nmx IN A 127.0.0.9\n",
    "google.com": "mx1 IN A 127.0.0.8\n",
}
PROVIDERS = """
[[provider]]
name = "google"
connections = 3

[[provider]]
name = "tight"
mx_suffixes = ["tight.test"]
message_rate = "7/s"
source = "https://tight.test/postmaster"
"""


def resolved(service, domain):
    return json.loads(service.run("throttle", "resolve", domain, "--json").stdout)


def limit(answer, what):
    found = [one for one in answer["limits"] if one["limit"] == what]
    assert len(found) == 1, (what, answer["limits"])
    return found[0]


def scenario(scene):
    service = scene.service()
    service._text = service._text.split("[[policy]]")[0]  # they would be taken instead of a provider's
    own = service.folder / "providers.toml"
    own.write_text(PROVIDERS)
    service.configure(f'[shaping]\nproviders_file = "{own}"')
    with DnsServer(ZONES) as server:
        service.configure(f'[dns]\nservers = ["127.0.0.1:{server.port}"]')
        service.config.write_text(service._text)
        google = resolved(service, "mail.test")
        assert google["provider"] == "google" and google["mx"][0]["name"] == "mx1.google.com", google
        assert "shipped" in google["provider_from"], google
        assert limit(google, "connections")["value"].startswith("3"), google
        assert limit(google, "connections")["from"] == f"{own}:4", google
        each = limit(google, "messages_per_connection")
        assert each["value"] == "50" and each["from"].endswith("(shipped)"), each
        tight = resolved(service, "tight.test")
        assert tight["provider"] == "tight", tight
        assert limit(tight, "message_rate")["policy"] == "provider tight", tight
        text = service.run("throttle", "resolve", "tight.test").stdout
        assert "https://tight.test/postmaster" in text, text
        assert service.run("throttle", "resolve", "missing.tight.test", check=False).returncode != 0
    own.write_text('[[provider]]\nname = "google"\nconections = 3\n')
    broken = service.run("throttle", "resolve", "mail.test", check=False)
    assert broken.returncode == 78, broken
    assert f"{own}:3" in broken.stderr and "did you mean `connections`" in broken.stderr, broken.stderr


if __name__ == "__main__":
    run(scenario)
