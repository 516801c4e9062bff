"""The parts that the apps in Python share. The routes are those of ../contract.ts."""

import hashlib
import html
import json
import time


def seen(headers):
    """Tells the driver the headers that say who asks, and how the body came."""
    return {
        "host": headers.get("Host"),
        "origin": headers.get("Origin"),
        "referer": headers.get("Referer"),
        "length": headers.get("Content-Length") or None,
        "chunked": "Transfer-Encoding" in headers,
        "forwarded": [
            name.lower()
            for name in headers.keys()
            if name.lower().startswith(("x-forwarded", "forwarded", "x-real-ip"))
        ],
    }


def is_same_origin(headers):
    """Whether a WebSocket's handshake comes from this server's own pages."""
    return headers.get("Origin") == f"http://{headers.get('Host')}"


def described(data):
    """Describes the data of an uploaded file."""
    return {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def page(body):
    return f"<!DOCTYPE html><title>App</title>{body}"


def form(fields, token=""):
    """A page with a form that leads to its own URL. `token` is a hidden field."""
    return page(
        f'<form method="post" enctype="multipart/form-data">{token}{fields}<button>Send</button></form>'
        if "file" in fields
        else f'<form method="post">{token}{fields}<button>Send</button></form>'
    )


def got(value):
    """A page that shows the value to the driver."""
    return page(f'<pre id="got">{html.escape(json.dumps(value))}</pre>')


def events(last):
    """Three events after the client's last one, then the end: the client comes again for more."""
    first = int(last or 0) + 1
    yield "retry: 100\n\n"
    for number in range(first, first + 3):
        yield f"id: {number}\ndata: {number}\n\n"
        time.sleep(0.1)


TEXT = '<input name="text">'
FILE = '<input name="file" type="file">'
USER = '<input name="user">'
