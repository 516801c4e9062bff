"""A Bokeh page that counts on the server."""

from bokeh.layouts import column
from bokeh.models import Button, Div
from bokeh.plotting import curdoc

heading = Div(text="<h1>Count is 0</h1>")
button = Button(label="Add")
count = 0


def add():
    global count
    count += 1
    heading.text = f"<h1>Count is {count}</h1>"


button.on_click(add)
curdoc().add_root(column(heading, button))
