"""Flask with Flask-WTF's protection of forms and flask-sock's WebSockets, for its server and gunicorn."""

import os

from flask import Flask, Response, abort, jsonify, redirect, request, session, url_for
from flask_sock import Sock
from flask_wtf.csrf import CSRFProtect, generate_csrf
from werkzeug.middleware.proxy_fix import ProxyFix

import common

app = Flask(__name__)
app.secret_key = "a key for tests, which protects nothing"
if "BEHIND_PROXY" in os.environ:
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1, x_prefix=1)
protection = CSRFProtect(app)
sockets = Sock(app)


def form(fields):
    return common.form(fields, f'<input type="hidden" name="csrf_token" value="{generate_csrf()}">')


def got(**values):
    return common.got({**values, "seen": common.seen(request.headers)})


@app.get("/hello")
def hello():
    return jsonify(name=request.args["name"], seen=common.seen(request.headers))


@app.post("/json")
@protection.exempt
def take_json():
    return jsonify(text=request.json["text"], seen=common.seen(request.headers))


@app.post("/bytes")
@protection.exempt
def take_bytes():
    return jsonify(**common.described(request.get_data()), seen=common.seen(request.headers))


@app.route("/form", methods=["GET", "POST"])
def take_form():
    return form(common.TEXT) if request.method == "GET" else got(text=request.form["text"])


@app.route("/upload", methods=["GET", "POST"])
def upload():
    if request.method == "GET":
        return form(common.FILE)
    return got(**common.described(request.files["file"].read()))


@app.route("/login", methods=["GET", "POST"])
def login():
    if request.method == "GET":
        return form(common.USER)
    session["user"] = request.form["user"]
    return redirect(url_for("home"))


@app.get("/home")
def home():
    if "user" not in session:
        abort(401)
    return got(user=session["user"])


@app.get("/moved")
def moved():
    return redirect(url_for("landed", _external=True, **{"from": "moved"}))


@app.get("/landed")
def landed():
    return got(landed=request.args["from"])


@app.get("/events")
def events():
    return Response(common.events(request.headers.get("Last-Event-ID")), mimetype="text/event-stream")


@app.before_request
def check_origin():
    if request.path == "/socket" and not common.is_same_origin(request.headers):
        abort(403)


@sockets.route("/socket")
def socket(client):
    while True:
        client.send(client.receive())
