"""The only Streamlit inside kb: what the pages share."""
