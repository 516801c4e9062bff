"""A Gradio page with one button. `python gradio_page.py PORT`"""

import sys

import gradio as gr

with gr.Blocks() as demo:
    name = gr.Textbox(label="Name", elem_id="name")
    greeting = gr.Textbox(label="Greeting", elem_id="greeting")
    gr.Button("Greet", elem_id="greet").click(lambda name: f"Hello {name}!", name, greeting)
    file = gr.File(label="File", elem_id="file")
    size = gr.Textbox(label="Size", elem_id="size")
    file.upload(lambda path: f"{len(open(path, 'rb').read())} bytes", file, size)

demo.launch(server_name="127.0.0.1", server_port=int(sys.argv[1]))
