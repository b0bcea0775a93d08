"""`countersign`: every command."""

from __future__ import annotations

import typer

from services.commands import admin, evaluate, messages, processes, read, send, serve_model, system

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__, pretty_exceptions_enable=False)


def main() -> None:
    """The entry point of the command line."""
    app()


app.command()(system.up)
app.command()(system.demo)
app.command()(admin.doctor)
app.command()(admin.migrate)
app.command()(admin.settings)
app.command()(messages.messages)
app.command()(send.send)
app.command()(read.read)
app.command()(evaluate.evaluate)
app.command()(serve_model.serve_model)
processes.mount(app)

if __name__ == "__main__":
    main()
