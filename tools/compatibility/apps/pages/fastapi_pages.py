"""Pages by FastAPI with URLs that the framework makes. `python fastapi_pages.py PORT`"""

import sys

import uvicorn
from fastapi import FastAPI, Request, WebSocket
from fastapi.responses import HTMLResponse

app = FastAPI()
STYLE = """<style>
body { font: 1.2rem/1.6 sans-serif; max-width: 40rem; margin: 2rem auto }
td, th { text-align: left; padding: .3rem 2rem .3rem 0; border-bottom: 1px solid silver }
</style>"""


@app.get("/", response_class=HTMLResponse)
def home():
    return f"""<!doctype html>{STYLE}<h1>Shop</h1><a id="items" href="/items">Items</a>
<p id="said"></p>
<script>
const socket = new WebSocket(location.origin.replace("http", "ws") + "/socket");
socket.onmessage = ({{ data }}) => said.textContent = data;
</script>"""


@app.get("/items/", response_class=HTMLResponse)
def items(request: Request):
    url = request.url_for("item", id=7)
    return f"""<!doctype html>{STYLE}<h1>All items</h1>
<table><tr><th>Item<th>Price<tr><td><a id="own" href="{url}">7</a><td>4.20 €<tr><td>8<td>1.10 €</table>"""


@app.get("/items/{id}", response_class=HTMLResponse)
def item(id: int):
    return f"<!doctype html>{STYLE}<h1>Item {id}</h1>"


@app.websocket("/socket")
async def socket(socket: WebSocket):
    await socket.accept()
    await socket.send_text("The socket works")
    await socket.receive_text()


uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
