"""A Postfix of the test's own: its configuration, queue and mailbox lie in one folder. Needs root."""
import os
import pathlib
import pwd
import shutil
import socket
import subprocess

from lib.processes import wait_until

START_LIMIT_S = 30
MASTER = """{address}:{port} inet n - n - - smtpd
postlog unix-dgram n - n - 1 postlogd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
tlsmgr unix - - n 1000? 1 tlsmgr
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
virtual unix - n n - - virtual
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
"""


def available():
    """Why it cannot run here, or None."""
    if os.geteuid() != 0:
        return "Postfix needs root"
    if shutil.which("postfix", path=os.environ.get("PATH", "") + ":/usr/sbin") is None:
        return "postfix is not installed"
    return None


def free_port(address):
    with socket.socket() as probe:
        probe.bind((address, 0))
        return probe.getsockname()[1]


class Postfix:
    """Accepts mail for `domains` on address:port with STARTTLS and puts all of it into one Maildir."""

    def __init__(self, folder, domains, address="127.0.0.1"):
        self.folder = pathlib.Path(folder)
        self.address = address
        self.port = free_port(address)
        self.config = self.folder / "etc"
        self.mail = self.folder / "mail"
        self._write(domains)

    def _write(self, domains):
        for path in (self.config, self.folder / "queue", self.folder / "data", self.mail):
            path.mkdir(parents=True)
        os.chmod(self.folder.parent, 0o755)
        os.chmod(self.folder, 0o755)
        user = pwd.getpwnam("postfix")
        os.chown(self.folder / "data", user.pw_uid, user.pw_gid)
        nobody = pwd.getpwnam("nobody")
        os.chown(self.mail, nobody.pw_uid, nobody.pw_gid)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                        "/CN=mail.receiver.test", "-keyout", self.config / "key.pem",
                        "-out", self.config / "cert.pem"], check=True, capture_output=True)
        settings = {
            "compatibility_level": "3.6", "queue_directory": self.folder / "queue",
            "data_directory": self.folder / "data", "mail_owner": "postfix", "setgid_group": "postdrop",
            "daemon_directory": "/usr/lib/postfix/sbin", "command_directory": "/usr/sbin",
            "shlib_directory": "/usr/lib/postfix", "maillog_file": self.folder / "mail.log",
            "maillog_file_prefixes": self.folder, "inet_interfaces": self.address, "inet_protocols": "ipv4",
            "myhostname": "mail.receiver.test", "mydestination": "", "mynetworks": "127.255.0.0/16",
            "smtpd_relay_restrictions": "reject_unauth_destination", "local_recipient_maps": "",
            "virtual_mailbox_domains": ", ".join(domains), "virtual_mailbox_base": self.mail,
            "virtual_mailbox_maps": "static:all/", "virtual_uid_maps": f"static:{nobody.pw_uid}",
            "virtual_gid_maps": f"static:{nobody.pw_gid}", "virtual_minimum_uid": 1,
            "virtual_mailbox_limit": 0, "alias_maps": "", "alias_database": "",
            "smtpd_tls_security_level": "may", "smtpd_tls_cert_file": self.config / "cert.pem",
            "smtpd_tls_key_file": self.config / "key.pem", "smtpd_tls_received_header": "yes",
            "smtputf8_enable": "yes", "in_flow_delay": "0s",
        }
        text = "".join(f"{name} = {value}\n" for name, value in settings.items())
        (self.config / "main.cf").write_text(text)
        (self.config / "master.cf").write_text(MASTER.format(address=self.address, port=self.port))

    def _control(self, word, check=True):
        command = ["/usr/sbin/postfix", "-c", str(self.config), word]
        done = subprocess.run(command, capture_output=True, text=True, timeout=START_LIMIT_S, check=False)
        assert not check or done.returncode == 0, f"postfix {word}: {done.stderr}\n{self.log()}"

    def start(self):
        self._control("start")
        wait_until("Postfix answers", self._answers, START_LIMIT_S)
        return self

    def _answers(self):
        try:
            with socket.create_connection((self.address, self.port), 5) as connection:
                return connection.recv(100).startswith(b"220")
        except OSError:
            return False

    def stop(self):
        self._control("stop", check=False)

    def log(self):
        try:
            return (self.folder / "mail.log").read_text(errors="replace")[-4000:]
        except OSError:
            return ""

    def messages(self):
        """Raw messages in the mailbox, as delivered."""
        return [path.read_bytes() for path in sorted((self.mail / "all" / "new").glob("*"))]
