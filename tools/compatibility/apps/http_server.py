"""Python's http.server: it reads as many bytes as Content-Length says, as CGI programs do."""

import json
import secrets
import sys
from email import message_from_bytes
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import common

users = {}  # by session


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        if url.path == "/hello":
            return self.json(name=query["name"])
        if url.path in ("/form", "/upload", "/login"):
            fields = {"/form": common.TEXT, "/upload": common.FILE, "/login": common.USER}
            session = self.session() or secrets.token_hex()
            token = f'<input type="hidden" name="token" value="{session}">'
            cookie = {"Set-Cookie": f"session={session}; HttpOnly; SameSite=Strict"}
            return self.answer(common.form(fields[url.path], token), 200, cookie)
        if url.path == "/home":
            user = users.get(self.session())
            return self.got(user=user) if user else self.answer("Log in first", 401)
        if url.path == "/moved":
            return self.answer("", 302, {"Location": "landed?from=moved"})
        if url.path == "/landed":
            return self.got(landed=query["from"])
        if url.path == "/events":
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Connection", "close")
            self.end_headers()
            for part in common.events(self.headers.get("Last-Event-ID")):
                self.wfile.write(part.encode())
            return None
        return self.answer("Not found", 404)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/json":
            return self.json(text=json.loads(body)["text"])
        if self.path == "/bytes":
            return self.json(**common.described(body))
        fields = self.fields(body)
        if not self.session() or fields.get("token", b"").decode() != self.session():
            return self.answer("The token is wrong", 403)
        if self.path == "/form":
            return self.got(text=fields["text"].decode())
        if self.path == "/upload":
            return self.got(**common.described(fields["file"]))
        users[self.session()] = fields["user"].decode()
        return self.answer("", 303, {"Location": "home"})

    def fields(self, body):
        kind = self.headers["Content-Type"]
        if not kind.startswith("multipart/"):
            return {name: values[0].encode() for name, values in parse_qs(body.decode()).items()}
        parts = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + body).get_payload()
        return {
            part.get_param("name", header="Content-Disposition"): part.get_payload(decode=True)
            for part in parts
        }

    def session(self):
        cookie = SimpleCookie(self.headers.get("Cookie", "")).get("session")
        return cookie.value if cookie else None

    def got(self, **values):
        self.answer(common.got({**values, "seen": common.seen(self.headers)}))

    def json(self, **values):
        text = json.dumps({**values, "seen": common.seen(self.headers)})
        self.answer(text, 200, {"Content-Type": "application/json"})

    def answer(self, text, status=200, headers={}):
        self.send_response(status)
        self.send_header("Content-Length", str(len(text.encode())))
        for name, value in {"Content-Type": "text/html; charset=utf-8", **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
