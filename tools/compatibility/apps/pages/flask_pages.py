"""Pages of a small site with sessions. `python flask_pages.py PORT`"""

import io
import sys

from flask import Flask, redirect, request, send_file, session, url_for

app = Flask(__name__)
app.secret_key = "a key of this test"


@app.get("/")
def home():
    if "user" not in session:
        return redirect(url_for("login"))
    style = url_for("static", filename="style.css")
    return f"""<!doctype html><link rel="stylesheet" href="{style}"><h1>Hello {session["user"]}</h1>
<a id="out" href="/logout">Log out</a> <a id="report" href="/report" download>Report</a>
<form method="post" action="/upload" enctype="multipart/form-data">
<input id="file" type="file" name="file"><button id="send">Send</button></form>"""


@app.route("/login", methods=["GET", "POST"])
def login():
    if request.method == "POST":
        session["user"] = request.form["user"]
        return redirect(url_for("home"))
    return """<!doctype html><h1>Log in</h1>
<form method="post"><input id="user" name="user"><button id="go">Go</button></form>"""


@app.get("/logout")
def logout():
    session.clear()
    return redirect("/")


@app.get("/report")
def report():
    return send_file(io.BytesIO(b"x" * 100_000), as_attachment=True, download_name="report.bin")


@app.post("/upload")
def upload():
    size = len(request.files["file"].read())
    return f'<!doctype html><h1>Got {size} bytes</h1><a id="back" href="/">Back</a>'


app.run(host="127.0.0.1", port=int(sys.argv[1]))
