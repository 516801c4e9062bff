"""A NiceGUI page that counts on the server. `python nicegui_page.py PORT`"""

import sys

from nicegui import ui


@ui.page("/")
def page():
    count = {"value": 0}
    label = ui.label("Count is 0")

    def add():
        count["value"] += 1
        label.text = f"Count is {count['value']}"

    ui.button("Add", on_click=add)


ui.run(host="127.0.0.1", port=int(sys.argv[1]), show=False, reload=False)
