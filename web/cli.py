"""The command of this floor."""

from typing import Annotated

import typer

from storage.command_line import run


def web(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on.", envvar="PORT", min=0, max=65535)] = 8000,
) -> None:
    """Serve the pages, Slack's requests and webhooks over HTTP, until stopped.

    /healthz and /readyz are for a load balancer.
    """
    from web.app import serve

    run(lambda settings: serve(settings, host, port), serves=True)
