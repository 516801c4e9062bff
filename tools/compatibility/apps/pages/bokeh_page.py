"""A Bokeh page that counts on the server, and draws what it has counted."""

from bokeh.layouts import column
from bokeh.models import Button, ColumnDataSource, Div
from bokeh.plotting import curdoc, figure

heading = Div(text="<h1>Count is 0</h1>")
button = Button(label="Add")
source = ColumnDataSource({"count": [0], "square": [0]})
plot = figure(width=600, height=360, x_axis_label="count", y_axis_label="square")
plot.line("count", "square", source=source, line_width=3)
plot.scatter("count", "square", source=source, size=9)
count = 0


def add():
    global count
    count += 1
    heading.text = f"<h1>Count is {count}</h1>"
    source.stream({"count": [count], "square": [count**2]})


button.on_click(add)
curdoc().add_root(column(heading, button, plot))
