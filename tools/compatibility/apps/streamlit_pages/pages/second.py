import streamlit as st

st.title("The second page")
st.write(f"It is asked for {st.query_params.get('note', 'nothing')}")
