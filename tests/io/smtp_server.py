"""An SMTP server for the mail tests, on aiosmtpd: prints its port, then each mail it takes as one JSON line.

Recipients decide: refused@… gets 550, later@… gets 451. --script: greet_421, greet_554, data_451, data_554,
hang_data, hang_quit, drop_rcpt, drop_data; none = take everything.
"""
import argparse
import asyncio
import email
import email.policy
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult


def described(session, envelope):
    raw = envelope.original_content
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    parts = [{"type": p.get_content_type(), "text": p.get_content().replace("\r\n", "\n"), "encoding": p["Content-Transfer-Encoding"]}
             for p in mail.walk() if not p.is_multipart()]
    defects = [repr(d) for p in mail.walk() for d in p.defects]
    defects += [repr(d) for header in mail.values() for d in getattr(header, "defects", ())]
    return {
        "from": envelope.mail_from,
        "to": envelope.rcpt_tos,
        "user": session.auth_data,
        "tls": session.ssl is not None,
        "headers": {name: str(value) for name, value in mail.items()},
        "header_names": mail.keys(),
        "type": mail.get_content_type(),
        "parts": parts,
        "defects": defects,
        "longest_line": max(len(line) for line in raw.split(b"\r\n")),
        "bare_line_ends": raw.replace(b"\r\n", b"").count(b"\n") + raw.replace(b"\r\n", b"").count(b"\r"),
        "ascii": all(byte < 128 for byte in raw),
    }


class Handler:
    def __init__(self, script):
        self.script = script

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.script == "drop_rcpt":
            server.transport.abort()
        if address.startswith("refused@"):
            return "550 5.1.1 no such mailbox"
        if address.startswith("later@"):
            return "451 4.2.1 mailbox busy"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server, session, envelope):
        if self.script == "hang_data":
            await asyncio.Event().wait()
        if self.script == "drop_data":
            server.transport.abort()
        if self.script == "data_451":
            return "451 4.3.0 try later"
        if self.script == "data_554":
            return "554 5.7.1 looks like spam"
        print(json.dumps(described(session, envelope)), flush=True)
        return "250 2.0.0 taken"

    async def handle_QUIT(self, server, session, envelope):
        if self.script == "hang_quit":
            await asyncio.Event().wait()
        return "221 bye"


async def refuse(reader, writer, line):
    writer.write(line + b"\r\n")
    await writer.drain()
    await reader.read()
    writer.close()


async def main(options):
    context = None
    if options.security != "none":
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(options.certificate, options.key)

    def authenticate(server, session, envelope, mechanism, data):
        good = (data.login.decode(), data.password.decode()) == (options.user, options.password)
        session.auth_data = options.user if good else None
        # The answer to a wrong password is aiosmtpd's own: 535.
        return AuthResult(success=good, handled=False, auth_data=options.user if good else None)

    def protocol():
        return SMTP(Handler(options.script), hostname="test", enable_SMTPUTF8=False,
                    tls_context=context if options.security == "starttls" else None,
                    require_starttls=options.security == "starttls",
                    authenticator=authenticate if options.user else None,
                    auth_required=bool(options.user),
                    auth_require_tls=options.security == "starttls")

    loop = asyncio.get_running_loop()
    if options.script in ("greet_421", "greet_554"):
        line = {"greet_421": b"421 4.3.2 shutting down", "greet_554": b"554 5.3.2 no service here"}[options.script]
        server = await asyncio.start_server(lambda r, w: refuse(r, w, line), "127.0.0.1", 0)
    else:
        server = await loop.create_server(protocol, "127.0.0.1", 0,
                                          ssl=context if options.security == "tls" else None)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


parser = argparse.ArgumentParser()
parser.add_argument("--security", default="none")
parser.add_argument("--certificate")
parser.add_argument("--key")
parser.add_argument("--user")
parser.add_argument("--password")
parser.add_argument("--script", default="")
try:
    asyncio.run(main(parser.parse_args()))
except KeyboardInterrupt:
    sys.exit(0)
