"""A Dash page that answers what one types. `python dash_page.py PORT`"""

import sys

from dash import Dash, Input, Output, dcc, html

app = Dash(__name__)
app.layout = html.Div([html.H1("Dash"), dcc.Input(id="said", value="a"), html.P(id="answer")])


@app.callback(Output("answer", "children"), Input("said", "value"))
def answer(said):
    return f"You said {said}"


app.run(host="127.0.0.1", port=int(sys.argv[1]))
