"""FastAPI with Starlette's sessions and check of hosts. The token of forms is the app's own."""

import secrets

from fastapi import Body, FastAPI, Form, HTTPException, Request, UploadFile, WebSocket
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, StreamingResponse
from starlette.middleware.sessions import SessionMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.websockets import WebSocketDisconnect

import common

app = FastAPI(default_response_class=HTMLResponse)
app.add_middleware(SessionMiddleware, secret_key="a key for tests, which protects nothing")
app.add_middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1"])


def form(request, fields):
    token = request.session.setdefault("token", secrets.token_hex())
    return common.form(fields, f'<input type="hidden" name="token" value="{token}">')


def check(request, token):
    if not secrets.compare_digest(token, request.session.get("token", "")):
        raise HTTPException(403)


def got(request, **values):
    return common.got({**values, "seen": common.seen(request.headers)})


@app.get("/hello", response_class=JSONResponse)
def hello(request: Request, name: str):
    return {"name": name, "seen": common.seen(request.headers)}


@app.post("/json", response_class=JSONResponse)
def take_json(request: Request, text: str = Body(embed=True)):
    return {"text": text, "seen": common.seen(request.headers)}


@app.post("/bytes", response_class=JSONResponse)
async def take_bytes(request: Request):
    return {**common.described(await request.body()), "seen": common.seen(request.headers)}


@app.get("/form")
def show_form(request: Request):
    return form(request, common.TEXT)


@app.post("/form")
def take_form(request: Request, text: str = Form(), token: str = Form()):
    check(request, token)
    return got(request, text=text)


@app.get("/upload")
def show_upload(request: Request):
    return form(request, common.FILE)


@app.post("/upload")
def upload(request: Request, file: UploadFile, token: str = Form()):
    check(request, token)
    return got(request, **common.described(file.file.read()))


@app.get("/login")
def show_login(request: Request):
    return form(request, common.USER)


@app.post("/login")
def login(request: Request, user: str = Form(), token: str = Form("")):
    check(request, token)
    request.session["user"] = user
    return RedirectResponse(request.url_for("home"), 303)


@app.get("/home")
def home(request: Request):
    if "user" not in request.session:
        raise HTTPException(401)
    return got(request, user=request.session["user"])


@app.get("/moved")
def moved(request: Request):
    return RedirectResponse(request.url_for("landed").include_query_params(**{"from": "moved"}))


@app.get("/landed")
def landed(request: Request):
    return got(request, landed=request.query_params["from"])


@app.get("/events")
def events(request: Request):
    stream = common.events(request.headers.get("Last-Event-ID"))
    return StreamingResponse(stream, media_type="text/event-stream")


@app.websocket("/socket")
async def socket(client: WebSocket):
    if not common.is_same_origin(client.headers):
        return await client.close()
    await client.accept()
    try:
        while True:
            await client.send_text(await client.receive_text())
    except WebSocketDisconnect:
        pass
