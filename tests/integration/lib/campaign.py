"""Campaign directories, made from config/examples/newsletter."""
import pathlib
import shutil

ROOT = pathlib.Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "config" / "examples" / "newsletter"
HEADER = "email,name,first_name,contact_id,store,member,points,voucher"


def row(number, address):
    member = "yes" if number % 2 else ""
    voucher = f"LEAF-{number}" if number % 5 == 0 else ""
    return f"{address},Name {number},First{number},{number},Harbour Street,{member},{number % 900},{voucher}"


def addresses(count, domains):
    return [f"r{number}@{domains[number % len(domains)]}" for number in range(count)]


class Campaign:
    """Text files in a directory of their own; write() makes it."""

    def __init__(self, folder, campaign_id, rows, settings=(), sender_domain="shop.test"):
        self.path = pathlib.Path(folder) / campaign_id
        self.id = campaign_id
        self.rows = rows
        self.settings = {"id": f'"{campaign_id}"', "from": f'"Hill & Harbour <news@{sender_domain}>"',
                         "reply_to": f'"hello@{sender_domain}"', "rate": None, **dict(settings)}

    def write(self):
        shutil.copytree(EXAMPLE, self.path)
        toml = self.path / "campaign.toml"
        toml.write_text(self._toml(toml.read_text()))
        with open(self.path / "recipients.csv", "w", encoding="utf-8") as out:
            out.write(HEADER + "\n")
            out.writelines(line + "\n" for line in self.rows)
        return self

    def _toml(self, text):
        """Replaces, removes (None) and adds keys of the table at the top."""
        left, out, top = dict(self.settings), [], True
        for line in text.splitlines():
            top = top and not line.startswith("[")
            key = line.partition("=")[0].strip()
            if top and key in left:
                value = left.pop(key)
                line = f"{key} = {value}" if value is not None else ""
            out.append(line)
        added = [f"{key} = {value}" for key, value in left.items() if value is not None]
        return "\n".join(added + out) + "\n"
