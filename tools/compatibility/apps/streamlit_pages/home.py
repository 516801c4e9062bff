"""Streamlit with a button, a file and a second page."""

import streamlit as st

st.title("Notes by Streamlit")
if "count" not in st.session_state:
    st.session_state.count = 0
if st.button("Add"):
    st.session_state.count += 1
st.write(f"Count is {st.session_state.count}")
file = st.file_uploader("File")
if file is not None:
    st.write(f"Sent {len(file.getvalue())} bytes")
    st.download_button("Save", file.getvalue(), "saved.bin")
st.bar_chart({"notes": [3, 1, 4, 1, 5, 9, 2, 6]})
