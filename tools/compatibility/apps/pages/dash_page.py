"""A Dash page that answers what one types, and counts its letters. `python dash_page.py PORT`"""

import sys

from dash import Dash, Input, Output, dcc, html

app = Dash(__name__)
app.layout = html.Div(
    [
        html.H1("Dash"),
        dcc.Input(id="said", value="a"),
        html.P(id="answer"),
        dcc.Graph(id="letters", style={"height": "22rem"}),
    ],
    style={"fontFamily": "sans-serif"},
)


@app.callback(
    Output("answer", "children"), Output("letters", "figure"), Input("said", "value")
)
def answer(said):
    letters = sorted(set(said))
    bars = {"type": "bar", "x": letters, "y": [said.count(letter) for letter in letters]}
    return f"You said {said}", {"data": [bars], "layout": {"margin": {"t": 10}}}


app.run(host="127.0.0.1", port=int(sys.argv[1]))
