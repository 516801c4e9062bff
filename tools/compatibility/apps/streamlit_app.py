"""Streamlit: all that it shows goes over its WebSocket."""

import streamlit

streamlit.write(f"Six times seven is {6 * 7}")
