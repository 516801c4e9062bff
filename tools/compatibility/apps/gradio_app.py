"""Gradio with a login, whose answers are event streams."""

import sys

import gradio

with gradio.Blocks() as app:
    text = gradio.Textbox()
    gradio.Button("Shout").click(lambda text: text.upper(), text, text, api_name="shout")

app.launch(server_name="127.0.0.1", server_port=int(sys.argv[1]), auth=("Ann", "password"))
