"""A NiceGUI page that counts on the server, and draws what it has counted. `python nicegui_page.py PORT`"""

import sys

from nicegui import ui


@ui.page("/")
def page():
    count = {"value": 0}
    label = ui.label("Count is 0").classes("text-2xl")

    def add():
        count["value"] += 1
        label.text = f"Count is {count['value']}"
        chart.options["series"][0]["data"].append(count["value"] ** 2)

    ui.button("Add", on_click=add)
    chart = ui.echart(
        {
            "xAxis": {"type": "category"},
            "yAxis": {"type": "value"},
            "series": [{"type": "line", "data": [0]}],
        }
    )


ui.run(host="127.0.0.1", port=int(sys.argv[1]), show=False, reload=False)
