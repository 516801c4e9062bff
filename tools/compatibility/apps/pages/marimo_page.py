"""A marimo notebook, run as an app."""

import marimo

app = marimo.App()


@app.cell
def _():
    import marimo as mo

    return (mo,)


@app.cell
def _(mo):
    factor = mo.ui.number(1, 100, value=6, label="factor")
    factor
    return (factor,)


@app.cell
def _(factor, mo):
    mo.md(f"# Seven times is {factor.value * 7}")
    return


if __name__ == "__main__":
    app.run()
