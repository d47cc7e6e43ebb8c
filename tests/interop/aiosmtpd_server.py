"""An aiosmtpd server that keeps what it gets: N.eml has the content, N.json the envelope.

    aiosmtpd_server.py DIR [--tls=CERTIFICATE,KEY,USER,PASSWORD] [ADDRESS=REPLY ...]

A recipient with that address gets that reply. With --tls it takes mail after STARTTLS only, and knows that user. Prints its port
when it is ready.
"""

import asyncio
import json
import pathlib
import ssl
import sys

import aiosmtpd.smtp


class Keeper:
    def __init__(self, directory, answers):
        self.directory = pathlib.Path(directory)
        self.answers = answers
        self.count = 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server, session, envelope):
        name = self.directory / f"{self.count:06}"
        self.count += 1
        facts = {"from": envelope.mail_from, "to": envelope.rcpt_tos, "options": envelope.mail_options,
                 "tls": session.ssl is not None, "login": session.auth_data and session.auth_data.login.decode()}
        name.with_suffix(".json").write_text(json.dumps(facts))
        name.with_suffix(".eml").write_bytes(envelope.original_content)
        return "250 2.0.0 kept"


def secured(certificate, key, user, password):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)

    def known(server, session, envelope, mechanism, login):
        right = (login.login.decode(), login.password.decode()) == (user, password)
        return aiosmtpd.smtp.AuthResult(success=right, handled=False, auth_data=login)
    return {"tls_context": context, "require_starttls": True, "authenticator": known}


async def main(directory, *answers):
    options = {}
    if answers and answers[0].startswith("--tls="):
        options = secured(*answers[0].removeprefix("--tls=").split(","))
        answers = answers[1:]
    keeper = Keeper(directory, dict(answer.split("=", 1) for answer in answers))
    server = await asyncio.get_running_loop().create_server(
        lambda: aiosmtpd.smtp.SMTP(keeper, hostname="aiosmtpd.example", ident="aiosmtpd", **options), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.sleep(100)  # longer than any test, and not for ever


asyncio.run(main(*sys.argv[1:]))
